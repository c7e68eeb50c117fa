package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
)

type sweepCmd struct {
	methodSet
	Out     path      `default:"./halos-sweep" placeholder:"DIR" help:"Write sweep.csv and the figure into this folder; runs in its sweep.csv are not run again (default: ${default})."`
	Length  []float64 `default:"0.25,0.5,1,2" placeholder:"FACTOR" help:"Times the steps of lr_schedule, with which a run ends (default: ${default})."`
	Links   []float64 `default:"0.25,1,4,16" placeholder:"FACTOR" help:"Times the bandwidth of every link between regions (default: ${default})."`
	Batch   []uint64  `default:"1,2,4,8" placeholder:"SAMPLES" help:"Values of local_batch_size; global_batch_size goes with it, the number of samples stays (default: ${default})."`
	Seed    uint64    `default:"11" help:"Of data and initial model (default: ${default})."`
	Workers int       `default:"2" help:"Runs at a time. Results do not depend on it (default: ${default})."`
}

// sweepFiles are the files of a sweep.
var sweepFiles = []string{"sweep.csv", "sweep.png", "sweep.svg"}

// Run sweeps. Every run that ends is in sweep.csv at once. If it is interrupted, figure
// and table are of the runs that ended.
func (c sweepCmd) Run(ctx context.Context, s streams) error {
	methods, err := c.rivals()
	if err != nil {
		return usageError{err}
	}
	if c.Workers < 1 {
		return usageError{fmt.Errorf("--workers is %d: want at least 1", c.Workers)}
	}
	found, err := newSweep(c, methods)
	if err != nil {
		return usageError{err}
	}
	dir := string(c.Out)
	undo, err := c.folder(s.files, dir, methods, sweepFiles)
	if err != nil {
		return err
	}
	defer undo()
	table := filepath.Join(dir, "sweep.csv")
	if err := found.keep(table); err != nil {
		return usageError{err}
	}
	found.lines = s.err
	found.save = func() error {
		if err := s.files.write(table, found.writeCSV); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		return nil
	}
	err = c.run(ctx, found, methods[0])
	if !found.begun() {
		return err
	}
	for _, format := range []string{"png", "svg"} {
		picture := filepath.Join(dir, "sweep."+format)
		if e := s.files.write(picture, func(w io.Writer) error { return found.draw(w, format) }); e != nil {
			err = errors.Join(err, fmt.Errorf("--out: %w", e))
		}
	}
	return errors.Join(found.print(s.out), err)
}

// run runs what is not kept.
func (c sweepCmd) run(ctx context.Context, found *sweep, m method) error {
	if found.ended == len(found.runs()) {
		return nil
	}
	m.cfg.Seed = c.Seed
	p, err := newProblem(m, string(c.Data))
	if err != nil {
		return usageError{err}
	}
	defer p.Close()
	p.tell(found.lines)
	start, err := initial(ctx, p)
	if err != nil {
		return err
	}
	return found.run(ctx, p, start, c.Workers)
}

// rivals are the two methods: HALoS, then Async-Local-SGD.
func (c sweepCmd) rivals() ([]method, error) {
	all, err := c.read()
	if err != nil {
		return nil, err
	}
	var two []method
	for _, algorithm := range []string{runfile.HALoS, runfile.AsyncLocalSGD} {
		of := slices.DeleteFunc(slices.Clone(all), func(m method) bool { return m.cfg.Algorithm != algorithm })
		if len(of) != 1 {
			return nil, fmt.Errorf("%d run files have algorithm %s: want one", len(of), algorithm)
		}
		two = append(two, of[0])
	}
	if err := name(two); err != nil {
		return nil, err
	}
	return two, agree(two)
}

// A sweep is both methods at every point of a grid.
type sweep struct {
	title string
	seed  uint64
	axes  []axis
	duels []*duel // each once, in the order of the axes
	kept  [][]string

	mu    sync.Mutex // guards the records of duels, and what follows
	lines io.Writer  // gets a line when a run begins and when it ends
	save  func() error
	ended int
}

// run runs what is not done yet, workers runs at a time.
func (s *sweep) run(ctx context.Context, p *problem, start float64, workers int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan *sweepRun)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for r := range todo {
				if err := s.one(ctx, p, start, r); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, r := range s.runs() {
		if r.done {
			continue
		}
		select {
		case todo <- r:
		case <-ctx.Done():
		}
	}
	close(todo)
	wg.Wait()
	return context.Cause(ctx)
}

// one runs one run and saves it.
func (s *sweep) one(ctx context.Context, p *problem, start float64, r *sweepRun) error {
	s.say(r, "begins")
	began := time.Now()
	quarter := max(1, r.method.cfg.Workload.TotalLocalSteps/4)
	next := quarter
	found, err := race{r.method, s.seed, math.NaN(), start}.run(ctx, p, 1, func(at sim.Point) {
		if at.Steps >= next && !math.IsNaN(at.Loss) && at.Steps < 4*quarter {
			next = at.Steps/quarter*quarter + quarter
			s.say(r, strings.TrimSpace(describe(at, at.Loss)))
		}
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.record, r.done = found, true
	s.ended++
	end := fmt.Sprintf("loss %s at %s", lossText(float64(found.Loss)), virtual(found.TimeMS))
	if found.End == endFailed {
		end = found.Error
	}
	s.tell(r, fmt.Sprintf("%s, %.1fs; %d of %d", end, time.Since(began).Seconds(), s.ended, len(s.runs())))
	return s.save()
}

func (s *sweep) say(r *sweepRun, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(r, what)
}

func (s *sweep) tell(r *sweepRun, what string) {
	fmt.Fprintf(s.lines, "%-16s %-32s %s\n", r.method.name, r.at, what)
}

// runs are all runs, in the order of the duels.
func (s *sweep) runs() []*sweepRun {
	var all []*sweepRun
	for _, d := range s.duels {
		all = append(all, d.runs[:]...)
	}
	return all
}

// names are those of the two methods.
func (s *sweep) names() (one, other string) {
	return s.duels[0].runs[0].method.name, s.duels[0].runs[1].method.name
}

// begun reports whether there is a result.
func (s *sweep) begun() bool {
	return slices.ContainsFunc(s.runs(), func(r *sweepRun) bool { return r.done })
}

// print prints a table for each axis, of what is done.
func (s *sweep) print(w io.Writer) error {
	one, other := s.names()
	for _, a := range s.axes {
		heading := []string{a.name, one + " ends at", "after", other + " ends at", "after", "loss of both", one, other, "ratio"}
		lines := [][]string{heading}
		for _, d := range a.duels {
			if !d.runs[0].done && !d.runs[1].done {
				continue
			}
			v := d.verdict()
			lines = append(lines, []string{exact(d.value(a)),
				lossText(d.runs[0].loss()), virtual(d.runs[0].time()), lossText(d.runs[1].loss()), virtual(d.runs[1].time()),
				lossText(v.target), virtual(v.times[0]), virtual(v.times[1]), digits3(v.ratio)})
		}
		if len(lines) == 1 {
			continue
		}
		if err := writeColumns(w, lines); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "The ratio is the time of %s to the loss of both, over that of %s: above 1, %s is sooner.\n", other, one, one)
	return err
}
