package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda"
)

type simCmd struct {
	RunFile path `arg:"" name:"run.yaml" help:"The run file, YAML or JSON; - is standard input. Paths in it are relative to its folder; from standard input, to the working folder."`
	Trace   path `placeholder:"T.jsonl" help:"Write the trace here, one JSON object a line; - is standard output."`
	Result  path `placeholder:"R.json" help:"Write the result here; - is standard output."`

	Backend string `default:"cpu" placeholder:"NAME" help:"Where the servers keep their models: cpu, cuda, cuda:N (the GPU with this number), cublas, cublas:N, or auto."`
}

// Run simulates. If it is interrupted or fails, trace and result are of what
// was done.
func (c simCmd) Run(ctx context.Context, s streams) error {
	m, err := c.read(s.in)
	if err != nil {
		return usageError{err}
	}
	to, err := c.open(m, s)
	if err != nil {
		return err
	}
	defer to.discard()
	p, err := newProblem(m, "")
	if err != nil {
		return usageError{err}
	}
	defer p.Close()
	p.tell(s.err)
	backend, why, err := cuda.Select(c.Backend)
	if err != nil {
		return usageError{fmt.Errorf("--backend: %w", err)}
	}
	defer func() { _ = backend.Close() }()
	if c.Backend != "cpu" {
		fmt.Fprintln(s.err, "models on", why)
	}
	return c.simulate(ctx, m.cfg, p, backend, to, s.out)
}

// read reads the run file.
func (c simCmd) read(in io.Reader) (method, error) {
	if c.RunFile != "-" {
		return readMethod(string(c.RunFile))
	}
	text, err := io.ReadAll(in)
	if err != nil {
		return method{}, fmt.Errorf("standard input: %w", err)
	}
	m := method{file: "/dev/stdin", dir: ".", text: text}
	m.cfg, err = runfile.Parse(text, ".")
	return m, err
}

// destinations are where trace and result go; nil is nowhere, or standard output.
type destinations struct{ trace, result *output }

func (d destinations) discard() {
	d.trace.discard()
	d.result.discard()
}

// open opens both, so that a path that is wrong is told before the run.
func (c simCmd) open(m method, s streams) (d destinations, err error) {
	flags := []struct {
		name string
		path path
		to   **output
	}{{"--result", c.Result, &d.result}, {"--trace", c.Trace, &d.trace}}
	var outs []namedFile
	for _, f := range flags {
		if f.path != "" && f.path != "-" {
			outs = append(outs, namedFile{f.name, string(f.path)})
		}
	}
	if err := distinct(outs, append(m.inputs(""), standardOutput...)); err != nil {
		return d, err
	}
	for _, f := range flags {
		if f.path == "" || f.path == "-" {
			continue
		}
		if *f.to, err = s.files.create(string(f.path)); err != nil {
			d.discard()
			return d, fmt.Errorf("%s is %q: want a file that can be written (%w)", f.name, f.path, err)
		}
	}
	return d, nil
}

// simulate runs and writes trace and result.
func (c simCmd) simulate(ctx context.Context, cfg runfile.Config, p runfile.Problem, backend kernels.Backend, to destinations, out io.Writer) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	trace := &traceWriter{failed: func(error) {}}
	if to.result == nil {
		trace.failed = func(err error) { stop(fmt.Errorf("--trace: %w", err)) } // nothing would be left of the run
	}
	opts := sim.Options{Backend: backend, Trace: trace}
	switch {
	case to.trace != nil:
		trace.Writer = to.trace
	case c.Trace == "-":
		trace.Writer = out
	default:
		opts.Trace = nil
	}
	run, err := sim.New(cfg, p, opts)
	if err != nil {
		return usageError{err}
	}
	res, err := run.Run(ctx)
	if to.trace != nil && trace.err == nil {
		if e := to.trace.commit(); e != nil {
			err = errors.Join(err, fmt.Errorf("--trace: %w", e))
		}
	}
	if backend.Err() != nil {
		return err // the model is lost
	}
	return errors.Join(err, c.write(res, err, to.result, out))
}

// write writes the result where it is wanted, and a line about it to out if
// that is not taken. failed is the error of the run.
func (c simCmd) write(res sim.Result, failed error, to *output, out io.Writer) error {
	text, err := res.MarshalJSON()
	if err != nil {
		return fmt.Errorf("--result: %w", err)
	}
	text = append(text, '\n')
	if to != nil {
		_, _ = to.Write(text) // commit says if it failed
		if err := to.commit(); err != nil {
			return fmt.Errorf("--result: %w", err)
		}
	}
	_, interrupted := errors.AsType[interruption](failed)
	switch {
	case c.Result == "-":
		_, err = out.Write(text)
	case c.Trace != "-" && (failed == nil || interrupted):
		_, err = fmt.Fprintf(out, "loss %s after %s and %d local steps\n", lossText(res.Loss), virtual(res.TimeMS), res.Steps)
	}
	return err
}

// A traceWriter calls failed with the first error of its Writer.
type traceWriter struct {
	io.Writer
	err    error
	failed func(error)
}

// Write implements [io.Writer].
func (t *traceWriter) Write(b []byte) (int, error) {
	n, err := t.Writer.Write(b)
	if err != nil && t.err == nil {
		t.err = err
		t.failed(err)
	}
	return n, err
}
