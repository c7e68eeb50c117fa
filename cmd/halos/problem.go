package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/halos/runfile"
)

// A problem is what a run file says is trained, for any number of runs at the
// same time.
type problem struct {
	runfile.Problem
	tokens uint64       // of one sample; a sample of quadratic counts as one
	close  func() error // nil: nothing to close

	evaluating sync.Mutex // Loss has one work space
}

// newProblem builds the problem of a run file, with the seed of the run. If data
// is not empty it replaces the text to train on.
func newProblem(cfg runfile.Config, data string) (*problem, error) {
	switch of := cfg.Workload.Problem; of.Name {
	case "quadratic":
		if data != "" {
			return nil, fmt.Errorf("-data is %q: want none, as workload.problem.name is quadratic", data)
		}
		return newQuadratic(cfg)
	case "bytelm":
		return newByteLM(of, cfg.Seed, data)
	default:
		return nil, fmt.Errorf("workload.problem.name is %q: want quadratic or bytelm", of.Name)
	}
}

func newQuadratic(cfg runfile.Config) (*problem, error) {
	q, err := cfg.NewProblem()
	if err != nil {
		return nil, err
	}
	return &problem{Problem: q, tokens: 1}, nil
}

func newByteLM(of runfile.Plug, seed uint64, data string) (*problem, error) {
	var opts bytelm.Options
	if err := of.Decode(&opts); err != nil {
		return nil, err
	}
	if opts.Seed == 0 {
		opts.Seed = seed
	}
	if data != "" {
		opts.Data = data
	}
	p, err := bytelm.New(opts)
	if err != nil {
		return nil, fmt.Errorf("workload.problem: %w", err)
	}
	return &problem{Problem: p, tokens: uint64(p.Model().Config().Context), close: p.Close}, nil
}

// Close releases the text.
func (p *problem) Close() error {
	if p.close == nil {
		return nil
	}
	return p.close()
}

// Loss implements [runfile.Problem], for several runs at the same time.
func (p *problem) Loss(ctx context.Context, params []float32) (float64, error) {
	p.evaluating.Lock()
	defer p.evaluating.Unlock()
	return p.Problem.Loss(ctx, params)
}
