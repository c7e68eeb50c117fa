// Customtransport answers: what must I write to run HALoS over a network of my own?
// One type with three methods, Send, Recv and Close (node.go, over stream sockets),
// memory for what comes (landing.go), and one test that proves it
// (transport_test.go).
//
// Run it: a global server, two regions and two workers in each train over TCP on this
// machine. Across machines each node is a process; its Start is the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

func main() {
	began := time.Now()
	gps, err := train(context.Background(), 4000, func(format string, a ...any) { fmt.Printf(format, a...) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("model %.3f after %d local steps, in %d global updates and %v\n",
		gps.Params(), gps.Steps(), gps.Version(), time.Since(began).Round(time.Millisecond))
}

var layout = optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{2}}}}

// train runs all nodes until so many steps are done. It returns the global server.
func train(ctx context.Context, steps uint64, printf func(format string, a ...any)) (*halos.GPS, error) {
	server := halos.ServerConfig{ID: "gps", Params: make([]float32, layout.Len()), Layout: layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
	gps, err := halos.NewGPS(halos.GPSConfig{ServerConfig: server, TotalSteps: steps})
	if err != nil {
		return nil, err
	}
	ctx, fail := context.WithCancelCause(ctx) // one node's failure ends the others
	defer fail(nil)
	r := &run{ctx: ctx, fail: fail, printf: printf}
	top := r.start(gps, true)
	for _, region := range []string{"eu", "us"} {
		server.ID, server.LR = region, optim.Constant(1.6)
		server.Optimizer = &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 4}}
		lps, err := halos.NewLPS(halos.LPSConfig{ServerConfig: server, Parent: "gps", Accumulator: &merge.Every{K: 4}, Merger: &merge.Mix{Alpha: 0.25}, Lease: 1000})
		if err != nil {
			fail(err)
			break
		}
		mid := r.start(lps, true, top) // listens and dials
		for i := range 2 {
			w, err := halos.NewWorker(halos.WorkerConfig{ID: fmt.Sprintf("%s/worker%d", region, i+1), Parent: region, Layout: layout, Steps: 4, Samples: 4})
			if err != nil {
				fail(err)
				break
			}
			r.start(w, false, mid)
		}
	}
	r.running.Wait()
	return gps, context.Cause(ctx)
}

// A run is the nodes that run.
type run struct {
	ctx     context.Context
	fail    context.CancelCauseFunc
	printf  func(format string, a ...any)
	running sync.WaitGroup
}

// start runs a node that dials its parents, and returns where it listens, if it does.
func (r *run) start(m halos.Machine, listens bool, parents ...net.Addr) (at net.Addr) {
	cfg := Config{Name: m.ID(), Dial: parents}
	var err error
	if listens {
		if cfg.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			r.fail(err)
			return &net.TCPAddr{}
		}
		at = cfg.Listener.Addr()
		r.printf("%s listens on %v\n", m.ID(), at)
	}
	end, err := Start(cfg)
	if err != nil {
		r.fail(err)
		return at
	}
	meter := &transport.Meter{Transport: end}
	r.running.Go(func() {
		err := halos.Run(r.ctx, m, halos.RunConfig{Transport: meter, Trainer: halos.TrainerFunc(descend), Grace: 5 * time.Second})
		if err := errors.Join(err, meter.Close()); err != nil {
			r.fail(fmt.Errorf("%s: %w", m.ID(), err))
		}
		for peer, v := range meter.Traffic() {
			r.printf("%s sent %s %d frames, %d bytes\n", m.ID(), peer, v.Sent.Frames, v.Sent.Bytes)
		}
	})
	return at
}

// descend is gradient descent toward (3, 4). Your model goes here.
func descend(_ context.Context, x []float32, task halos.Task) error {
	for range task.Steps {
		x[0], x[1] = x[0]+0.02*(3-x[0]), x[1]+0.02*(4-x[1])
		time.Sleep(100 * time.Microsecond) // which takes its time
	}
	return nil
}
