package sim

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

const oneLPSEach = `algorithm: halos
seed: 5
topology:
  network_bandwidths: [[10, 0.01, 0.02], [0.015, 10, 0.01], [0.03, 0.01, 10]]
  latency_ms: 30
  worker_speeds: [[1, 0.5, 0.8, 0.9, 0.3], [0.7], [0.6, 0.4]]
workload:
  problem: {name: quadratic, dim: 8, noise: 0.5}
  model_bytes: 1000000
  local_step_time_ms: 100
  local_batch_size: 4
  global_batch_size: 32
  total_local_steps: 3000
worker:
  local_steps: 4
  dynamic_local_updates: true
  optimizer: {name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1}
  lr_schedule: {name: constant, lr: 0.01}
lps:
  optimizer: {name: delayed_nesterov, lr: 0.8, beta: 0.5, delay: 4}
  accumulate: 6
  merge_weight: 0.25
gps:
  optimizer: {name: delayed_nesterov, lr: 0.3, beta: 0.5, delay: 2}
`

const twoLPSs = "  lps: [[0, 3], [1, 2, 4], [5], [6, 7]]\nworkload:"

// edited returns oneLPSEach as a Config, with each first text of a pair
// replaced by the second.
func edited(t *testing.T, pairs ...string) runfile.Config {
	t.Helper()
	text := oneLPSEach
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("no %q in\n%s", pairs[i], text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	cfg, err := runfile.Parse([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start returns a Run of the quadratic problem.
func start(t *testing.T, cfg runfile.Config, opts Options) *Run {
	t.Helper()
	problem := quadratic(t, cfg)
	run, err := New(cfg, problem, opts)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestRunIsReproducible wants the same trace and the same bits from any number
// of goroutines, and others from another seed.
func TestRunIsReproducible(t *testing.T) {
	do := func(cfg runfile.Config, workers int) (string, Result) {
		var out bytes.Buffer
		result, err := start(t, cfg, Options{Workers: workers, Trace: &out}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), result
	}
	for _, pairs := range [][]string{{}, {"workload:", twoLPSs}} {
		cfg := edited(t, pairs...)
		trace, result := do(cfg, 1)
		for _, workers := range []int{0, 1, 2, 8} {
			if again, r := do(cfg, workers); again != trace || !slices.Equal(r.Theta, result.Theta) || !slices.EqualFunc(r.LPSTheta, result.LPSTheta, slices.Equal) {
				t.Errorf("%d goroutines: another run", workers)
			}
		}
		cfg.Seed++
		if other, r := do(cfg, 2); other == trace || slices.Equal(r.Theta, result.Theta) {
			t.Error("another seed gives the same run")
		}
	}
}

// TestUnevenRegions wants every worker to take part, through its own LPS.
func TestUnevenRegions(t *testing.T) {
	for _, pairs := range [][]string{{}, {"workload:", twoLPSs}} {
		cfg := edited(t, pairs...)
		var out bytes.Buffer
		run := start(t, cfg, Options{Workers: 1, Trace: &out})
		result, err := run.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events, err := ReadTrace(&out)
		if err != nil {
			t.Fatal(err)
		}
		updates := make([]int, 8)
		for _, e := range events {
			if e.Kind == WorkerUpdate {
				updates[e.Worker]++
				if !slices.Contains(cfg.Topology.Groups()[e.LPS], e.Worker) {
					t.Fatalf("worker %d at LPS %d", e.Worker, e.LPS)
				}
			}
		}
		if slices.Min(updates) < 20 || len(result.LPSTheta) != len(cfg.Topology.Groups()) {
			t.Errorf("updates by worker %v, %d LPSs", updates, len(result.LPSTheta))
		}
		if s := run.Stats(); s.Compute+s.Wait+s.Communicate < 1-1e-9 || s.Wait > 1e-9 || s.InterRegionBytes == 0 {
			t.Errorf("stats are %+v", s)
		}
	}
}

// TestEvalEvery: the loss is evaluated after the first global update, then
// after the first one at each further multiple, and at the end.
func TestEvalEvery(t *testing.T) {
	var out bytes.Buffer
	var seen []float64
	cfg := edited(t, "total_local_steps: 3000", "total_local_steps: 3250\n  eval_every: 500")
	result, err := start(t, cfg, Options{Trace: &out, Observe: func(p Point) bool {
		seen = append(seen, p.Loss)
		return false
	}}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := ReadTrace(&out)
	if err != nil {
		t.Fatal(err)
	}
	var evaluated []uint64
	updates := 0
	for _, e := range events {
		if e.Kind != GPSUpdate {
			continue
		}
		if math.IsNaN(seen[updates]) == e.Evaluated || e.Evaluated && seen[updates] != e.Loss {
			t.Errorf("observed loss %v of %+v", seen[updates], e)
		}
		if updates++; e.Evaluated {
			evaluated = append(evaluated, e.Steps)
		}
	}
	if updates != len(seen) || len(evaluated) != 8 || evaluated[7] != result.Steps || seen[updates-1] != result.Loss {
		t.Fatalf("%d updates, %d points, evaluated at %v of %d", updates, len(seen), evaluated, result.Steps)
	}
	for i, steps := range evaluated[1:7] {
		if low := uint64(500 * (i + 1)); steps < low || steps >= low+100 {
			t.Errorf("evaluated at %v", evaluated)
		}
	}
}

// TestObserveEnds: the run ends after the update at which Observe says so.
func TestObserveEnds(t *testing.T) {
	for _, every := range []string{"1", "100000"} {
		calls := 0
		cfg := edited(t, "total_local_steps: 3000", "total_local_steps: 3000\n  eval_every: "+every)
		run := start(t, cfg, Options{Observe: func(p Point) bool {
			calls++
			return p.Version == 5
		}})
		result, err := run.Run(t.Context())
		if err != nil || calls != 5 || run.Stats().Steps != result.Steps || result.Steps >= 3000 {
			t.Errorf("%v: %d calls, %+v", err, calls, result)
		}
		if want, _ := run.problem.Loss(t.Context(), run.Params()); result.Loss != want {
			t.Errorf("loss %v, want %v", result.Loss, want)
		}
	}
}

// TestCancel: the end of the context ends the run at once, with its cause and
// with what there is by then, and leaves a whole trace.
func TestCancel(t *testing.T) {
	enough := errors.New("enough")
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cfg := edited(t, "total_local_steps: 3000", "total_local_steps: 300000000000")
		var out bytes.Buffer
		began := time.Now()
		result, err := start(t, cfg, Options{Workers: workers, Trace: &out, Observe: func(p Point) bool {
			if p.Version == 7 {
				cancel(enough)
			}
			return false
		}}).Run(ctx)
		if !errors.Is(err, enough) || err.Error() != "enough" || result.Steps == 0 || result.TimeMS == 0 || len(result.Theta) != 8 {
			t.Errorf("%v: %+v", err, result)
		}
		if events, err := ReadTrace(&out); err != nil || len(events) < 50 {
			t.Errorf("trace: %v, %d events", err, len(events))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	}
}

// TestDiverged: a run whose model goes to infinity ends and says so, whichever
// learning rate it was.
func TestDiverged(t *testing.T) {
	const server = "server:\n  optimizer: {name: nesterov, lr: 0.7, momentum: 0.9}\n"
	lps := oneLPSEach[strings.Index(oneLPSEach, "lps:\n  opt"):]
	other := func(name string) []string { return []string{"algorithm: halos", "algorithm: " + name, lps, server} }
	sync := []string{"algorithm: halos", "algorithm: sync_sgd", lps, "", "  local_steps: 4\n  dynamic_local_updates: true\n", "",
		"{name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1}", "{name: sgd}"}
	sgd := []string{"{name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1}", "{name: sgd}", "lr: 0.01", "lr: 1.0e+9"}
	tests := map[string][]string{
		"halos, gps":    {"lr: 0.3,", "lr: 1.0e+9,"},
		"halos, lps":    {"lr: 0.8,", "lr: 1.0e+9,"},
		"halos, worker": sgd,
		"async, server": append(other(runfile.AsyncLocalSGD), "lr: 0.7", "lr: 1.0e+9"),
		"async, worker": append(other(runfile.AsyncLocalSGD), sgd...),
		"diloco":        append(other(runfile.DiLoCo), "lr: 0.7", "lr: 1.0e+9"),
		"diloco, inner": append(other(runfile.DiLoCo), sgd...),
		"sync":          append(sync, "lr: 0.01", "lr: 1.0e+9"),
	}
	for name, pairs := range tests {
		cfg := edited(t, append(pairs, "total_local_steps: 3000", "total_local_steps: 300000000")...)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		result, err := start(t, cfg, Options{Workers: 1}).Run(ctx)
		cancel()
		if !errors.Is(err, halos.ErrDiverged) || len(result.Theta) != 8 {
			t.Errorf("%s: %v: %+v", name, err, result)
		}
	}
}

// TestLossFails: an evaluation that fails ends the run.
func TestLossFails(t *testing.T) {
	oops := errors.New("no data")
	cfg := reference(runfile.HALoS, 8, true)
	run, err := New(cfg, blind{idle{}, oops}, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if result, err := run.Run(t.Context()); !errors.Is(err, oops) || !math.IsNaN(result.Loss) || run.point.Version != 1 {
		t.Errorf("%v: %+v", err, result)
	}
}

type blind struct {
	idle
	err error
}

func (b blind) Loss(context.Context, []float32) (float64, error) { return 0, b.err }

// TestStatsChangeNothing: a run that is asked for its cost at every update costs
// what one costs that is asked once, at its end.
func TestStatsChangeNothing(t *testing.T) {
	for _, asked := range []bool{false, true} {
		var run *Run
		run = start(t, edited(t), Options{Observe: func(Point) bool {
			if asked {
				run.Stats()
			}
			return false
		}})
		if _, err := run.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := run.Stats()
		if sum := s.Compute + s.Wait + s.Communicate; math.Abs(sum-1) > 1e-9 || s.Wait > 0.001 {
			t.Errorf("asked on the way: %t: computing %v, waiting %v, communicating %v of the time", asked, s.Compute, s.Wait, s.Communicate)
		}
	}
}

// Whenever the Backend is lost, also when the result is read, the run ends with that and
// not with a number.
func TestLostBackend(t *testing.T) {
	want, err := start(t, edited(t), Options{}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost, whole := errors.New("lost"), false
	for after := 1; !whole; after += after/5 + 1 {
		b := new(kerneltest.Untouchable)
		r := start(t, edited(t), Options{Backend: b})
		b.Fail(after, lost)
		res, err := r.Run(t.Context())
		whole = b.Err() == nil
		if whole && (err != nil || !slices.Equal(res.Theta, want.Theta)) || !whole && !errors.Is(err, lost) {
			t.Errorf("lost after %d calls: error %v, loss %v", after, err, res.Loss)
		}
		_ = b.Close()
	}
}

// The last calls of a run read its result.
func TestLostAtTheEnd(t *testing.T) {
	lost := errors.New("lost")
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	r := start(t, edited(t), Options{Backend: b})
	r.opts.Observe = func(p Point) bool {
		if p.Steps < r.cfg.Workload.TotalLocalSteps {
			return false
		}
		b.Fail(0, lost)
		return true
	}
	if res, err := r.Run(t.Context()); !errors.Is(err, lost) {
		t.Errorf("lost at the end: error %v, loss %v", err, res.Loss)
	}
}

// TestFirstRoundsInOrder: workers begin, and claim their first samples, in the order of
// topology.lps.
func TestFirstRoundsInOrder(t *testing.T) {
	cfg := edited(t, "workload:", "  lps: [[6, 7], [3, 0, 4, 2, 1], [5]]\nworkload:\n  shared_samples: true")
	run := start(t, cfg, Options{Workers: 1})
	first := make(map[string]uint64)
	for i := range run.sim.nodes {
		n := &run.sim.nodes[i]
		if n.job == nil {
			continue
		}
		trainer := n.job.trainer
		n.job.trainer = halos.TrainerFunc(func(ctx context.Context, params []float32, task halos.Task) error {
			if task.Round == 1 {
				first[n.id] = task.Claim.First
			}
			return trainer.Train(ctx, params, task)
		})
	}
	if _, err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := uint64(0)
	for _, w := range []int{6, 7, 3, 0, 4, 2, 1, 5} {
		n := workers(t, cfg)[w]
		if first[n.ID] != want {
			t.Errorf("%s begins with sample %d, want %d", n.ID, first[n.ID], want)
		}
		want += n.Samples
	}
}

// TestRoundCountsWhatItTook: an update that is not in a round's mean is counted neither as
// applied nor as in the global model.
func TestRoundCountsWhatItTook(t *testing.T) {
	lps := oneLPSEach[strings.Index(oneLPSEach, "lps:\n  opt"):]
	cfg := edited(t, "algorithm: halos", "algorithm: diloco", lps, "server:\n  optimizer: {name: nesterov, lr: 0.7, momentum: 0.9}\n")
	run := start(t, cfg, Options{Workers: 1})
	rounds, taken := uint64(0), uint64(0)
	run.sim.Observer = observed(func(ms float64, node int, e halos.Event) {
		if node == 0 && e.Kind == halos.Updated {
			rounds, taken = rounds+1, taken+e.Updates
		}
		run.Observe(ms, node, e)
	})
	bad := &run.sim.nodes[run.sim.byName["worker5"]] // the one of region 1
	trainer := bad.job.trainer
	bad.job.trainer = halos.TrainerFunc(func(ctx context.Context, params []float32, task halos.Task) error {
		err := trainer.Train(ctx, params, task)
		if task.Round%3 == 0 {
			params[0] = float32(math.NaN())
		}
		return err
	})
	result, err := run.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, lost := run.Stats(), rounds*8-taken
	want := []uint64{5 * rounds, rounds - lost, 2 * rounds}
	if lost < rounds/4 || result.Updates != taken || result.Reached != taken || !slices.Equal(s.Updates, want) || !slices.Equal(s.Reached, want) {
		t.Errorf("%d rounds took %d updates; counted are %d, %d in the global model, by region %v and %v", rounds, taken, result.Updates, result.Reached, s.Updates, s.Reached)
	}
}
