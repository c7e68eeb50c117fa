package sdk_test

import (
	"context"
	"fmt"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// The twelve-line program: a global server, a region's server and a worker, in
// one process. Across hosts it is the same with another Transport.
func Example() {
	var net transport.Mem
	layout := optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{2}}}}
	params := []float32{0, 0}
	train := halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
		x[0], x[1] = x[0]+0.1*(3-x[0]), x[1]+0.1*(4-x[1]) // your training step,
		time.Sleep(time.Millisecond)                      // which takes its time
		return nil
	})

	gps, err1 := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: params, Layout: layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		TotalSteps:   800,
	})
	lps, err2 := halos.NewLPS(halos.LPSConfig{
		ServerConfig: halos.ServerConfig{ID: "eu", Params: params, Layout: layout, LR: optim.Constant(1.6),
			Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 4}}},
		Parent:      "gps",
		Accumulator: &merge.Every{K: 4},
		Merger:      &merge.Mix{Alpha: 0.25},
		Lease:       1000,
	})
	worker, err3 := halos.NewWorker(halos.WorkerConfig{ID: "worker", Parent: "eu", Layout: layout, Steps: 1, Samples: 1})

	fail(err1, err2, err3)
	fail(halos.RunAll(context.Background(), net.Join, halos.Node{Machine: gps}, halos.Node{Machine: lps},
		halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}}))
	fmt.Printf("model %.1f\n", gps.Params())
	// Output:
	// model [3.0 4.0]
}

func fail(errs ...error) {
	for _, err := range errs {
		if err != nil {
			panic(err)
		}
	}
}
