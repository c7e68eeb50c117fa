package main

import (
	"context"
	"errors"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
)

// How a trial of tune can end, beside endReached, endBudget and endFailed.
const (
	endLate     = "late"     // without the target when another trial of its method had it
	endDiverged = "diverged" // with a model that is not finite or a loss twice the initial one
)

// A trial is a run of a method with values of its own.
type trial struct {
	method method
	number int // 0: the values of the run file
	file   *runFile
	cfg    runfile.Config
	values map[string]string // by key, of the knobs that the run file has

	end  string
	err  error // of endFailed; before run, that the values do not fit
	time float64
	// steps and loss are those of the end.
	steps uint64
	loss  float64
}

// newTrial draws the values of a trial: a function of seed, method and number,
// and, if near is not nil, of that trial, most of whose values it keeps. steps,
// if not 0, is its budget in local steps.
func newTrial(m method, number int, near *trial, seed, steps uint64) (*trial, error) {
	f, err := newRunFile(m)
	if err != nil {
		return nil, err
	}
	if steps == 0 {
		steps = m.cfg.Workload.TotalLocalSteps
	}
	t := &trial{method: m, number: number, file: f, values: make(map[string]string)}
	h := fnv.New64a()
	_, _ = h.Write([]byte(m.file)) // never fails
	chance := rand.New(rand.NewPCG(seed, h.Sum64()+uint64(number)))
	budget := float64(steps) * float64(m.cfg.Workload.LocalBatchSize) / float64(m.cfg.Workload.GlobalBatchSize)
	for _, k := range spaceOf(m.cfg.Algorithm) {
		drawn := k.draw(chance)
		if f.find(k.key) == nil {
			continue
		}
		switch kept := near != nil && chance.Float64() < keep; {
		case kept:
			f.set(k.key, k.keep(near, f))
		case number > 0:
			f.set(k.key, k.value(drawn, f, budget))
		}
		t.values[k.key] = f.find(k.key).Value
	}
	t.cfg, err = f.config()
	if err == nil {
		t.cfg.Seed, t.cfg.Workload.TotalLocalSteps = seed, steps
		err = t.cfg.Validate()
	}
	if err != nil && number == 0 {
		return nil, err
	}
	t.err = err // drawn values may be too large for the budget together
	return t, nil
}

// keep is how probable it is that a trial near another keeps a value of it.
const keep = 0.65

// keep is the value that a trial had, for another one. Of a rate beside a delay
// it is the rate per delay that stays.
func (k knob) keep(near *trial, f *runFile) string {
	was := near.values[k.key]
	delay := strings.TrimSuffix(k.key, ".lr") + ".delay"
	if k.unit != delays || f.find(delay) == nil {
		return was
	}
	return strconv.FormatFloat(near.file.number(k.key)/near.file.number(delay)*f.number(delay), 'g', 6, 64)
}

// value is a drawn value as text.
func (k knob) value(drawn float64, f *runFile, budget float64) string {
	switch k.unit {
	case flag:
		return strconv.FormatBool(drawn == 1)
	case schedule:
		drawn = math.Ceil(drawn * budget)
	case delays:
		if delay := strings.TrimSuffix(k.key, ".lr") + ".delay"; f.find(delay) != nil {
			drawn *= f.number(delay)
		}
	}
	return strconv.FormatFloat(drawn, 'g', 6, 64)
}

// A goal is what a trial is for. It ends as soon as it cannot be the best.
type goal struct {
	target  float64 // loss to reach; NaN: the lowest at the end of the budget
	limit   float64 // simulated milliseconds in which another trial has reached it
	initial float64 // loss before any training
}

// run runs the trial in this goroutine and those that evaluate the loss. The
// error is the interrupt, or that the run file does not fit.
func (t *trial) run(ctx context.Context, p *problem, g goal) error {
	if t.err != nil {
		t.end, t.loss = endFailed, math.NaN()
		return nil
	}
	var run *sim.Run
	t.end = endBudget
	run, err := sim.New(t.cfg, p, sim.Options{Workers: 1, Observe: func(at sim.Point) bool {
		switch {
		case at.Loss <= g.target:
			t.end = endReached
		case at.Loss > 2*g.initial || math.IsNaN(at.Loss) && !finite(run.Params()):
			t.end = endDiverged
		case at.TimeMS > g.limit:
			t.end = endLate
		}
		return t.end != endBudget
	}})
	if err != nil {
		return usageError{err}
	}
	res, err := run.Run(ctx)
	t.time, t.steps, t.loss = res.TimeMS, res.Steps, res.Loss
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && finite(res.Theta) && !errors.Is(err, halos.ErrDiverged):
		t.end, t.err = endFailed, err
	case err != nil || math.IsNaN(res.Loss):
		t.end = endDiverged
	}
	return nil
}

// better reports whether t is better than u: the target first, then the time to
// it, then the loss; of equals the one with the smaller number.
func (t *trial) better(u *trial) bool {
	a, b := t.class(), u.class()
	switch {
	case a != b:
		return a < b
	case t.end == endReached && t.time != u.time:
		return t.time < u.time
	case t.end != endReached && t.loss != u.loss && !math.IsNaN(t.loss) && !math.IsNaN(u.loss):
		return t.loss < u.loss
	}
	return t.number < u.number
}

func (t *trial) class() int {
	switch t.end {
	case endReached:
		return 0
	case endBudget:
		return 1
	case endLate:
		return 2
	}
	return 3
}

// best returns the best trial, nil of none.
func best(trials []*trial) *trial {
	var first *trial
	for _, t := range trials {
		if first == nil || t.better(first) {
			first = t
		}
	}
	return first
}

func finite(params []float32) bool {
	var sum float32
	for _, x := range params {
		sum += x - x // 0, or NaN for ever
	}
	return sum == 0
}
