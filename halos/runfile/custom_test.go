package runfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// An adagrad is an optimizer that this module does not have.
type adagrad struct {
	eps float64
	sum []float32
}

func (a *adagrad) Name() string { return fmt.Sprintf("adagrad(eps=%g)", a.eps) }

func (a *adagrad) Init(b kernels.Backend, n int) error { return state.Make(b, n, &a.sum) }

func (a *adagrad) Reset() { state.Zero(a.sum) }

func (a *adagrad) Step(params []float32, grads ...optim.Gradient) {
	for _, g := range grads {
		for i, x := range g.Values {
			a.sum[i] += float32(x * x)
			params[i] -= float32(g.LR * float64(x) / (math.Sqrt(float64(a.sum[i])) + a.eps))
		}
	}
}

func (a *adagrad) WriteTo(w io.Writer) (int64, error) { return state.Write(w, a.Name(), nil, a.sum) }

func (a *adagrad) ReadFrom(r io.Reader) (int64, error) { return state.Read(r, a.Name(), nil, a.sum) }

// A halving is a schedule that halves its rate again and again.
type halving struct {
	rate float64
	each uint64
}

func (h halving) At(step uint64) float64 { return h.rate * math.Exp2(-float64(step/h.each)) }
func (h halving) Validate() error        { return nil }
func (h halving) String() string         { return fmt.Sprintf("halving(%g,%d)", h.rate, h.each) }

// A bowl is a problem: the square of the distance to a point.
type bowl struct {
	at   float32
	seed uint64
}

func (b bowl) Layout() optim.Layout {
	return optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{2}}}}
}
func (b bowl) Init(params []float32)                   { clear(params) }
func (b bowl) Objective(runfile.Place) halos.Objective { return b }

func (b bowl) Gradient(_ context.Context, grad, params []float32, _, _ uint64) (float64, error) {
	for i, x := range params {
		grad[i] = 2 * (x - b.at)
	}
	return b.Loss(context.Background(), params)
}

func (b bowl) Loss(_ context.Context, params []float32) (loss float64, err error) {
	for _, x := range params {
		loss += float64((x - b.at) * (x - b.at))
	}
	return loss, nil
}

// plugs are those of this module and the test's.
func plugs() *runfile.Plugs {
	p := runfile.Builtin()
	p.Optimizer(runfile.OptimizerRow{
		Name:  "adagrad",
		Keys:  []runfile.Key{runfile.Number("eps", 1e-30, 1).Or(1e-8)},
		Build: func(v runfile.Values, _ optim.Layout) optim.Optimizer { return &adagrad{eps: v.Float("eps")} },
	})
	p.Schedule(runfile.ScheduleRow{
		Name:  "halving",
		Keys:  []runfile.Key{runfile.Above("lr", 1), runfile.Whole("each", 1, 1<<40)},
		Build: func(v runfile.Values) optim.Schedule { return halving{v.Float("lr"), v.Count("each")} },
	})
	p.Accumulator(runfile.AccumulatorRow{
		Name: "pairs",
		Keys: []runfile.Key{runfile.Whole("pairs", 1, 100), runfile.Flag("keep")},
		Build: func(v runfile.Values) merge.Accumulator {
			return &merge.Every{K: 2 * v.Int("pairs"), KeepInFlight: v.Flag("keep")}
		},
		Updates: func(v runfile.Values) uint64 { return 2 * v.Count("pairs") },
	})
	p.Merger(runfile.MergerRow{
		Name:  "halfway",
		Build: func(runfile.Values) merge.Merger { return merge.Mix{Alpha: 0.5} },
	})
	p.Problem(runfile.ProblemRow{
		Name: "bowl",
		Keys: []runfile.Key{runfile.Number("at", -9, 9), runfile.Word("side", "left", "right").Or("left")},
		Build: func(v runfile.Values, seed uint64) (runfile.Problem, error) {
			return bowl{float32(v.Float("at")), seed}, nil
		},
	})
	return p
}

// custom is small with nothing but plugs of the test's own.
func custom(t *testing.T) string {
	text := replace(t, small, "{name: quadratic, dim: 8}", "{name: bowl, at: 3}")
	text = replace(t, text, "{name: sgd}", "{name: adagrad}")
	text = replace(t, text, "{name: constant, lr: 0.05}", "{name: halving, lr: 0.1, each: 100000}")
	text = replace(t, text, "{name: nesterov, lr: 0.5, momentum: 0.5}", "{name: adagrad, lr: 0.5, eps: 0.001}")
	return replace(t, text, "  accumulate: 4\n  merge_weight: 0.25\n", "  accumulator: pairs\n  pairs: 2\n  keep: true\n  merger: halfway\n")
}

// TestCustomPlugs names plugs of the test's own in a run file and simulates it, with
// trace, stats and result.
func TestCustomPlugs(t *testing.T) {
	cfg, err := plugs().Parse([]byte(custom(t)), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Seed = 5
	problem, err := cfg.NewProblem()
	if err != nil || problem != (bowl{3, 5}) {
		t.Fatalf("%v: problem is %v", err, problem)
	}
	var out bytes.Buffer
	run, err := sim.New(cfg, problem, sim.Options{Trace: &out})
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := sim.ReadTrace(&out)
	if err != nil || len(events) < 1000 {
		t.Errorf("trace: %v, %d events", err, len(events))
	}
	if stats := run.Stats(); result.Loss > 0.01 || result.Steps < 4000 || stats.Steps != result.Steps || result.Reached < result.Updates*9/10 {
		t.Errorf("result %+v, stats %+v", result, stats)
	}
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again := runfile.Config{}.With(plugs())
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if text2, err := json.Marshal(again); err != nil || !bytes.Equal(text, text2) {
		t.Errorf("%v: wrote\n%s\nthen\n%s", err, text, text2)
	}
}

// TestCustomPlugsAreChecked: what does not fit a row is named as it is for a plug of
// this module.
func TestCustomPlugsAreChecked(t *testing.T) {
	tests := []struct{ old, new, want string }{
		{"eps: 0.001", "eps: 2", "runfile: line 18: lps.optimizer.eps is 2: want 1e-30 to 1"},
		{"eps: 0.001", "beta: 2", "runfile: line 18: lps.optimizer.beta is no key of adagrad: want one of name, lr, eps"},
		{"name: bowl, at: 3", "name: bowl", "runfile: line 7: workload.problem.at is missing: want -9 to 9"},
		{"at: 3", "at: 3, side: top", `runfile: line 7: workload.problem.side is "top": want one of left, right`},
		{"{name: adagrad}", "{name: adagrid}", `runfile: line 15: worker.optimizer.name is "adagrid": want one of sgd, heavy_ball, nesterov, delayed_nesterov, adamw, adagrad`},
		{"keep: true", "keep: 1", "runfile: line 21: lps.keep is 1: want true or false"},
		{"  pairs: 2\n", "  accumulate: 2\n", "runfile: line 20: lps.accumulate is no key of accumulator pairs and merger halfway: want one of optimizer, accumulator, merger, pairs, keep"},
		{"merger: halfway", "merger: mixed", `runfile: line 22: lps.merger is "mixed": want one of mix, replay, halfway`},
	}
	for _, tt := range tests {
		if _, err := plugs().Parse([]byte(replace(t, custom(t), tt.old, tt.new)), ""); err == nil || err.Error() != tt.want {
			t.Errorf("%q:\ngot  %v\nwant %s", tt.new, err, tt.want)
		}
	}
	const want = `runfile: line 15: worker.optimizer.name is "adagrad": want one of sgd, heavy_ball, nesterov, delayed_nesterov, adamw`
	if _, err := runfile.Parse([]byte(replace(t, small, "{name: sgd}\n  lr_s", "{name: adagrad}\n  lr_s")), ""); err == nil || err.Error() != want {
		t.Errorf("without the row:\ngot  %v\nwant %s", err, want)
	}
}

// TestBadRows: a mistake in a row is an error of Parse and of Validate.
func TestBadRows(t *testing.T) {
	sgd := func(runfile.Values, optim.Layout) optim.Optimizer { return new(optim.SGD) }
	mix := func(runfile.Values) merge.Merger { return merge.Mix{} }
	key := func(names ...string) (keys []runfile.Key) {
		for _, n := range names {
			keys = append(keys, runfile.Flag(n))
		}
		return keys
	}
	tests := []struct {
		add  func(p *runfile.Plugs)
		want string
	}{
		{func(p *runfile.Plugs) { p.Optimizer(runfile.OptimizerRow{Build: sgd}) }, "a row of the optimizers has no Name: want the word that stands in run files"},
		{func(p *runfile.Plugs) { p.Optimizer(runfile.OptimizerRow{Name: "lion"}) }, "optimizer lion has no Build: want a function that makes it"},
		{func(p *runfile.Plugs) { p.Optimizer(runfile.OptimizerRow{Name: "sgd", Build: sgd}) }, "optimizer sgd is here twice: want one row"},
		{func(p *runfile.Plugs) { p.Optimizer(runfile.OptimizerRow{Name: "lion", Build: sgd, Keys: key("lr")}) }, `optimizer lion has the key "lr", which every optimizer has: want another name`},
		{func(p *runfile.Plugs) { p.Optimizer(runfile.OptimizerRow{Name: "lion", Build: sgd, Keys: key("mass")}) }, `optimizer lion has the key "mass", which an optimizer of a server has: want another name`},
		{func(p *runfile.Plugs) { p.Optimizer(runfile.OptimizerRow{Name: "lion", Build: sgd, Keys: key("")}) }, `optimizer lion has a key without a name: want the word that stands in run files`},
		{func(p *runfile.Plugs) { p.Merger(runfile.MergerRow{Name: "m", Build: mix, Keys: key("a", "a")}) }, `merger m has the key "a", which it has already: want another name`},
		{func(p *runfile.Plugs) { p.Merger(runfile.MergerRow{Name: "m", Build: mix, Keys: key("accumulate")}) }, `merger m has the key "accumulate", which accumulator every has: want another name`},
		{func(p *runfile.Plugs) { p.Merger(runfile.MergerRow{Name: "m", Build: mix, Keys: key("optimizer")}) }, `merger m has the key "optimizer", which the section lps has: want another name`},
	}
	for _, tt := range tests {
		p := runfile.Builtin()
		tt.add(p)
		_, err := p.Parse([]byte(small), "")
		if err == nil || err.Error() != "runfile: "+tt.want {
			t.Errorf("got  %v\nwant runfile: %s", err, tt.want)
		}
		if again := (runfile.Config{}).With(p).Validate(); again == nil || again.Error() != err.Error() {
			t.Errorf("Validate: %v", again)
		}
	}
}

// TestBudgetOfAnAccumulator: the budget is compared with what the accumulator says of
// its deltas, through all levels, and with nothing where it does not say.
func TestBudgetOfAnAccumulator(t *testing.T) {
	text := replace(t, custom(t), "total_local_steps: 4000", "total_local_steps: 31") // rounds of 2 to 4 steps
	check := func(p *runfile.Plugs, text, want string) {
		t.Helper()
		_, err := p.Parse([]byte(text), "")
		if got := fmt.Sprint(err); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	check(plugs(), text, "<nil>")
	check(plugs(), replace(t, text, "  pairs: 2\n", "  pairs: 8\n"), "runfile: line 19: lps.accumulator is pairs, with 16 updates in a delta: "+
		"want at most 15: with worker.local_steps 4 more updates are not reached within workload.total_local_steps, 31")
	check(plugs(), replace(t, text, "workload:", "  levels: [[[0, 1]]]\nworkload:"), "runfile: line 20: lps.accumulator is pairs, with 4 updates in a delta: "+
		"want at most 3 at each of 2 levels: with worker.local_steps 4 more updates are not reached within workload.total_local_steps, 31")
	silent := runfile.Builtin()
	silent.Optimizer(runfile.OptimizerRow{Name: "adagrad", Keys: []runfile.Key{runfile.Number("eps", 0, 1).Or(1)}, Build: func(runfile.Values, optim.Layout) optim.Optimizer { return new(adagrad) }})
	silent.Accumulator(runfile.AccumulatorRow{Name: "silent", Build: func(runfile.Values) merge.Accumulator { return &merge.Every{K: 1} }})
	check(silent, replace(t, replace(t, small, "total_local_steps: 4000", "total_local_steps: 31"), "accumulate: 4", "accumulator: silent"), "<nil>")
}

// TestBadBuilds: a row that builds nothing, or asks for what it does not have, is found
// out where it builds.
func TestBadBuilds(t *testing.T) {
	p := runfile.Builtin()
	p.Optimizer(runfile.OptimizerRow{Name: "none", Build: func(runfile.Values, optim.Layout) optim.Optimizer { return nil }})
	p.Optimizer(runfile.OptimizerRow{Name: "asks", Build: func(v runfile.Values, _ optim.Layout) optim.Optimizer { return &adagrad{eps: v.Float("eps")} }})
	build := func(name, id string) error {
		cfg, err := p.Parse([]byte(replace(t, small, "{name: sgd}\n", "{name: "+name+"}\n")), "")
		if err != nil {
			t.Fatal(err)
		}
		plan, err := cfg.Plan(problemOf(t, cfg))
		if err != nil {
			t.Fatal(err)
		}
		_, err = plan.Build(id, runfile.Options{})
		return err
	}
	if err := build("none", "worker0"); err == nil || !strings.Contains(err.Error(), "worker0: halos: LocalConfig.Optimizer is nil") {
		t.Errorf("got %v", err)
	}
	defer func() {
		if r := recover(); r != "runfile: Values is asked for a key that the row does not have, or that has another type" {
			t.Errorf("panic is %v", r)
		}
	}()
	_ = build("asks", "worker0")
}
