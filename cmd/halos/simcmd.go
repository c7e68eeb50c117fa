package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/kernels/cuda"
)

type simCmd struct {
	Config string `required:"" placeholder:"RUN.yaml" help:"The run file, YAML or JSON; - is standard input."`
	Trace  string `placeholder:"T.jsonl" help:"Write the trace here, one JSON object a line; - is standard output."`
	Result string `placeholder:"R.json" help:"Write the result here; - is standard output."`

	Backend string `default:"cpu" placeholder:"NAME" help:"Where the servers keep their models: cpu, cuda, cuda:N (the GPU with this number), cublas, cublas:N, or auto."`
}

// Run simulates. If it is interrupted, trace and result are of what was done.
func (c simCmd) Run(ctx context.Context, s streams) error {
	cfg, err := c.read(s.in)
	if err != nil {
		return usageError{err}
	}
	p, err := newProblem(cfg, "")
	if err != nil {
		return usageError{err}
	}
	defer p.Close()
	backend, why, err := cuda.Select(c.Backend)
	if err != nil {
		return usageError{fmt.Errorf("-backend: %w", err)}
	}
	defer func() { _ = backend.Close() }()
	if c.Backend != "cpu" {
		fmt.Fprintln(s.err, "models on", why)
	}
	opts := sim.Options{Backend: backend}
	var trace *output
	switch c.Trace {
	case "":
	case "-":
		opts.Trace = s.out
	default:
		if trace, err = create(c.Trace); err != nil {
			return fmt.Errorf("-trace: %w", err)
		}
		opts.Trace = trace
	}
	res, err := simulate(ctx, cfg, p, opts)
	if trace != nil {
		if err != nil && ctx.Err() == nil {
			trace.discard()
		} else if e := trace.commit(); e != nil && err == nil {
			err = fmt.Errorf("-trace: %w", e)
		}
	}
	if err != nil && ctx.Err() == nil {
		return err
	}
	if e := c.write(s.out, res); e != nil {
		return e
	}
	return err
}

func (c simCmd) read(in io.Reader) (runfile.Config, error) {
	if c.Config != "-" {
		return runfile.Read(c.Config)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return runfile.Config{}, fmt.Errorf("-config: %w", err)
	}
	return runfile.Parse(text, ".")
}

func simulate(ctx context.Context, cfg runfile.Config, p runfile.Problem, opts sim.Options) (sim.Result, error) {
	r, err := sim.New(cfg, p, opts)
	if err != nil {
		return sim.Result{}, usageError{err}
	}
	return r.Run(ctx)
}

// write writes the result where it is wanted, or else a line about it.
func (c simCmd) write(out io.Writer, res sim.Result) error {
	switch {
	case c.Result == "-":
		return json.NewEncoder(out).Encode(res)
	case c.Result != "":
		if err := res.WriteFile(c.Result); err != nil {
			return fmt.Errorf("-result: %w", err)
		}
	}
	if c.Trace == "-" {
		return nil
	}
	_, err := fmt.Fprintf(out, "loss %.4f after %s and %d local steps\n", res.Loss, virtual(res.TimeMS), res.Steps)
	return err
}
