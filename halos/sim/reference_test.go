package sim

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/optim"
)

// idle is a problem that takes no time: one parameter, no gradient, no loss.
// What is left of a run is its timeline.
type idle struct{}

func (idle) Layout() optim.Layout {
	return optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{1}}}}
}
func (idle) Init([]float32)                                   {}
func (idle) Objective(runfile.Place) halos.Objective          { return idle{} }
func (idle) Loss(context.Context, []float32) (float64, error) { return 0, nil }
func (idle) Gradient(_ context.Context, grad, _ []float32, _, _ uint64) (float64, error) {
	clear(grad)
	return 0, nil
}

// reference returns the run of an algorithm in the environment of the HALoS
// paper at the paper's full length: Pythia-70M, 98,304 local steps.
func reference(algorithm string, localSteps uint64, dynamic bool) runfile.Config {
	outer := runfile.Server{Optimizer: runfile.Plug{Name: "sgd", Params: runfile.Params{"lr": 1}}}
	cfg := runfile.Config{
		Algorithm: algorithm,
		Topology: runfile.Topology{
			Bandwidths: [][]float64{
				{100.0, 0.537, 0.935, 0.202},
				{0.537, 100.0, 0.386, 0.117},
				{0.935, 0.386, 100.0, 0.127},
				{0.202, 0.117, 0.127, 100.0},
			},
			Speeds: [][]float64{
				{0.232, 0.907, 0.828, 0.347},
				{0.574, 0.531, 0.722, 0.194},
				{0.852, 0.132, 0.896, 0.107},
				{0.827, 0.515, 0.527, 0.788},
			},
		},
		Workload: runfile.Workload{
			Problem: runfile.Plug{Name: "idle"}, ModelBytes: 281706496, LocalStepTime: 238.391,
			LocalBatchSize: 64, GlobalBatchSize: 1024, TotalLocalSteps: 98304,
		},
		Worker: runfile.Worker{
			LocalSteps: localSteps, DynamicLocalUpdates: dynamic,
			Optimizer: runfile.Plug{Name: "sgd"}, LRSchedule: runfile.Plug{Name: "constant", Params: runfile.Params{"lr": 1}},
		},
	}
	switch algorithm {
	case runfile.HALoS:
		cfg.LPS = &runfile.LPS{
			Optimizer:   outer.Optimizer,
			Accumulator: runfile.Plug{Params: runfile.Params{"accumulate": 32}},
			Merger:      runfile.Plug{Params: runfile.Params{"merge_weight": 0.25}},
		}
		cfg.GPS = &outer
	case runfile.AsyncLocalSGD, runfile.DiLoCo:
		cfg.Server = &outer
	}
	return cfg
}

// finish runs cfg to its end with training stubbed, and returns the run, its
// result, and how often each kind of event is in its trace.
func finish(t testing.TB, cfg runfile.Config) (*Run, Result, map[TraceKind]int) {
	t.Helper()
	var out bytes.Buffer
	run, err := New(cfg, idle{}, Options{Workers: 1, Trace: &out})
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[TraceKind]int)
	for _, k := range []TraceKind{WorkerUpdate, LPSSend, GPSUpdate, LPSMerge, OuterUpdate} {
		kinds[k] = strings.Count(out.String(), `"`+string(k)+`"`)
	}
	return run, result, kinds
}

// TestReferenceHALoS wants the published simulator's numbers for the full run.
func TestReferenceHALoS(t *testing.T) {
	run, result, kinds := finish(t, reference(runfile.HALoS, 8, true))
	if math.Abs(result.TimeMS-2434417.233849) > 1e-6 || result.Steps != 98407 {
		t.Errorf("ends at %.6f ms with %d steps", result.TimeMS, result.Steps)
	}
	var versions []uint64
	for _, l := range run.lps {
		versions = append(versions, l.Version())
	}
	if got := fmt.Sprint(versions, run.point.Version); got != "[4202 4431 4316 4673] 396" {
		t.Errorf("versions are %s", got)
	}
	// The published simulator has no event for a send.
	if n := kinds[WorkerUpdate] + kinds[GPSUpdate] + kinds[LPSMerge]; n != 18413 {
		t.Errorf("%d events: %v", n, kinds)
	}
}

// TestReferenceShares wants the share of updates that reaches the GPS as
// published, 72 % of all and 43 % in the slowest region, and all but those on
// the way at the end if they are carried.
func TestReferenceShares(t *testing.T) {
	cfg := reference(runfile.HALoS, 8, true)
	run, result, _ := finish(t, cfg)
	share := func(reached, updates uint64) float64 { return float64(reached) / float64(updates) }
	if got := share(result.Reached, result.Updates); got < 0.715 || got > 0.725 {
		t.Errorf("%.3f of all updates reach the GPS", got)
	}
	least := 1.0
	for r, n := range run.Stats().Updates {
		least = min(least, share(run.Stats().Reached[r], n))
	}
	if least < 0.425 || least > 0.435 {
		t.Errorf("%.3f of the updates of the slowest region reach the GPS", least)
	}
	cfg.LPS.Accumulator.Params["carry_in_flight"] = true
	if _, carried, _ := finish(t, cfg); share(carried.Reached, carried.Updates) < 0.98 {
		t.Errorf("%d of %d updates reach the GPS with carry", carried.Reached, carried.Updates)
	}
}

// TestReferenceOthers wants the published simulator's times of the other methods.
func TestReferenceOthers(t *testing.T) {
	_, result, kinds := finish(t, reference(runfile.AsyncLocalSGD, 32, true))
	if got := fmt.Sprintf("%.3f s, %d updates", result.TimeMS/1e3, kinds[WorkerUpdate]); got != "4098.169 s, 4875 updates" {
		t.Errorf("Async-Local-SGD: %s", got)
	}
	for dynamic, want := range map[bool]string{false: "97936.537", true: "41660.290"} {
		_, result, kinds := finish(t, reference(runfile.DiLoCo, 32, dynamic))
		if got := fmt.Sprintf("%.3f", result.TimeMS/float64(kinds[OuterUpdate])); got != want {
			t.Errorf("a round of DiLoCo takes %s ms, want %s", got, want)
		}
	}
}
