package sim

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

// leveled are the lines that give the four LPSs of twoLPSs servers above them.
var leveled = map[string]string{
	"two levels":   "\n",
	"three levels": "  levels: [[[0, 1], [2, 3]]]\n",
	"four levels":  "  levels: [[[0], [1, 2], [3]], [[0, 1], [2]]]\n",
}

func withLevels(t *testing.T, lines string, pairs ...string) runfile.Config {
	return edited(t, append([]string{"workload:", strings.Replace(twoLPSs, "workload:", lines+"workload:", 1)}, pairs...)...)
}

// TestLevels wants every level to take part in a run that ends with a trained model,
// and servers to be where their first child is.
func TestLevels(t *testing.T) {
	for name, lines := range leveled {
		t.Run(name, func(t *testing.T) {
			cfg := withLevels(t, lines, "total_local_steps: 3000", "total_local_steps: 12000", "accumulate: 6", "accumulate: 3", "merge_weight: 0.25", "merge_weight: 0.25\n  carry_in_flight: true")
			cfg.Workload.SharedSamples = name == "three levels"
			var out bytes.Buffer
			run := start(t, cfg, Options{Trace: &out})
			result, err := run.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			trace := out.String()
			events, err := ReadTrace(&out)
			if err != nil {
				t.Fatal(err)
			}
			servers := len(result.LPSTheta)
			sent, arrived := make([]int, servers), make([]int, servers)
			for _, e := range events {
				switch e.Kind {
				case LPSSend:
					sent[e.LPS]++
				case LPSUpdate, GPSUpdate:
					arrived[e.LPS]++
				}
			}
			for i := range sent {
				if sent[i] < 5 || arrived[i] != sent[i] && arrived[i] != sent[i]-1 {
					t.Errorf("LPS %d has sent %d deltas, and %d have arrived", i, sent[i], arrived[i])
				}
			}
			if between := strings.Count(trace, string(LPSUpdate)) > 0; between != (cfg.Topology.Levels != nil) {
				t.Errorf("deltas between LPSs: %t", between)
			}
			stats := run.Stats()
			workers := strings.Count(trace, string(WorkerUpdate))
			if result.Loss > 0.5 || result.Updates != uint64(workers) || result.Reached > result.Updates || result.Reached < result.Updates*7/10 {
				t.Errorf("loss %v, %d updates in the trace, %+v", result.Loss, workers, stats)
			}
		})
	}
}

// TestLevelsCrossRegions wants a delta between two LPSs to take the time of the link.
func TestLevelsCrossRegions(t *testing.T) {
	cfg := withLevels(t, "  levels: [[[0, 1, 2], [3]]]\n")
	var out bytes.Buffer
	if _, err := start(t, cfg, Options{Trace: &out}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := ReadTrace(&out)
	if err != nil {
		t.Fatal(err)
	}
	first := func(kind TraceKind) float64 {
		i := slices.IndexFunc(events, func(e TraceEvent) bool { return e.Kind == kind && e.LPS == 2 })
		return events[i].T
	}
	// LPS 2 is in region 1 and its parent in region 0: 30 ms and a megabyte at 0.015 Gbit/s.
	if got, want := first(LPSUpdate)-first(LPSSend), 30+1e6*8/0.015e9*1e3; !near(got, want, 1e-6) {
		t.Errorf("the delta took %v ms, want %v", got, want)
	}
}

// A ledger is a problem that notes which samples are used.
type ledger struct {
	runfile.Problem
	seen map[uint64]int
}

type noted struct {
	halos.Objective
	seen map[uint64]int
}

func (l ledger) Objective(of runfile.Place) halos.Objective {
	return noted{l.Problem.Objective(of), l.seen}
}

func (n noted) Gradient(ctx context.Context, grad, params []float32, first, count uint64) (float64, error) {
	for s := range count {
		n.seen[first+s]++
	}
	return n.Objective.Gradient(ctx, grad, params, first, count)
}

// TestLeasesSuffice: no sample is used twice, because the next lease is there before
// the last one has been used up.
func TestLeasesSuffice(t *testing.T) {
	slow := []string{"model_bytes: 1000000", "model_bytes: 20000000"}
	rare := []string{"accumulate: 6", "accumulate: 12"}
	often := []string{"accumulate: 6", "accumulate: 1"}
	for name, lines := range leveled {
		for i, pairs := range [][]string{{}, slow, rare, often, append(slow, often...), append(slow, rare...)} {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				cfg := withLevels(t, lines, append(pairs, "total_local_steps: 3000", "total_local_steps: 12000", "dim: 8", "dim: 1")...)
				l := ledger{quadratic(t, cfg), make(map[uint64]int)}
				run, err := New(cfg, l, Options{Workers: 1})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := run.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				again := 0
				for _, n := range l.seen {
					if n > 1 {
						again++
					}
				}
				if again > 0 {
					t.Errorf("%d of %d samples are used again", again, len(l.seen))
				}
			})
		}
	}
}
