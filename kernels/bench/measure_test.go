package main

import (
	"math"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

func TestStat(t *testing.T) {
	for _, c := range []struct {
		in   series
		want stat
	}{
		{series{5}, stat{5, 5, 5}},
		{series{4, 2}, stat{3, 2.5, 3.5}},
		{series{9, 1, 5}, stat{5, 3, 7}},
		{series{40, 10, 30, 20}, stat{25, 17.5, 32.5}},
		{series{7, 1, 2, 6, 3, 5, 1000}, stat{5, 2.5, 6.5}}, // one sample gone wrong is not seen
	} {
		before := append(series(nil), c.in...)
		if got := c.in.stat(); got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
		for i := range before {
			if c.in[i] != before[i] {
				t.Errorf("%v has become %v: rounds must stay in order", before, c.in)
			}
		}
	}
	if got := series(nil).median(); !math.IsNaN(got) {
		t.Errorf("median of nothing is %v, want NaN", got)
	}
}

// The machine is half as fast in the second round and a quarter as fast in the
// third; the ratio of what ran side by side does not show it.
func TestRatioIsByRound(t *testing.T) {
	ours, theirs := series{1, 2, 4}, series{3, 6, 12}
	if got := theirs.over(ours).stat(); got != (stat{3, 3, 3}) {
		t.Errorf("ratio is %v, want 3 without spread", got)
	}
}

// Every contender runs in every round, with its own settings, and these are gone
// afterwards.
func TestMeasure(t *testing.T) {
	defer kernels.Limit(kernels.Limit(7))
	now := isa.Now
	var seen []isa.Level
	var rounds []string
	contend := func(s slot) contender {
		return contender{s, func() {
			seen = append(seen, isa.Now)
			limit := kernels.Limit(s.threads)
			if limit != s.threads {
				t.Errorf("%s may use %d threads, want %d", s.name, limit, s.threads)
			}
			rounds = append(rounds, s.name)
		}}
	}
	a, b := slot{"a", isa.Generic, 1}, slot{"b", best(), 3}
	times := method{rounds: 4, sample: time.Nanosecond}.measure([]contender{contend(a), contend(b)})
	if len(times[a]) != 4 || len(times[b]) != 4 {
		t.Errorf("%d and %d rounds, want 4", len(times[a]), len(times[b]))
	}
	if last := rounds[len(rounds)-1]; last != "b" {
		t.Errorf("%s was the last to run, want b: they take turns", last)
	}
	if seen[0] != isa.Generic || seen[len(seen)-1] != best() {
		t.Errorf("levels %v, want %s first and %s last", seen, isa.Generic, best())
	}
	if limit := kernels.Limit(7); limit != 7 || isa.Now != now {
		t.Errorf("afterwards %d threads and %s, want 7 and %s", limit, isa.Now, now)
	}
}

func TestRoof(t *testing.T) {
	times := make(map[slot]series)
	for k, name := range moverNames {
		times[slot{name, best(), 2}] = series{float64(3 - k), float64(3 - k)}
	}
	r := roofAt(times, 1e9, 2)
	if want := (roof{{8. / 3, 8. / 3}, {4, 4}, {12, 12}}); r[0][0] != want[0][0] || r[1][0] != want[1][0] || r[2][0] != want[2][0] {
		t.Errorf("GB/s are %v, want %v", r, want)
	}
	if r.best() != triad {
		t.Errorf("best is %s, want the triad", moverNames[r.best()])
	}
}

func TestCopyOver(t *testing.T) {
	for _, n := range []int{0, 1, 5, copyPiece - 1, 2*copyPiece + 3} {
		for threads := 1; threads <= 4; threads++ {
			dst, src := make([]float32, n), make([]float32, n)
			fill(src, 1)
			copyOver(dst, src, threads)
			equal(t, "copy", dst, src)
		}
	}
}

// equal compares bits.
func equal(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}
