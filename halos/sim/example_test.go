package sim_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/optim"
)

// link is a network on which every message takes 50 ms, and on which the third
// update is lost with its link, which is up again after five seconds.
type link struct{ updates int }

func (l *link) Transfer(_, _ int, m halos.Message) (ms float64, ok bool) {
	if _, update := m.(*halos.Push); update {
		l.updates++
		if l.updates == 3 {
			return 5000, false
		}
	}
	return 50, true
}

// log prints the updates of the global model.
type log struct{}

func (log) Observe(ms float64, _ int, e halos.Event) {
	if e.Kind == halos.Updated {
		fmt.Printf("%5.0f ms: update %d, %d steps\n", ms, e.Version, e.Steps)
	}
}

// Two machines by hand: a server and a worker over a link that breaks once.
func ExampleSim() {
	layout := optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{1}}}}
	server, err1 := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "server", Params: []float32{0}, Layout: layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		TotalSteps:   16,
	})
	worker, err2 := halos.NewWorker(halos.WorkerConfig{ID: "worker", Parent: "server", Layout: layout, Steps: 4, Samples: 4})
	if err1 != nil || err2 != nil {
		fmt.Println(err1, err2)
		return
	}
	train := halos.TrainerFunc(func(_ context.Context, x []float32, task halos.Task) error {
		for range task.Steps {
			x[0] += 0.25 * (3 - x[0])
		}
		return nil
	})

	s := sim.Sim{Network: &link{}, Observer: log{}}
	s.Add(0, server)
	s.AddWorker(0, worker, train, func(steps uint64) float64 { return 200 * float64(steps) })
	if err := s.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%5.0f ms: all have left, x is %.2f\n", s.Now(), server.Params())
	// Output:
	//   950 ms: update 1, 4 steps
	//  1850 ms: update 2, 8 steps
	//  7750 ms: update 3, 12 steps
	//  8650 ms: update 4, 16 steps
	//  8750 ms: all have left, x is [2.97]
}

// A run from a run file.
func ExampleRun() {
	cfg, err := runfile.Parse([]byte(`
algorithm: halos
seed: 11
topology:
  network_bandwidths: [[100, 0.5], [0.5, 100]] # Gbit/s
  worker_speeds: [[0.5, 1.0], [0.6, 0.7]]
workload:
  problem: {name: quadratic, dim: 24, noise: 0.3}
  model_bytes: 281706496 # time is that of a large model
  local_step_time_ms: 238.391
  local_batch_size: 64
  global_batch_size: 256
  total_local_steps: 2000
worker:
  local_steps: 8
  dynamic_local_updates: true
  optimizer: {name: sgd}
  lr_schedule: {name: constant, lr: 0.01}
lps:
  optimizer: {name: delayed_nesterov, lr: 1.6, beta: 0.5, delay: 4}
  accumulate: 8
  merge_weight: 0.25
gps:
  optimizer: {name: delayed_nesterov, lr: 0.3, beta: 0.5, delay: 2}
`), ".")
	if err != nil {
		fmt.Println(err)
		return
	}
	problem, err := cfg.NewProblem()
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := sim.New(cfg, problem, sim.Options{Observe: func(p sim.Point) bool {
		if p.Version%10 == 0 {
			fmt.Printf("%4.0f s: update %d, %4d steps, loss %.4f\n", p.TimeMS/1e3, p.Version, p.Steps, p.Loss)
		}
		return false
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := run.Run(context.Background())
	fmt.Printf("%4.0f s: %d of %d worker updates are in the global model, error %v\n",
		result.TimeMS/1e3, result.Reached, result.Updates, err)
	// Output:
	//   55 s: update 10,  556 steps, loss 3.3345
	//  109 s: update 20, 1161 steps, loss 1.1172
	//  163 s: update 30, 1806 steps, loss 0.4404
	//  180 s: 272 of 358 worker updates are in the global model, error <nil>
}

// Events of a run file: the link of a region breaks and heals, a worker leaves. The trace has a line
// for each.
func ExampleRun_events() {
	cfg, err := runfile.Parse([]byte(`
algorithm: halos
topology:
  network_bandwidths: [[100, 0.5], [0.5, 100]] # Gbit/s
  contention: shared # messages that meet on a link share it
  worker_speeds: [[0.5, 1.0], [0.6, 0.7]]
workload:
  problem: {name: quadratic, dim: 24}
  model_bytes: 281706496
  local_step_time_ms: 238.391
  local_batch_size: 64
  global_batch_size: 256
  total_local_steps: 2000
worker:
  local_steps: 8
  optimizer: {name: sgd}
  lr_schedule: {name: constant, lr: 0.01}
lps:
  optimizer: {name: sgd, lr: 0.5}
  accumulate: 8
  merge_weight: 0.25
gps:
  optimizer: {name: sgd, lr: 1}
events:
  - {at_ms: 40000, cut: [lps1, gps]}
  - {at_ms: 90000, heal: [lps1, gps]}
  - {at_ms: 60000, quit: 0}
`), ".")
	if err != nil {
		fmt.Println(err)
		return
	}
	problem, err := cfg.NewProblem()
	if err != nil {
		fmt.Println(err)
		return
	}
	var trace bytes.Buffer
	run, err := sim.New(cfg, problem, sim.Options{Trace: &trace})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err = run.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	events, err := sim.ReadTrace(&trace)
	deltas := 0 // of LPS 1
	for _, e := range events {
		switch {
		case e.Kind == sim.GPSUpdate && e.LPS == 1:
			deltas++
		case e.Kind == sim.NodeQuit:
			fmt.Printf("%2.0f s: worker %d leaves\n", e.T/1e3, e.Worker)
		case e.Kind == sim.LinkCut || e.Kind == sim.LinkHeal:
			fmt.Printf("%2.0f s: %s, after %d deltas of region 1\n", e.T/1e3, e.Kind, deltas)
		}
	}
	fmt.Printf("at the end %d deltas of region 1, error %v\n", deltas, err)
	// Output:
	// 40 s: cut, after 2 deltas of region 1
	// 60 s: worker 0 leaves
	// 90 s: heal, after 2 deltas of region 1
	// at the end 8 deltas of region 1, error <nil>
}
