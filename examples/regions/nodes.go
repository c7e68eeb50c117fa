package main

import (
	"fmt"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

const batch = 8 // samples of a local step

// build makes the hierarchy: a GPS at a hub far from both regions, and in each
// region an LPS and two workers, of which the second is thought of as half as fast
// and does half the steps in a round.
func build(problem *bytelm.Problem, steps uint64, b kernels.Backend) (*halos.GPS, []halos.Node, error) {
	layout := problem.Layout()
	server := halos.ServerConfig{Params: make([]float32, layout.Len()), Layout: layout, Backend: b, GlobalBatch: 4 * batch}
	problem.Init(server.Params)

	global := server // the constructors copy Params
	global.ID = "hub/gps"
	global.Optimizer = &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 2}}
	global.LR = optim.Constant(0.6)
	gps, err := halos.NewGPS(halos.GPSConfig{ServerConfig: global, TotalSteps: steps})
	if err != nil {
		return nil, nil, err
	}
	nodes := []halos.Node{{Machine: gps}}
	for _, region := range []string{"eu", "us"} {
		local := server
		local.ID = region + "/lps"
		local.Optimizer = &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 4}}
		local.LR = optim.Constant(2)
		lps, err := halos.NewLPS(halos.LPSConfig{
			ServerConfig: local,
			Parent:       global.ID,
			Accumulator:  &merge.Every{K: 8, KeepInFlight: true}, // slow links: much is in flight
			Merger:       &merge.Mix{Alpha: 0.5},
			Lease:        128 * batch,
		})
		if err != nil {
			return nil, nil, err
		}
		nodes = append(nodes, halos.Node{Machine: lps})
		for i, h := range []uint64{16, 8} {
			w, err := worker(problem, fmt.Sprintf("%s/worker%d", region, i+1), local.ID, h, steps)
			if err != nil {
				return nil, nil, err
			}
			nodes = append(nodes, w)
		}
	}
	return gps, nodes, nil
}

// worker makes a worker of h local steps a round.
func worker(problem *bytelm.Problem, id, lps string, h, steps uint64) (halos.Node, error) {
	layout := problem.Layout()
	machine, err := halos.NewWorker(halos.WorkerConfig{ID: id, Parent: lps, Layout: layout, Steps: h, Samples: h * batch})
	if err != nil {
		return halos.Node{}, err
	}
	trainer, err := halos.NewLocal(halos.LocalConfig{
		Objective: problem.Objective(runfile.Place{}),
		Params:    layout.Len(),
		Optimizer: &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Layout: layout},
		LR:        schedule(steps),
		ClipNorm:  1,
	})
	return halos.Node{Machine: machine, RunConfig: halos.RunConfig{Trainer: trainer}}, err
}

// schedule is the learning rate of a local step; four of these, one of each worker, are a
// step of the schedule. A short run has a shorter warm-up: at most half of it.
func schedule(steps uint64) optim.Schedule {
	total := max(1, steps/4)
	return optim.Cosine{Max: 0.004, Min: 0.0004, Warmup: min(10, total/2), Total: total}
}
