// Twelve answers: what is the least that trains a model with HALoS? Some twelve
// lines in the function train: a global server, a region's server and a worker,
// each with its plugs, and a training step of one's own. Here they are goroutines
// of one process; across hosts each is a process, with another Transport.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

func main() {
	gps, err := train(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("model %.3f after %d local steps, in %d global updates\n", gps.Params(), gps.Steps(), gps.Version())
}

// train returns the global server at the end of the run.
func train(ctx context.Context) (*halos.GPS, error) {
	layout := optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{2}}}}
	params := make([]float32, layout.Len()) // the initial model
	step := halos.TrainerFunc(func(_ context.Context, x []float32, _ halos.Task) error {
		x[0], x[1] = x[0]+0.1*(3-x[0]), x[1]+0.1*(4-x[1]) // gradient descent toward (3, 4): your model goes here,
		time.Sleep(time.Millisecond)                      // which takes its time
		return nil
	})

	gps, err1 := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: params, Layout: layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		TotalSteps:   800, // then the run ends, for everybody
	})
	lps, err2 := halos.NewLPS(halos.LPSConfig{
		ServerConfig: halos.ServerConfig{ID: "eu", Params: params, Layout: layout, LR: optim.Constant(1.6),
			Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 4}}}, // the local momentum of HALoS
		Parent:      "gps",
		Accumulator: &merge.Every{K: 4},      // a delta goes up after four updates
		Merger:      &merge.Mix{Alpha: 0.25}, // and a quarter of the global model comes down
		Lease:       1000,
	})
	worker, err3 := halos.NewWorker(halos.WorkerConfig{ID: "worker", Parent: "eu", Layout: layout, Steps: 1, Samples: 1})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}

	var net transport.Mem
	return gps, halos.RunAll(ctx, net.Join, halos.Node{Machine: gps}, halos.Node{Machine: lps},
		halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: step}})
}
