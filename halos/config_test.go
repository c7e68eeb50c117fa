package halos

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

var twoByThree = optim.Layout{Segments: []optim.Segment{{Name: "w", Shape: []int{2, 3}}}}

// TestBadConfigs: one clear error each, with the field and its value.
func TestBadConfigs(t *testing.T) {
	server := func(change func(*ServerConfig)) ServerConfig {
		c := ServerConfig{ID: "s", Params: make([]float32, 6), Layout: twoByThree, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
		change(&c)
		return c
	}
	gps := func(change func(*ServerConfig)) error {
		_, err := NewGPS(GPSConfig{ServerConfig: server(change)})
		return err
	}
	root := func(change func(*GPSConfig)) error {
		c := GPSConfig{ServerConfig: server(func(*ServerConfig) {})}
		change(&c)
		_, err := NewGPS(c)
		return err
	}
	lps := func(change func(*LPSConfig)) error {
		c := LPSConfig{ServerConfig: server(func(*ServerConfig) {}), Parent: "gps", Lease: 1, Accumulator: &merge.Every{K: 1}, Merger: &merge.Mix{}}
		change(&c)
		_, err := NewLPS(c)
		return err
	}
	sync := func(workers int, clip float64) error {
		_, err := NewSync(SyncConfig{ServerConfig: server(func(*ServerConfig) {}), Workers: workers, ClipNorm: clip})
		return err
	}
	worker := func(change func(*WorkerConfig)) error {
		c := WorkerConfig{ID: "w", Parent: "s", Layout: twoByThree, Steps: 1, Samples: 1}
		change(&c)
		_, err := NewWorker(c)
		return err
	}
	local := func(change func(*LocalConfig)) error {
		c := LocalConfig{Objective: slope{}, Params: 6, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
		change(&c)
		_, err := NewLocal(c)
		return err
	}
	run := func(m Machine, c RunConfig) error { return Run(context.Background(), m, c) }
	top, err := NewGPS(GPSConfig{ServerConfig: server(func(*ServerConfig) {})})
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		"GPSConfig.ID is 0 bytes long: want 1 to 255":                   gps(func(c *ServerConfig) { c.ID = "" }),
		"GPSConfig.ID is 256 bytes long: want 1 to 255":                 gps(func(c *ServerConfig) { c.ID = strings.Repeat("x", 256) }),
		"GPSConfig.Params is empty":                                     gps(func(c *ServerConfig) { c.Params = nil }),
		"GPSConfig.Params[4] is NaN: want finite":                       gps(func(c *ServerConfig) { c.Params[4] = float32(math.NaN()) }),
		"GPSConfig.Layout describes 6 parameters: want the 5 of Params": gps(func(c *ServerConfig) { c.Params = c.Params[:5] }),
		"GPSConfig.Layout: optim: ":                                     gps(func(c *ServerConfig) { c.Layout.Segments = []optim.Segment{{Name: "w", Shape: []int{-1}}} }),
		"GPSConfig.Optimizer is nil":                                    gps(func(c *ServerConfig) { c.Optimizer = nil }),
		"GPSConfig.Optimizer: momentum: Delayed.Beta is 1.5":            gps(func(c *ServerConfig) { c.Optimizer = &optim.SGD{Momentum: &momentum.Delayed{Beta: 1.5, Every: 1}} }),
		"GPSConfig.LR is nil":                                           gps(func(c *ServerConfig) { c.LR = nil }),
		"GPSConfig.LR: optim: ":                                         gps(func(c *ServerConfig) { c.LR = optim.Constant(-1) }),
		"LPSConfig.ID ":                                                 lps(func(c *LPSConfig) { c.ID = "" }),
		`LPSConfig.Parent is "s": want the name of another node`:        lps(func(c *LPSConfig) { c.Parent = "s" }),
		"LPSConfig.Accumulator is nil":                                  lps(func(c *LPSConfig) { c.Accumulator = nil }),
		"LPSConfig.Accumulator: merge: Every.K is 0":                    lps(func(c *LPSConfig) { c.Accumulator = &merge.Every{} }),
		"LPSConfig.Merger is nil":                                       lps(func(c *LPSConfig) { c.Merger = nil }),
		"LPSConfig.Merger: merge: Mix.Alpha is 2":                       lps(func(c *LPSConfig) { c.Merger = &merge.Mix{Alpha: 2} }),
		"LPSConfig.Lease is 0":                                          lps(func(c *LPSConfig) { c.Lease = 0 }),
		"SyncConfig.Workers is 0: want at least 1":                      sync(0, 0),
		"SyncConfig.ClipNorm is -1: want at least 0":                    sync(1, -1),
		"SyncConfig.ClipNorm is NaN: want at least 0":                   sync(1, math.NaN()),
		"WorkerConfig.ID is 0 bytes":                                    worker(func(c *WorkerConfig) { c.ID = "" }),
		`WorkerConfig.Parent is "": want the name of another node`:      worker(func(c *WorkerConfig) { c.Parent = "" }),
		"WorkerConfig.Layout is empty":                                  worker(func(c *WorkerConfig) { c.Layout = optim.Layout{} }),
		"WorkerConfig.Steps is 0: want 1 to 2^40":                       worker(func(c *WorkerConfig) { c.Steps = 0 }),
		"WorkerConfig.Samples is 0: want a multiple of the 1 of Steps":  worker(func(c *WorkerConfig) { c.Samples = 0 }),
		"WorkerConfig.Samples is 6: want a multiple of the 4 of Steps":  worker(func(c *WorkerConfig) { c.Steps, c.Samples = 4, 6 }),
		"WorkerConfig.Tokens is 1099511627777: want at most 2^40":       worker(func(c *WorkerConfig) { c.Tokens = 1<<40 + 1 }),
		"GPSConfig.Resume.Point.Lineage is 0":                           root(func(c *GPSConfig) { c.Resume = &Resume{} }),
		"GPSConfig.Lineage is 7: want 0, or 8 as in Resume":             root(func(c *GPSConfig) { c.Lineage, c.Resume = 7, &Resume{Point: Point{Lineage: 8}} }),
		"GPSConfig.Resume is {":                                         root(func(c *GPSConfig) { c.Resume = &Resume{Point: Point{Lineage: 8}, Sample: 1 << 63} }),
		"Machine is nil":                                                run(nil, RunConfig{}),
		"Machine is nil: want one, as NewWorker returns":                run((*Worker)(nil), RunConfig{}),
		"Machine is a zero *halos.GPS: want one of its constructor":     run(&GPS{}, RunConfig{Transport: new(tape)}),
		"RunConfig.Grace is -1ns: want more than 0, or Forever":         run(top, RunConfig{Transport: new(tape), Grace: -1}),
		"RunConfig.Patience is -1ns: want more than 0, or Forever":      run(top, RunConfig{Transport: new(tape), Patience: -1}),
		"RunConfig.Bodies is -1: want at least 1":                       run(top, RunConfig{Transport: new(tape), Bodies: -1}),
		"WorkerConfig.Steps is 2: want 1 with Gradient":                 worker(func(c *WorkerConfig) { c.Steps, c.Gradient = 2, true }),
		"LocalConfig.Objective is nil":                                  local(func(c *LocalConfig) { c.Objective = nil }),
		"LocalConfig.Params is 0: want at least 1":                      local(func(c *LocalConfig) { c.Params = 0 }),
		"LocalConfig.Optimizer is nil":                                  local(func(c *LocalConfig) { c.Optimizer = nil }),
		"LocalConfig.LR is nil":                                         local(func(c *LocalConfig) { c.LR = nil }),
		"LocalConfig.ClipNorm is -1":                                    local(func(c *LocalConfig) { c.ClipNorm = -1 }),
		"RunConfig.Transport is nil: want the node's end of a network":  run(top, RunConfig{}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "halos: "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v\nwant halos: %s", err, want)
		}
	}
}

// TestConfigIsCopied: what the caller does with his slice afterwards is his business.
func TestConfigIsCopied(t *testing.T) {
	params := []float32{1, 2}
	g, err := NewGPS(GPSConfig{ServerConfig: ServerConfig{ID: "g", Params: params, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}})
	if err != nil {
		t.Fatal(err)
	}
	params[0] = 9
	if g.Params()[0] != 1 {
		t.Error("the GPS shares the caller's slice")
	}
}

// slope is an objective whose gradient is the number of the first sample,
// and counts how many samples it was given.
type slope struct{ asked *[][2]uint64 }

func (s slope) Gradient(_ context.Context, grad, _ []float32, first, count uint64) (float64, error) {
	if s.asked != nil {
		*s.asked = append(*s.asked, [2]uint64{first, count})
	}
	for i := range grad {
		grad[i] = float32(first)
	}
	return 0, nil
}

// TestLocal takes two local steps of SGD on a claim of six samples: the rate
// follows the schedule from the claim's step on, and each step has its share.
func TestLocal(t *testing.T) {
	var asked [][2]uint64
	l, err := NewLocal(LocalConfig{Objective: slope{&asked}, Params: 1, Optimizer: &optim.SGD{}, LR: optim.Linear{Max: 1, Warmup: 10, Total: 20}, ClipNorm: 20})
	if err != nil {
		t.Fatal(err)
	}
	task := Task{Steps: 2, Claim: Claim{First: 10, Count: 6, LRStep: 4}}
	params := []float32{100}
	if err := l.Train(t.Context(), params, task); err != nil {
		t.Fatal(err)
	}
	// Gradients 10 and 13 at rates 0.5 and 0.6.
	if want := float32(100 - 5 - 7.8); math.Abs(float64(params[0]-want)) > 1e-5 {
		t.Errorf("ends at %v, want %v", params[0], want)
	}
	if len(asked) != 2 || asked[0] != [2]uint64{10, 3} || asked[1] != [2]uint64{13, 3} {
		t.Errorf("asked for samples %v", asked)
	}

	task.Claim.First = 40 // beyond ClipNorm
	params[0] = 100
	if err := l.Train(t.Context(), params, task); err != nil {
		t.Fatal(err)
	}
	if want := float32(100 - 10 - 12); math.Abs(float64(params[0]-want)) > 1e-4 {
		t.Errorf("clipped: ends at %v, want %v", params[0], want)
	}

	task.Gradient = true
	update := make([]float32, 1)
	got, err := Round(t.Context(), l, Task{Params: []float32{100}, Steps: 1, Claim: task.Claim, Gradient: true}, params, update)
	if err != nil || got.Update[0] != 40 {
		t.Errorf("gradient is %v, %v, want 40, not clipped", got.Update, err)
	}

	task.Gradient = false
	task.Claim.Count = 5
	if err := l.Train(t.Context(), params, task); err == nil || !strings.Contains(err.Error(), "claim of 5 samples: want a multiple of 2 local steps") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	task.Claim.Count = 6
	if err := l.Train(ctx, params, task); err != context.DeadlineExceeded { //nolint:errorlint // the cause itself
		t.Errorf("got %v, want the cause", err)
	}
}
