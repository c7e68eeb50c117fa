// Customtransport answers: what must I write to run HALoS over a network of my
// own? One type with three methods, Send, Recv and Close (transport.go, over
// stream sockets; landing.go, the memory of its frames), and one test that proves
// it (transport_test.go). Each node has one Transport, on which it listens to its
// children and dials its parent.
//
// Run it: a global server, two regions and four workers train over TCP on this
// machine. What a network between hosts needs besides is left out, to stay short:
// TLS and the check of who a peer is (here a name is believed), the resumption of
// a frame whose connection broke, and deadlines for a peer that stops in the
// middle of a frame and so keeps its share of the landing memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

func main() {
	gps, err := train(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("model %.3f after %d local steps, in %d global updates\n", gps.Params(), gps.Steps(), gps.Version())
}

// A tree is the nodes of a run, as far as they have been added.
type tree struct {
	machines []halos.Machine
	nodes    []*Node
	address  map[string]string // where a node listens
}

// add adds a machine, whose parent has been added, or "".
func (t *tree) add(m halos.Machine, err error, parent string) error {
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cfg := Config{Name: m.ID(), Listener: l}
	if parent != "" {
		cfg.Dial = []string{t.address[parent]}
	}
	t.machines, t.nodes = append(t.machines, m), append(t.nodes, Open(cfg))
	t.address[m.ID()] = l.Addr().String()
	return nil
}

// train returns the global server at the end of the run.
func train(ctx context.Context) (*halos.GPS, error) {
	params := make([]float32, 2)
	layout := optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{len(params)}}}}
	server := func(id string, lr float64, o optim.Optimizer) halos.ServerConfig {
		return halos.ServerConfig{ID: id, Params: params, Layout: layout, Optimizer: o, LR: optim.Constant(lr)}
	}
	step := halos.TrainerFunc(func(_ context.Context, x []float32, _ halos.Task) error {
		x[0], x[1] = x[0]+0.1*(3-x[0]), x[1]+0.1*(4-x[1]) // gradient descent toward (3, 4)
		return nil
	})

	t := tree{address: make(map[string]string)}
	defer t.close()
	gps, err := halos.NewGPS(halos.GPSConfig{ServerConfig: server("gps", 1, &optim.SGD{}), TotalSteps: 2000})
	errs := []error{t.add(gps, err, "")}
	for _, region := range []string{"eu", "us"} {
		lps, err := halos.NewLPS(halos.LPSConfig{
			ServerConfig: server(region, 0.8, &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 4}}),
			Parent:       "gps", Accumulator: &merge.Every{K: 4}, Merger: &merge.Mix{Alpha: 0.25}, Lease: 1000})
		errs = append(errs, t.add(lps, err, "gps"))
		for _, id := range []string{region + "1", region + "2"} {
			w, err := halos.NewWorker(halos.WorkerConfig{ID: id, Parent: region, Layout: layout, Steps: 1, Samples: 1})
			errs = append(errs, t.add(w, err, region))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return gps, t.run(ctx, step)
}

// run runs all nodes, each as its own process would, until the run is over.
func (t *tree) run(ctx context.Context, step halos.Trainer) error {
	var nodes []halos.Node
	for i, m := range t.machines {
		nodes = append(nodes, halos.Node{Machine: m, RunConfig: halos.RunConfig{Transport: t.nodes[i], Trainer: step}})
	}
	return halos.RunAll(ctx, nil, nodes...)
}

func (t *tree) close() {
	for _, n := range t.nodes {
		n.Close()
	}
}
