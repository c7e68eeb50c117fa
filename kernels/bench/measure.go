package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

// A slot names a series of the measurement: what ran, with which instruction set,
// on how many threads.
type slot struct {
	name    string
	level   isa.Level
	threads int
}

// A contender is one of the things that are measured in turn.
type contender struct {
	slot
	run func()
}

// A method says how to measure.
type method struct {
	rounds int
	sample time.Duration // the least that one sample takes, unless one call takes longer
}

// measure lets all contenders run once in every round, so that whatever else the
// machine does meets them all alike, and returns the seconds that a call took: one
// value a round for each contender. There is no garbage collection meanwhile.
func (m method) measure(cs []contender) map[slot]series {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	calls := make([]int, len(cs))
	for i, c := range cs {
		calls[i] = c.calls(m.sample)
	}
	times := make(map[slot]series)
	for range m.rounds {
		for i, c := range cs {
			times[c.slot] = append(times[c.slot], c.time(calls[i])/float64(calls[i]))
		}
	}
	return times
}

// calls returns how many calls take as long as a sample. The first call finds the
// cache cold, and says enough only if it takes much longer.
func (c contender) calls(sample time.Duration) int {
	if c.time(1) > 10*sample.Seconds() {
		return 1
	}
	for n := 1; ; n *= 2 {
		if s := c.time(n); s >= sample.Seconds()/2 {
			return max(1, int(math.Ceil(float64(n)*sample.Seconds()/s)))
		}
	}
}

// time returns the seconds that n calls take.
func (c contender) time(n int) float64 {
	defer use(c.level, c.threads)()
	start := time.Now()
	for range n {
		c.run()
	}
	return time.Since(start).Seconds()
}

// use makes the kernels run with one instruction set on so many threads, until
// undo is called.
func use(l isa.Level, threads int) (undo func()) {
	level, limit := isa.Now, kernels.Limit(threads)
	isa.Now = l
	return func() {
		isa.Now = level
		kernels.Limit(limit)
	}
}

// best is the best instruction set that this machine has.
func best() isa.Level { return slices.Max(isa.All()) }

// A series has one value for each round.
type series []float64

// each returns f of every value.
func (s series) each(f func(float64) float64) series {
	t := make(series, len(s))
	for i, x := range s {
		t[i] = f(x)
	}
	return t
}

// over returns the ratio of each value to that of the same round in t.
func (s series) over(t series) series {
	r := make(series, len(s))
	for i, x := range s {
		r[i] = x / t[i]
	}
	return r
}

// quantile is the value below which a part q of the values lies, between two of
// them in proportion.
func (s series) quantile(q float64) float64 {
	if len(s) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 == len(s) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

func (s series) median() float64 { return s.quantile(0.5) }

// A stat is what is reported of a series: the median, and the quartiles as its spread.
type stat struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
}

func (s series) stat() stat {
	return stat{Median: s.median(), Q1: s.quantile(0.25), Q3: s.quantile(0.75)}
}
