package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	note   string       // what the user ought to know of the data; "" for nothing

	evaluating sync.Mutex // Loss has one work space
}

// newProblem builds the problem of a run file, with the seed of the run. If data,
// which is --data, is not empty it replaces the text to train on.
func newProblem(m method, data string) (*problem, error) {
	switch of := m.cfg.Workload.Problem; of.Name {
	case "quadratic":
		if data != "" {
			return nil, fmt.Errorf("--data is %q: want none, as workload.problem.name is quadratic", data)
		}
		return newQuadratic(m.cfg)
	case "bytelm":
		return newByteLM(m, data)
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

func newByteLM(m method, data string) (*problem, error) {
	var opts bytelm.Options
	if err := m.cfg.Workload.Problem.Decode(&opts); err != nil {
		return nil, err
	}
	if opts.Seed == 0 {
		opts.Seed = m.cfg.Seed
	}
	by := "workload.problem.data"
	switch {
	case data != "":
		by, opts.Data = "--data", data
	case opts.Data != "":
		opts.Data = m.path(opts.Data)
	}
	p, err := bytelm.New(opts)
	if err != nil {
		if _, ok := errors.AsType[*bytelm.DataError](err); !ok {
			by = "workload.problem"
		}
		return nil, fmt.Errorf("%s: %w", by, err)
	}
	made := &problem{Problem: p, tokens: uint64(p.Model().Config().Context), close: p.Close}
	if out := p.Corpus().LeftOut(); len(out) > 0 {
		made.note = fmt.Sprintf("%s: %d files are read and %d left out, %q for one: want UTF-8 text without NUL bytes",
			by, p.Corpus().Documents(), len(out), out[0])
	}
	return made, nil
}

// tell prints the note, if there is one.
func (p *problem) tell(w io.Writer) {
	if p.note != "" {
		fmt.Fprintln(w, "halos: "+p.note)
	}
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
