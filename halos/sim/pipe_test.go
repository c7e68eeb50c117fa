package sim

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

// A load is a message for a pipe: when it comes, and its work.
type load struct{ at, work float64 }

// sent puts loads, in order of time, on a pipe, and returns when each is through, and in which order.
func sent(loads []load) (through []float64, order []int) {
	var p pipe
	through = make([]float64, len(loads))
	for next := 0; next < len(loads) || len(p.flows) > 0; {
		if len(p.flows) == 0 || next < len(loads) && loads[next].at < p.next() {
			p.enter(loads[next].at, loads[next].work, event{to: int32(next), at: loads[next].at + loads[next].work})
			next++
			continue
		}
		at := p.next()
		f, _ := p.leave(at)
		through[f.e.to] = at
		order = append(order, int(f.e.to))
	}
	return through, order
}

// fluid is the same by brute force and without rounding: as long as the same messages are there, each
// loses the same part of the time that passes from what is left of it.
func fluid(loads []load) []float64 {
	rat := func(x float64) *big.Rat { return new(big.Rat).SetFloat64(x) }
	through, left, now := make([]float64, len(loads)), make(map[int]*big.Rat), new(big.Rat)
	for next := 0; next < len(loads) || len(left) > 0; {
		var step *big.Rat // to the next end, or the next message
		n := rat(float64(len(left)))
		for _, rest := range left {
			if t := new(big.Rat).Mul(rest, n); step == nil || t.Cmp(step) < 0 {
				step = t
			}
		}
		comes := false
		if next < len(loads) {
			if t := new(big.Rat).Sub(rat(loads[next].at), now); step == nil || t.Cmp(step) < 0 {
				step, comes = t, true
			}
		}
		now.Add(now, step)
		for i, rest := range left {
			if rest.Sub(rest, new(big.Rat).Quo(step, n)); rest.Sign() == 0 {
				through[i], _ = now.Float64()
				delete(left, i)
			}
		}
		if comes {
			left[next] = rat(loads[next].work)
			next++
		}
	}
	return through
}

// FuzzPipe compares a pipe with the fluid: two bytes are a message, the time since the one
// before and its work.
func FuzzPipe(f *testing.F) {
	f.Add([]byte{0, 10, 0, 10, 0, 10})
	f.Add([]byte{0, 30, 1, 7, 0, 7, 200, 1, 3, 90, 5, 5, 5, 5, 0, 80})
	long := make([]byte, 80)
	for i := range long {
		long[i] = byte(uint64(i) * 0x9E3779B97F4A7C15 >> 56)
	}
	f.Add(long)
	f.Fuzz(func(t *testing.T, b []byte) {
		var loads []load
		at := 0.0
		for i := 0; i+1 < len(b) && len(loads) < 50; i += 2 {
			at += float64(b[i]) / 8
			loads = append(loads, load{at, (1 + float64(b[i+1])) / 4})
		}
		through, order := sent(loads)
		want, bytes := fluid(loads), 0.0
		last := math.Inf(-1)
		for _, i := range order {
			if !near(through[i], want[i], 1e-9*(1+want[i])) {
				t.Fatalf("%v: message %d is through at %v, want %v", loads, i, through[i], want[i])
			}
			if want[i] < last-1e-9*(1+last) {
				t.Fatalf("%v: through in the order %v, at %v", loads, order, want)
			}
			last = max(last, want[i])
		}
		busy, end := 0.0, 0.0 // as long as anything is there
		for i, l := range loads {
			bytes += l.work
			if l.at >= end {
				end = l.at
			}
			until := end
			for j := range loads {
				if loads[j].at <= until && j <= i {
					until = max(until, want[j])
				}
			}
			busy, end = busy+until-end, until
		}
		if len(order) != len(loads) || !near(busy, bytes, 1e-9*(1+bytes)) {
			t.Fatalf("%v: %d through, busy for %v, want %v", loads, len(order), busy, bytes)
		}
	})
}

// TestPipe: one message takes its time, n equal ones n times that, each in its turn.
func TestPipe(t *testing.T) {
	if through, _ := sent([]load{{5, 3}}); through[0] != 8 {
		t.Errorf("alone through at %v", through)
	}
	through, order := sent([]load{{5, 3}, {5, 3}, {5, 3}, {5, 3}, {5, 3}})
	if !slices.Equal(through, []float64{20, 20, 20, 20, 20}) || !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
		t.Errorf("five together are through at %v, in the order %v", through, order)
	}
	through, order = sent([]load{{0, 10}, {2, 1}}) // two of ten are done; one and one take two
	if !slices.Equal(through, []float64{11, 4}) || !slices.Equal(order, []int{1, 0}) {
		t.Errorf("a short one overtakes: through at %v, in the order %v", through, order)
	}
}

// TestPipeDrop: what is dropped leaves its share to the others.
func TestPipeDrop(t *testing.T) {
	var p pipe
	p.enter(0, 10, event{at: 10, from: 1, to: 2})
	p.enter(0, 10, event{at: 10, from: 3, to: 4, msg: &halos.Push{}})
	p.drop(6, 3, 4, new(pool))
	if len(p.flows) != 1 || p.next() != 13 {
		t.Errorf("%d messages, the next through at %v ms, want one at 13", len(p.flows), p.next())
	}
}

// shared returns cfg with messages that share bandwidth.
func shared(cfg runfile.Config) runfile.Config {
	cfg.Topology.Contention = runfile.Shared
	return cfg
}

// TestContentionOfNobody: where no two messages meet, nothing changes, to the last bit.
func TestContentionOfNobody(t *testing.T) {
	cfg := reference(runfile.AsyncLocalSGD, 8, true)
	cfg.Topology.Speeds = [][]float64{{0.232}, {0.907}, {0.574}, {0.7}}
	cfg.Workload.TotalLocalSteps = 3000
	ring := edited(t, diloco()...)
	for _, cfg := range []runfile.Config{cfg, ring} {
		var traces [2]bytes.Buffer
		for i, cfg := range []runfile.Config{cfg, shared(cfg)} {
			run, err := New(cfg, idle{}, Options{Trace: &traces[i]})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := run.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s := run.Stats(); cfg.Algorithm == runfile.AsyncLocalSGD && s.Wait > 1e-9 {
				t.Errorf("stats are %+v", s)
			}
		}
		if a, b := traces[0].String(), traces[1].String(); a != b || a == "" {
			t.Errorf("%s: another timeline", cfg.Algorithm)
		}
	}
}

// TestContention: equal workers of one region get their models together, over a link that all of
// them share, and their updates meet on it again.
func TestContention(t *testing.T) {
	cfg := edited(t, "[[1, 0.5, 0.8, 0.9, 0.3], [0.7], [0.6, 0.4]]", "[[1, 1, 1, 1, 1], [0.7], [0.6, 0.4]]", "[[10, 0.01", "[[0.008, 0.01", "latency_ms: 30", "latency_ms: [[7, 30, 30], [30, 0, 30], [30, 30, 0]]")
	run, _, events := traced(t, shared(cfg), Options{})
	first := times(events, WorkerUpdate, 0, 1e9, func(e TraceEvent) bool { return e.LPS == 0 })
	// Models take 5 s and the latency; four steps 400 ms; updates, each a nanosecond later, 5 s.
	for _, ms := range first[:5] {
		if !near(ms, 5007+400+5007, 1e-3) {
			t.Errorf("first updates at %v ms, want five at 10414", first[:5])
		}
	}
	if s := run.Stats(); s.Wait > 1e-6 {
		t.Errorf("stats are %+v", s)
	}
	if n := len(times(events, GPSUpdate, 0, 1e9, func(e TraceEvent) bool { return e.LPS == 0 })); n < 3 {
		t.Errorf("%d deltas of the region, whose link to the GPS is the same", n)
	}
}

// TestContentionAndEvents: who leaves with an update on a pipe does not overtake it, and what is
// on a pipe when its link breaks is lost.
func TestContentionAndEvents(t *testing.T) {
	slow := []string{"[[10, 0.01", "[[0.08, 0.01"} // a model takes 100 ms in region 0, alone
	plan := func(events string) []TraceEvent {
		_, _, trace := traced(t, shared(eventful(t, events, slow...)), Options{})
		return trace
	}
	of := func(e TraceEvent) bool { return e.Worker == 0 }
	due := times(plan("  - {at_ms: 500000, quit: 0}"), WorkerUpdate, 0, 50_000, of)[3]
	if got := times(plan(fmt.Sprintf("  - {at_ms: %v, quit: 0}", due-50)), WorkerUpdate, due-50, 1e9, of); len(got) != 1 || got[0] != due {
		t.Errorf("updates of worker 0 after it has left: at %v ms, want one at %v", got, due)
	}
	cut := fmt.Sprintf("  - {at_ms: %v, cut: [worker0, lps0]}\n  - {at_ms: %v, heal: [worker0, lps0]}", due-50, due+10_000)
	if got := times(plan(cut), WorkerUpdate, due-50, 1e9, of); got[0] < due+10_100-1e-6 || got[0] > due+10_500 {
		t.Errorf("the first update after the link has healed, at %v ms, is at %v", due+10_000, got[0])
	}
}

// TestContentionRepeats: the same run on any number of goroutines, with events too.
func TestContentionRepeats(t *testing.T) {
	cfg := shared(eventful(t, `
  - {at_ms: 5000, quit: 3}
  - {at_ms: 7000, join: 3}
  - {at_ms: 7000, cut: [lps0, gps]}
  - {at_ms: 9000, restart: lps0}
  - {at_ms: 15000, heal: [gps, lps0]}
  - {at_ms: 15000, restart: gps}
`, "[[10, 0.01", "[[0.8, 0.01", "workload:", twoLPSs))
	do := func(workers int) string {
		var out bytes.Buffer
		result, err := start(t, cfg, Options{Workers: workers, Trace: &out}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(result) + out.String()
	}
	if want := do(1); do(3) != want || do(8) != want {
		t.Error("another number of goroutines, another run")
	}
}
