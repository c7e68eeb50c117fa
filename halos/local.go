package halos

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/optim"
)

// LocalConfig describes a [Local].
type LocalConfig struct {
	// Objective gives the gradients.
	Objective Objective
	// Params is the number of parameters.
	Params int
	// Backend is where the local steps are made: Objective and Optimizer get vectors
	// that are there. nil: ordinary memory, [kernels.CPU]. Train copies the parameters
	// there and back, and returns its error if it has failed. Whoever made it closes it,
	// after the last Train.
	Backend kernels.Backend
	// Optimizer is the inner optimizer. Its state stays here, from round to round.
	Optimizer optim.Optimizer
	// LR is the inner learning rate: local step h, from 0, of a round takes
	// LR.At(Claim.LRStep + h + 1).
	LR optim.Schedule
	// ClipNorm bounds the global L2 norm of each gradient. 0: unbounded.
	ClipNorm float64
}

// Local is the Trainer of those who have gradients and need no more: local
// steps of an optimizer of package optim, with clipping and a schedule.
type Local struct {
	cfg         LocalConfig
	model, grad []float32         // in the Backend; no model on the CPU
	one         [1]optim.Gradient // grad, as the Optimizer takes it
	skipped     int               // gradients since one was finite
}

// NewLocal returns a Local. An error names the field of cfg that is wrong.
func NewLocal(cfg LocalConfig) (*Local, error) {
	switch {
	case isNil(cfg.Objective):
		return nil, fmt.Errorf("halos: LocalConfig.Objective is nil: want one")
	case cfg.Params < 1:
		return nil, fmt.Errorf("halos: LocalConfig.Params is %d: want at least 1", cfg.Params)
	case isNil(cfg.Optimizer):
		return nil, fmt.Errorf("halos: LocalConfig.Optimizer is nil: want one, as &optim.AdamW{}")
	case isNil(cfg.LR):
		return nil, fmt.Errorf("halos: LocalConfig.LR is nil: want a schedule, as optim.Constant(0.001)")
	case !(cfg.ClipNorm >= 0):
		return nil, fmt.Errorf("halos: LocalConfig.ClipNorm is %v: want at least 0", cfg.ClipNorm)
	}
	if err := cfg.LR.Validate(); err != nil {
		return nil, fmt.Errorf("halos: LocalConfig.LR: %w", err)
	}
	if cfg.Backend == nil {
		cfg.Backend = kernels.CPU{}
	}
	if isNil(cfg.Backend) {
		return nil, fmt.Errorf("halos: LocalConfig.Backend is a nil %T: want nil, or one that is open", cfg.Backend)
	}
	if err := cfg.Optimizer.Init(cfg.Backend, cfg.Params); err != nil {
		return nil, fmt.Errorf("halos: LocalConfig.Optimizer: %w", err)
	}
	l := &Local{cfg: cfg}
	vectors := []*[]float32{&l.grad}
	if cfg.Backend != (kernels.CPU{}) {
		vectors = append(vectors, &l.model)
	}
	if err := state.Make(cfg.Backend, cfg.Params, vectors...); err != nil {
		return nil, fmt.Errorf("halos: LocalConfig.Params: %w", err)
	}
	l.one[0].Values = l.grad
	return l, nil
}

// Train implements [Trainer]: task.Steps steps, each on its share of the claim. It reports
// the loss of each. A local step whose gradient is not finite is left out, so that the
// optimizer's state stays sound; ten in a row are an error. If the model is not finite at
// the end, the worker drops the round, and the optimizer begins anew.
func (l *Local) Train(ctx context.Context, params []float32, task Task) error {
	c := task.Claim
	switch {
	case len(params) != l.cfg.Params:
		return fmt.Errorf("halos: model has %d parameters: want the %d of LocalConfig.Params", len(params), l.cfg.Params)
	case task.Steps == 0 && !task.Gradient:
		return fmt.Errorf("halos: task has 0 local steps: want at least 1")
	case c.Count == 0 || !task.Gradient && c.Count%task.Steps != 0:
		return fmt.Errorf("halos: claim of %d samples: want a multiple of %d local steps", c.Count, task.Steps)
	}
	if l.model == nil {
		return l.train(ctx, params, &task)
	}
	kernels.Copy(l.model, params)
	if err := l.train(ctx, l.model, &task); err != nil {
		return err
	}
	kernels.Copy(params, l.model)
	return l.cfg.Backend.Err()
}

func (l *Local) train(ctx context.Context, params []float32, task *Task) error {
	c := task.Claim
	if task.Gradient {
		loss, err := l.cfg.Objective.Gradient(ctx, l.grad, params, c.First, c.Count)
		task.Report(loss)
		kernels.Copy(params, l.grad)
		return err
	}
	batch := c.Count / task.Steps
	for h := range task.Steps {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		loss, err := l.cfg.Objective.Gradient(ctx, l.grad, params, c.First+h*batch, batch)
		if err != nil {
			return err
		}
		task.Report(loss)
		if err := l.step(params, l.cfg.LR.At(c.LRStep+h+1)); err != nil {
			return err
		}
	}
	if !kernels.Finite(params) && l.cfg.Backend.Err() == nil {
		l.cfg.Optimizer.Reset() // what it has made of finite gradients is of no more use
	}
	return nil
}

// step moves params along grad.
func (l *Local) step(params []float32, lr float64) error {
	if !l.sound() {
		if l.skipped++; l.skipped >= maxRefusals && l.cfg.Backend.Err() == nil {
			return fmt.Errorf("%w: gradient, %d times in a row", ErrDiverged, l.skipped)
		}
		return nil
	}
	l.skipped = 0
	l.one[0].LR = lr
	l.cfg.Optimizer.Step(params, l.one[:]...)
	return nil
}

// sound clips the gradient, and reports whether it is finite. The norm says so too.
func (l *Local) sound() bool {
	if l.cfg.ClipNorm == 0 {
		return kernels.Finite(l.grad)
	}
	norm := kernels.Clip(l.grad, l.cfg.ClipNorm)
	return norm-norm == 0
}
