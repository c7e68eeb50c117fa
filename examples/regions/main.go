// Regions answers: how do I assemble the roles in one process, over a slow
// network? Two regions of two uneven workers each train a small transformer, in
// real time. Inside a region a frame takes a millisecond, between regions a third
// of a second, and no worker waits for that.
//
//	go run ./examples/regions [-data PATH] [-steps N] [-backend NAME]
//
// With -backend cuda the servers keep their models on a GPU; auto takes one if it is
// there. Nothing else changes.
//
// It prints a line for each update of the global model. On two cores it takes
// about a quarter of a minute. Ctrl-C ends it in good order, a second one at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda"
	"github.com/halos-go/sdk/transport"
)

func main() {
	s := settings{wan: transport.Line{Latency: 100 * time.Millisecond, Bandwidth: 1e6}}
	flag.StringVar(&s.model.Data, "data", "", "folder, file or dataset to train on (default: the Go source text)")
	flag.Uint64Var(&s.steps, "steps", 3000, "local steps of all workers together")
	backend := flag.String("backend", "cpu", "where servers keep their models: cpu, cuda, cuda:N, cublas, cublas:N, auto")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "regions: arguments %q without a flag: want none\n", flag.Args())
		os.Exit(2)
	}
	var why string
	var err error
	if s.backend, why, err = cuda.Select(*backend); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if *backend != "cpu" {
		fmt.Println("models on", why)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so the second Ctrl-C has its usual effect
	_, err = train(s, ctx.Done(), os.Stdout)
	if err := errors.Join(err, s.backend.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// settings are what main and the test choose differently.
type settings struct {
	model   bytelm.Options
	steps   uint64          // when to end
	wan     transport.Line  // between regions
	backend kernels.Backend // of the servers; nil: ordinary memory
}

// train runs all nodes until the steps are done or quit is closed, and tells w
// what happens.
func train(s settings, quit <-chan struct{}, w io.Writer) (*report, error) {
	if s.steps == 0 {
		return nil, errors.New("regions: -steps is 0: want at least 1")
	}
	problem, err := bytelm.New(s.model)
	if err != nil {
		return nil, err
	}
	defer problem.Close()
	gps, nodes, err := build(problem, s.steps, s.backend)
	if err != nil {
		return nil, err
	}
	r := newReport(problem, gps, w)

	var net transport.Mem
	join := func(id string) (transport.Transport, error) {
		end, err := net.Join(id)
		return &transport.Shape{Transport: r.meter(id, end), Line: func(to string) transport.Line {
			if region(id) == region(to) {
				return transport.Line{Latency: time.Millisecond}
			}
			return s.wan
		}}, err
	}
	for i := range nodes {
		if nodes[i].Machine == gps { // it alone is asked to quit, and stops the others
			nodes[i].Quit, nodes[i].Observe = quit, r.observe
		}
	}
	err = halos.RunAll(context.Background(), join, nodes...)
	r.close()
	return r, err
}

// region is the part of a node's name before the slash.
func region(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}
