package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda"
)

// A simulation is one run of halos sim.
type simulation struct {
	cmd      simCmd
	method   method
	settings []setting // that made the method
	seed     uint64
	first    bool // of the seeds
	streams  streams
	to       *destinations

	shown lateProgress
	board *board
	out   outcome
}

// run runs and writes what is wanted of it. The error is of the run, of an output, or both.
func (s *simulation) run(ctx context.Context) (outcome, error) {
	err := s.perform(ctx)
	if err != nil && s.cmd.Seeds > 1 {
		err = fmt.Errorf("seed %d: %w", s.seed, err)
	}
	return s.out, err
}

// perform makes what the run needs, and simulates.
func (s *simulation) perform(ctx context.Context) (err error) {
	if s.method, err = s.method.seeded(s.seed); err != nil {
		return usageError{err}
	}
	p, err := newProblem(s.method, "")
	if err != nil {
		if place.MatchString(err.Error()) && len(s.settings) > 0 {
			err = fmt.Errorf("--set: %w", s.method.explain(err, s.settings))
		}
		return usageError{err}
	}
	defer p.Close()
	backend, why, err := cuda.Select(s.cmd.Backend)
	if err != nil {
		return usageError{fmt.Errorf("--backend: %w", err)}
	}
	defer func() { _ = backend.Close() }()
	if s.first {
		p.tell(s.streams.err)
	}
	if s.first && s.cmd.Backend != "cpu" {
		fmt.Fprintln(s.streams.err, "models on", why)
	}
	if s.cmd.TensorBoard != "" {
		dir := string(s.cmd.TensorBoard)
		if s.cmd.Seeds > 1 {
			dir = filepath.Join(dir, "seed-"+whole(s.seed))
		}
		if s.board, err = createBoard(dir); err != nil {
			return fmt.Errorf("--tensorboard is %q: want a folder that can be written to (%w)", s.cmd.TensorBoard, err)
		}
	}
	err = s.simulate(ctx, p, backend)
	if s.board != nil {
		if e := s.board.Close(); e != nil {
			err = errors.Join(err, fmt.Errorf("--tensorboard: %w", e))
		}
	}
	return err
}

// simulate runs and writes trace, result and model.
func (s *simulation) simulate(ctx context.Context, p *problem, backend kernels.Backend) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	opts := sim.Options{Backend: backend}
	trace := &traceWriter{failed: func(error) {}}
	if trace.Writer = s.to.trace.writer(); trace.Writer != nil {
		opts.Trace = trace
	}
	if s.to.result.file == nil && s.to.model.file == nil && s.board == nil {
		trace.failed = func(err error) { stop(s.to.trace.failed(err)) } // nothing would be left of the run
	}
	var run *sim.Run
	opts.Observe = func(at sim.Point) bool { return s.observe(at, run) }
	run, err := sim.New(s.method.cfg, p, opts)
	if err != nil {
		return usageError{err}
	}
	s.begin()
	res, err := run.Run(ctx)
	s.shown.close()
	if trace.err == nil {
		err = errors.Join(err, s.to.trace.commit())
	}
	if backend.Err() != nil { // the model is lost
		s.out.ran = false
		return err
	}
	s.out.finish(res, err, run.Stats(), s.method.cfg.Workload.LocalBatchSize*p.tokens)
	return errors.Join(err, s.write(p))
}

// begin prepares for what comes while the run runs.
func (s *simulation) begin() {
	s.out = outcome{ran: true, cfg: s.method.cfg, seed: s.seed, target: s.cmd.Target, evaluated: sim.Point{Loss: math.NaN()}}
	s.out.keep = s.to.result.writer() != nil
	name := strings.TrimSuffix(filepath.Base(s.method.file), filepath.Ext(s.method.file))
	if s.cmd.Seeds > 1 {
		name = "seed " + whole(s.seed)
	}
	if s.to.stdoutTaken() { // a terminal would show both at the same place
		return
	}
	s.shown = lateProgress{w: s.streams.err, lane: lane{name: name, total: s.method.cfg.Workload.TotalLocalSteps}, began: time.Now()}
}

// observe is told of every update of the global model. It reports whether the run is over.
func (s *simulation) observe(at sim.Point, run *sim.Run) bool {
	s.out.observe(at)
	s.shown.at(at)
	if s.board != nil && !math.IsNaN(at.Loss) {
		s.board.point(at, run.Stats())
	}
	return s.cmd.Target != nil && at.Loss <= *s.cmd.Target
}

// write writes result and model, and the summary to standard output if that is free.
func (s *simulation) write(p *problem) error {
	var err error
	if w := s.to.result.writer(); w != nil {
		text, e := s.out.json()
		if e == nil {
			_, e = w.Write(text) // of a file, commit says it too
		}
		err = s.to.result.failed(e)
	}
	if w := s.to.model.writer(); w != nil {
		e := s.to.model.failed(writeSafetensors(w, p.Layout(), s.out.res.Theta, s.out.metadata()))
		if e == nil {
			e = s.to.model.commit()
		}
		err = errors.Join(err, e)
	}
	if s.to.stdoutTaken() {
		return err
	}
	if s.cmd.Seeds > 1 {
		_, e := fmt.Fprintf(s.streams.out, "seed %d: %s\n", s.seed, s.out.line())
		return errors.Join(err, e)
	}
	return errors.Join(err, s.out.print(s.streams.out))
}

// progressAfter is how long a run lasts that shows its progress. Tests, on machines that
// may be slow, change it.
var progressAfter = time.Second

// A lateProgress is the progress of a run that lasts longer than that. Its zero value
// shows nothing.
type lateProgress struct {
	w     io.Writer
	lane  lane
	began time.Time
	last  sim.Point // that was evaluated before
	shown progress  // nil until then
}

func (l *lateProgress) at(p sim.Point) {
	if l.shown == nil {
		if !math.IsNaN(p.Loss) {
			l.last = p
		}
		if l.w == nil || time.Since(l.began) < progressAfter {
			return
		}
		l.shown = newProgress(l.w, []lane{l.lane})
		l.shown.at(0, l.last)
	}
	l.shown.at(0, p)
}

func (l *lateProgress) close() {
	if l.shown != nil {
		l.shown.close()
	}
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
