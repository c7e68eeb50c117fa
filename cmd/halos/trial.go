package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
)

// How a trial of tune can end, beside endReached, endBudget and endFailed.
const (
	endPruned   = "pruned"   // stopped: it cannot be the best any more, see trial.run
	endDiverged = "diverged" // by halos.ErrDiverged
)

// A trial is a run of a method with values of its own.
type trial struct {
	method method
	number int // 0: the values of the run file
	file   *runFile
	cfg    runfile.Config
	values []float64 // by knob
	texts  []string  // by knob, as in the run file
	unfit  error     // why the values do not fit together
	result
}

// A result is how a trial ended.
type result struct {
	end string  // "": it has not
	err error   // of endFailed
	ms  float64 // simulated time
	// steps and loss are those of the end.
	steps uint64
	loss  float64
	wall  time.Duration
}

// newTrial makes a trial with values of its space, the run file's own if they are
// nil.
func newTrial(m method, s space, number int, values []float64) (*trial, error) {
	f, err := newRunFile(m)
	if err != nil {
		return nil, err
	}
	t := &trial{method: m, number: number, file: f, values: values}
	if values == nil {
		t.values = s.values(f)
	} else {
		s.set(f, values)
	}
	t.texts = s.texts(t.values)
	t.cfg, err = f.config()
	if err == nil {
		t.cfg.Seed, t.cfg.Workload.TotalLocalSteps = s.cfg.Seed, s.cfg.Workload.TotalLocalSteps
		err = t.cfg.Validate()
	}
	if err != nil && number == 0 {
		return nil, err
	}
	t.unfit = err // drawn values may be too large for the budget together
	return t, nil
}

// A goal is what a trial is for.
type goal struct {
	target  float64 // loss to reach; NaN: the lowest at the end of the budget
	limit   float64 // simulated milliseconds in which another trial has reached it
	initial float64 // loss before any training
}

// run runs the trial in this goroutine and those that evaluate the loss. It is
// pruned when another trial has had the target at this time, or when it is worse than
// an untrained model after half of the budget. The error is the interrupt, or that the
// run file does not fit.
func (t *trial) run(ctx context.Context, p *problem, g goal) (result, error) {
	if t.unfit != nil {
		return result{end: endFailed, err: t.unfit, loss: math.NaN()}, nil
	}
	end, began := endBudget, time.Now()
	run, err := sim.New(t.cfg, p, sim.Options{Workers: 1, Observe: func(at sim.Point) bool {
		switch {
		case at.Loss <= g.target:
			end = endReached
		case at.TimeMS > g.limit, at.Loss > g.initial && 2*at.Steps >= t.cfg.Workload.TotalLocalSteps:
			end = endPruned
		}
		return end != endBudget
	}})
	if err != nil {
		return result{}, usageError{err}
	}
	res, err := run.Run(ctx)
	if ctx.Err() != nil {
		return result{}, context.Cause(ctx)
	}
	if err == nil && math.IsNaN(res.Loss) {
		err = errors.New("the loss of the model is NaN")
	}
	switch {
	case errors.Is(err, halos.ErrDiverged):
		end, err = endDiverged, nil
	case err != nil:
		end = endFailed
	}
	return result{end, err, res.TimeMS, res.Steps, res.Loss, time.Since(began)}, nil
}

// better reports whether t is better than u: the target first, then the time to
// it, then the loss; of equals the one with the smaller number.
func (t *trial) better(u *trial) bool {
	a, b := t.class(), u.class()
	switch {
	case a != b:
		return a < b
	case t.end == endReached && t.ms != u.ms:
		return t.ms < u.ms
	case a == 1 || a == 2:
		if t.loss != u.loss {
			return t.loss < u.loss
		}
	}
	return t.number < u.number
}

func (t *trial) class() int {
	switch t.end {
	case endReached:
		return 0
	case endBudget:
		return 1
	case endPruned:
		return 2
	}
	return 3
}

// best returns the best trial that ended, nil if there is none.
func best(trials []*trial) *trial {
	var first *trial
	for _, t := range trials {
		if t.end != "" && (first == nil || t.better(first)) {
			first = t
		}
	}
	return first
}

// how says in words how good the trial is.
func (t *trial) how() string {
	if t.end == endReached {
		return fmt.Sprintf("%s after %s", t.end, virtual(t.ms))
	}
	return fmt.Sprintf("%s, loss %s", t.end, lossText(t.loss))
}
