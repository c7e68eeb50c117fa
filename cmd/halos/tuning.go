package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

// wave is how many trials of a method run between two looks at the best so far,
// after which the others need not run for longer. It is a constant, and not the
// number of cores, so that where each trial ends depends on nothing else.
const wave = 4

// A tuning is the trials of all methods.
type tuning struct {
	tuneCmd
	methods []method
	trials  [][]*trial // by method
	workers chan struct{}
	problem *problem
	initial float64
	target  float64

	mu    sync.Mutex // guards lines
	lines io.Writer  // gets a line when a trial ends
}

func newTuning(c tuneCmd, methods []method) (*tuning, error) {
	t := &tuning{tuneCmd: c, methods: methods, workers: make(chan struct{}, c.Workers), trials: make([][]*trial, len(methods))}
	for i, m := range methods { // a run file that does not fit shows now
		if err := t.draw(i, 0, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", m.file, err)
		}
		t.trials[i] = nil
	}
	return t, nil
}

// run runs all trials: those of Sync SGD, whose best sets the target, and then
// all other methods side by side.
func (t *tuning) run(ctx context.Context) (err error) {
	if t.initial, err = initial(ctx, t.problem); err != nil {
		return err
	}
	last := len(t.trials) - 1
	if err := t.search(ctx, last, math.NaN()); err != nil {
		return err
	}
	won := best(t.trials[last])
	if won.end != endBudget {
		return fmt.Errorf("%s: no trial comes to its end: there is no target", won.method.name)
	}
	t.target = won.loss
	errs := make([]error, last)
	var wg sync.WaitGroup
	for i := range last {
		wg.Go(func() { errs[i] = t.search(ctx, i, t.target) })
	}
	wg.Wait()
	return first(errs)
}

// search runs the trials of a method in waves: the first quarter of them drawn
// from the whole space, the others near the best so far.
func (t *tuning) search(ctx context.Context, method int, target float64) error {
	limit := math.Inf(1)
	var near *trial
	for done := 0; done < t.Trials; done = len(t.trials[method]) {
		for i := done; i < min(done+wave, t.Trials); i++ {
			if err := t.draw(method, i, near); err != nil {
				return err
			}
		}
		if err := t.together(ctx, t.trials[method][done:], goal{target, limit, t.initial}); err != nil {
			return err
		}
		b := best(t.trials[method])
		if b.end == endReached {
			limit = b.time
		}
		if 4*len(t.trials[method]) >= t.Trials {
			near = b
		}
	}
	return nil
}

// draw adds a trial to those of a method.
func (t *tuning) draw(method, number int, near *trial) error {
	tr, err := newTrial(t.methods[method], number, near, t.Seed, t.Steps)
	if err != nil {
		return fmt.Errorf("trial %d: %w", number, err)
	}
	t.trials[method] = append(t.trials[method], tr)
	return nil
}

// together runs trials side by side, as far as there are workers.
func (t *tuning) together(ctx context.Context, trials []*trial, g goal) error {
	errs := make([]error, len(trials))
	var wg sync.WaitGroup
	for i, tr := range trials {
		wg.Go(func() {
			t.workers <- struct{}{}
			defer func() { <-t.workers }()
			if errs[i] = tr.run(ctx, t.problem, g); errs[i] != nil {
				tr.end = ""
				return
			}
			t.mu.Lock()
			defer t.mu.Unlock()
			fmt.Fprintln(t.lines, tr)
		})
	}
	wg.Wait()
	return first(errs)
}

// String is the line about a trial that ended.
func (t *trial) String() string {
	var values []string
	for _, k := range spaceOf(t.method.cfg.Algorithm) {
		if v, ok := t.values[k.key]; ok {
			values = append(values, k.key+"="+v)
		}
	}
	return fmt.Sprintf("%-16s %3d  %-8s %10s  loss %s  %s", t.method.name, t.number, t.end, virtual(t.time), lossText(t.loss), strings.Join(values, " "))
}

// writeCSV writes every trial that ended, with a column for every knob.
func (t *tuning) writeCSV(w io.Writer) error {
	var keys []string
	for _, m := range t.methods {
		for _, k := range spaceOf(m.cfg.Algorithm) {
			if !slices.Contains(keys, k.key) {
				keys = append(keys, k.key)
			}
		}
	}
	out := csv.NewWriter(w)
	_ = out.Write(append([]string{"method", "trial", "best", "end", "time_ms", "steps", "loss", "error"}, keys...)) // Error reports it
	for _, trials := range t.trials {
		ended := slices.DeleteFunc(slices.Clone(trials), func(t *trial) bool { return t.end == "" })
		for _, tr := range ended {
			line := []string{tr.method.name, fmt.Sprint(tr.number), fmt.Sprint(tr == best(ended)), tr.end,
				exact(tr.time), whole(tr.steps), exact(tr.loss), ""}
			if tr.err != nil {
				line[7] = tr.err.Error()
			}
			for _, k := range keys {
				line = append(line, tr.values[k])
			}
			_ = out.Write(line)
		}
	}
	out.Flush()
	return out.Error()
}

// first returns the first error.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
