package halos_test

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// A GPS that serves a worker directly. The run ends when 8 local steps are in the model.
func ExampleGPS() {
	gps, err := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		TotalSteps:   8,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	worker, err := halos.NewWorker(halos.WorkerConfig{ID: "w", Parent: "gps", Steps: 2, Samples: 2,
		Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	train := halos.TrainerFunc(func(_ context.Context, params []float32, task halos.Task) error {
		for range task.Steps {
			params[0] += 0.5 * (1 - params[0]) // half the way to 1
		}
		return nil
	})
	var network transport.Mem
	err = halos.RunAll(context.Background(), network.Join,
		halos.Node{Machine: gps},
		halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}})
	fmt.Println(gps.Version(), "updates,", gps.Steps(), "local steps:", gps.Params(), err)
	// Output:
	// 4 updates, 8 local steps: [0.99609375] <nil>
}

// A region: an LPS takes the updates of its worker, and sends what two of them have
// changed to the GPS.
func ExampleLPS() {
	server := func(id string) halos.ServerConfig {
		return halos.ServerConfig{ID: id, Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
	}
	gps, err := halos.NewGPS(halos.GPSConfig{ServerConfig: server("gps"), TotalSteps: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	lps, err := halos.NewLPS(halos.LPSConfig{ServerConfig: server("eu"), Parent: "gps", Lease: 64,
		Accumulator: &merge.Every{K: 2}, Merger: merge.Mix{Alpha: 0.25}})
	if err != nil {
		fmt.Println(err)
		return
	}
	worker, err := halos.NewWorker(halos.WorkerConfig{ID: "w", Parent: "eu", Steps: 2, Samples: 2,
		Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	train := halos.TrainerFunc(func(_ context.Context, params []float32, task halos.Task) error {
		for range task.Steps {
			params[0] += 0.5 * (1 - params[0])
		}
		return nil
	})
	var network transport.Mem
	err = halos.RunAll(context.Background(), network.Join,
		halos.Node{Machine: gps},
		halos.Node{Machine: lps},
		halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}})
	fmt.Println(gps.Version(), "delta with", gps.Work().Updates, "updates:", gps.Params(), err)
	// Output:
	// 1 delta with 2 updates: [0.9375] <nil>
}

// What a worker is given: a model, and samples that nobody else has. It tells its losses
// by Report.
func ExampleWorker() {
	gps, err := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1), GlobalBatch: 4},
		TotalSteps:   6,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	worker, err := halos.NewWorker(halos.WorkerConfig{ID: "w", Parent: "gps", Steps: 2, Samples: 8,
		Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	train := halos.TrainerFunc(func(_ context.Context, params []float32, task halos.Task) error {
		fmt.Printf("round %d: samples %d to %d, from step %d of the schedule, model %v\n",
			task.Round, task.Claim.First, task.Claim.First+task.Claim.Count-1, task.Claim.LRStep+1, params)
		for range task.Steps {
			params[0]++
			task.Report(0.5)
		}
		return nil
	})
	var network transport.Mem
	if err := halos.RunAll(context.Background(), network.Join,
		halos.Node{Machine: gps},
		halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// round 1: samples 0 to 7, from step 1 of the schedule, model [0]
	// round 2: samples 8 to 15, from step 3 of the schedule, model [2]
	// round 3: samples 16 to 23, from step 5 of the schedule, model [4]
}

// Rounds in which two workers wait for each other: the model moves along the mean of their
// updates.
func ExampleSync() {
	sync, err := halos.NewSync(halos.SyncConfig{
		ServerConfig: halos.ServerConfig{ID: "sync", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		Workers:      2,
		TotalSteps:   12,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes := []halos.Node{{Machine: sync}}
	for id, target := range map[string]float32{"a": 1, "b": 3} { // each has data of its own
		worker, err := halos.NewWorker(halos.WorkerConfig{ID: id, Parent: "sync", Steps: 2, Samples: 2,
			Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}})
		if err != nil {
			fmt.Println(err)
			return
		}
		train := halos.TrainerFunc(func(_ context.Context, params []float32, task halos.Task) error {
			for range task.Steps {
				params[0] += 0.5 * (target - params[0])
			}
			return nil
		})
		nodes = append(nodes, halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}})
	}
	var network transport.Mem
	err = halos.RunAll(context.Background(), network.Join, nodes...)
	fmt.Println(sync.Version(), "rounds,", sync.Steps(), "local steps:", sync.Params(), err)
	// Output:
	// 3 rounds, 12 local steps: [1.96875] <nil>
}
