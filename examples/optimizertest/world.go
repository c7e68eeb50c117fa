package main

import (
	"context"
	"sync"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

var (
	target = []float32{3, 4, -5, 0.5} // what training should find, beginning at 0
	layout = optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{len(target)}}}}
)

// plugs are those of the local servers. Each server needs its own, hence functions.
type plugs struct {
	optimizer func() optim.Optimizer
	lr        optim.Schedule
	merger    func() merge.Merger
}

// A world is a GPS and two regions of two workers each.
type world struct {
	gps *halos.GPS
	all []halos.Machine
}

func build(p plugs) (*world, error) {
	params := make([]float32, len(target))
	gps, err := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: params, Layout: layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		TotalSteps:   4000,
	})
	if err != nil {
		return nil, err
	}
	w := &world{gps: gps, all: []halos.Machine{gps}}
	for _, region := range []string{"eu", "us"} {
		lps, err := halos.NewLPS(halos.LPSConfig{
			ServerConfig: halos.ServerConfig{ID: region, Params: params, Layout: layout, Optimizer: p.optimizer(), LR: p.lr},
			Parent:       "gps",
			Accumulator:  &merge.Every{K: 4},
			Merger:       p.merger(),
			Lease:        1000,
		})
		if err != nil {
			return nil, err
		}
		w.all = append(w.all, lps)
		for _, name := range []string{"-1", "-2"} {
			worker, err := halos.NewWorker(halos.WorkerConfig{ID: region + name, Parent: region, Layout: layout, Steps: 4, Samples: 4})
			if err != nil {
				return nil, err
			}
			w.all = append(w.all, worker)
		}
	}
	return w, nil
}

// run drives all nodes of w over net until the GPS has counted its steps.
func (w *world) run(ctx context.Context, net *transport.Mem) error {
	ctx, fail := context.WithCancelCause(ctx) // one node's failure ends the others
	defer fail(nil)
	var wg sync.WaitGroup
	for i, m := range w.all {
		wg.Go(func() {
			end, err := net.Join(m.ID())
			if err == nil {
				slow := &transport.Shape{Transport: end, Line: func(to string) transport.Line { return line(m.ID(), to) }}
				err = halos.Run(ctx, m, halos.RunConfig{Transport: slow, Trainer: descend(i)})
			}
			if err != nil {
				fail(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// line is slow to and from the GPS: a few rounds of the workers.
func line(from, to string) transport.Line {
	if from == "gps" || to == "gps" {
		return transport.Line{Latency: 2 * time.Millisecond}
	}
	return transport.Line{}
}

// descend takes local steps of gradient descent toward the target, each worker at
// a pace of its own, about a millisecond a round.
func descend(worker int) halos.Trainer {
	return halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
		for range task.Steps {
			for i := range x {
				x[i] -= 0.05 * float32(x[i]-target[i])
			}
		}
		round := time.NewTimer(time.Millisecond + time.Duration(worker)*13579)
		defer round.Stop()
		select {
		case <-round.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// distance is how far x is from the target.
func distance(x []float32) float64 {
	way := make([]float32, len(x))
	kernels.Delta(way, x, target)
	return kernels.Norm(way)
}
