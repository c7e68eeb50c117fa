package halos

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/kernels"
)

// A Trainer does a worker's local steps. It is all that an embedder must write.
type Trainer interface {
	// Train moves params, in place, by task.Steps local steps on the samples of
	// task.Claim. If task.Gradient is set it instead overwrites params with the
	// mean gradient at params over the claim; only workers that were configured so
	// ask for it. params is ordinary memory; task.Params is not for it to use. Train is
	// never called twice at the same time for one worker. State of its own, as that of
	// the inner optimizer, stays with it from round to round. An error ends the worker;
	// so does the end of ctx, on which Train should return.
	Train(ctx context.Context, params []float32, task Task) error
}

// TrainerFunc adapts a function to [Trainer].
type TrainerFunc func(ctx context.Context, params []float32, task Task) error

// Train implements [Trainer].
func (f TrainerFunc) Train(ctx context.Context, params []float32, task Task) error {
	return f(ctx, params, task)
}

// An Objective is a loss with its gradient, for [Local].
type Objective interface {
	// Gradient overwrites grad with the mean gradient at params over the samples
	// [first, first+count) and returns their mean loss. Both slices are lent, and in
	// the Backend of the Local.
	Gradient(ctx context.Context, grad, params []float32, first, count uint64) (loss float64, err error)
}

// Round carries out task with t, for drivers: it overwrites update with the
// pseudo-gradient, or with the gradient if the task asks for that. params is
// work space. Both have the length of task.Params.
func Round(ctx context.Context, t Trainer, task Task, params, update []float32) error {
	copy(params, task.Params)
	copy(update, task.Params)
	task.Params = nil
	if err := t.Train(ctx, params, task); err != nil {
		return fmt.Errorf("halos: round %d: %w", task.Round, err)
	}
	if task.Gradient {
		copy(update, params)
	} else {
		kernels.Delta(update, update, params)
	}
	return nil
}
