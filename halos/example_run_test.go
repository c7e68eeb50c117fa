package halos_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// A parabola has its minimum at 2: its gradient at x is x-2.
type parabola struct{}

func (parabola) Gradient(_ context.Context, grad, params []float32, _, _ uint64) (loss float64, err error) {
	d := params[0] - 2
	grad[0] = d
	return float64(d*d) / 2, nil
}

// A Local makes a Trainer of a function that has a gradient. Run calls Train in a worker;
// here it is called by hand, for a round of 3 local steps on 12 samples.
func ExampleLocal() {
	local, err := halos.NewLocal(halos.LocalConfig{Objective: parabola{}, Params: 1,
		Optimizer: &optim.SGD{}, LR: optim.Constant(0.5)})
	if err != nil {
		fmt.Println(err)
		return
	}
	params := []float32{0}
	err = local.Train(context.Background(), params, halos.Task{Steps: 3, Claim: halos.Claim{Count: 12}})
	fmt.Println(params, err)
	// Output:
	// [1.75] <nil>
}

// A GPS and two workers in one process. The training of one fails: that ends all, and the
// error says which it was.
func ExampleRunAll() {
	gps, err := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes := []halos.Node{{Machine: gps}}
	for id, rounds := range map[string]uint64{"a": 1000000, "b": 3} {
		worker, err := halos.NewWorker(halos.WorkerConfig{ID: id, Parent: "gps", Steps: 5, Samples: 5,
			Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}})
		if err != nil {
			fmt.Println(err)
			return
		}
		train := halos.TrainerFunc(func(_ context.Context, params []float32, task halos.Task) error {
			if task.Round > rounds {
				return errors.New("no more data")
			}
			params[0] += float32(task.Steps)
			return nil
		})
		nodes = append(nodes, halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}})
	}
	var network transport.Mem
	fmt.Println(halos.RunAll(context.Background(), network.Join, nodes...))
	// Output:
	// b: halos: b: round 4: no more data
}

// A run goes on from a checkpoint: what the first GPS was is kept, and a second one is
// resumed from it.
func ExampleResume() {
	run := func(params []float32, resume *halos.Resume, total uint64) *halos.GPS {
		gps, err := halos.NewGPS(halos.GPSConfig{
			ServerConfig: halos.ServerConfig{ID: "gps", Params: params, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
			TotalSteps:   total,
			Resume:       resume,
		})
		if err != nil {
			panic(err)
		}
		worker, err := halos.NewWorker(halos.WorkerConfig{ID: "w", Parent: "gps", Steps: 2, Samples: 2,
			Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}})
		if err != nil {
			panic(err)
		}
		train := halos.TrainerFunc(func(_ context.Context, params []float32, task halos.Task) error {
			params[0] += float32(task.Steps)
			return nil
		})
		var network transport.Mem
		if err := halos.RunAll(context.Background(), network.Join, halos.Node{Machine: gps},
			halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}}); err != nil {
			panic(err)
		}
		return gps
	}
	first := run([]float32{0}, nil, 6)
	fmt.Println(first.Version(), "updates:", first.Params())

	saved := halos.Resume{Point: first.Point(), Work: first.Work(), Sample: first.NextSample()}
	second := run(first.Params(), &saved, 10)
	fmt.Println(second.Version(), "updates:", second.Params())
	fmt.Println("same lineage:", second.Point().Lineage == first.Point().Lineage)
	fmt.Println("later life:", second.Point().Life > first.Point().Life)
	// Output:
	// 3 updates: [6]
	// 5 updates: [10]
	// same lineage: true
	// later life: true
}

// The model of a GPS while it runs, looked at from another goroutine.
func ExampleWindow() {
	gps, err := halos.NewGPS(halos.GPSConfig{
		ServerConfig: halos.ServerConfig{ID: "gps", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}})
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
	third := make(chan struct{}) // closed when the third round begins: two updates are in the model
	train := halos.TrainerFunc(func(ctx context.Context, params []float32, task halos.Task) error {
		if task.Round == 3 {
			close(third)
			<-ctx.Done() // the run ends here
			return ctx.Err()
		}
		params[0] += float32(task.Steps)
		return nil
	})
	var network transport.Mem
	var window halos.Window
	quit, ended := make(chan struct{}), make(chan error)
	go func() {
		ended <- halos.RunAll(context.Background(), network.Join,
			halos.Node{Machine: gps, RunConfig: halos.RunConfig{Window: &window, Quit: quit}},
			halos.Node{Machine: worker, RunConfig: halos.RunConfig{Trainer: train}})
	}()
	<-third
	model, at, err := window.Model(context.Background(), nil)
	fmt.Println("version", at.Version, model, err)
	close(quit)
	fmt.Println(<-ended)
	// Output:
	// version 2 [4] <nil>
	// <nil>
}
