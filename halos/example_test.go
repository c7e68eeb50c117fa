package halos_test

import (
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/optim"
)

// A Machine driven by hand: what goes in, and what comes out. [halos.Run] and
// package sim do nothing else.
func ExampleMachine() {
	gps, err := halos.NewGPS(halos.GPSConfig{ServerConfig: halos.ServerConfig{
		ID: "gps", Params: []float32{1, 1}, Optimizer: &optim.SGD{}, LR: optim.Constant(0.5)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{2}}}}

	step := func(m halos.Message) {
		var out halos.Output
		gps.Step([]halos.Input{{From: "worker", Msg: m}}, &out)
		for _, e := range out.Events {
			fmt.Println(e.Kind, e.Peer)
		}
		for _, o := range out.Send {
			fmt.Printf("to %s: %T %v\n", o.To, o.Msg, o.Msg.(*halos.Model).Params)
		}
	}
	life := uint64(1)
	step(&halos.Pull{Receipt: halos.Receipt{Incarnation: life, Seq: 1}, Hello: halos.Hello{Role: halos.RoleWorker, Layout: layout}, Steps: 8, Want: 8})
	push := &halos.Push{Receipt: halos.Receipt{Incarnation: life, Seq: 2}, Work: halos.Work{Steps: 8, Updates: 1}, Delta: []float32{1, -1}}
	step(push)
	step(push) // the link broke, and the worker repeats it
	// Output:
	// joined worker
	// to worker: *halos.Model [1 1]
	// updated worker
	// to worker: *halos.Model [0.5 1.5]
	// repeated worker
	// to worker: *halos.Model [0.5 1.5]
}
