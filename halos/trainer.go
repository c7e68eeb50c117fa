package halos

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/halos-go/sdk/kernels"
)

// A Trainer does a worker's local steps. It is all that an embedder must write.
type Trainer interface {
	// Train moves params, in place, by task.Steps local steps on the samples of
	// task.Claim. If task.Gradient is set it instead overwrites params with the
	// mean gradient at params over the claim; only workers that were configured so
	// ask for it. params is ordinary memory; task.Params is not for it to use. Train is
	// never called twice at the same time for one worker. State of its own, as that of
	// the inner optimizer, stays with it from round to round. It may tell losses by
	// task.Report. An error ends the worker, which leaves its server first; so does the
	// end of ctx, on which Train should return.
	Train(ctx context.Context, params []float32, task Task) error
}

// TrainerFunc adapts a function to [Trainer].
type TrainerFunc func(ctx context.Context, params []float32, task Task) error

// Train implements [Trainer].
func (f TrainerFunc) Train(ctx context.Context, params []float32, task Task) error {
	if f == nil {
		return errors.New("halos: TrainerFunc is nil: want a function")
	}
	return f(ctx, params, task)
}

// An Objective is a loss with its gradient, for [Local].
type Objective interface {
	// Gradient overwrites grad with the mean gradient at params over the samples
	// [first, first+count) and returns their mean loss. Both slices are lent, and in
	// the Backend of the Local.
	Gradient(ctx context.Context, grad, params []float32, first, count uint64) (loss float64, err error)
}

// Report tells the loss of some of the round's samples. The mean of all that is told in a
// round is in the event [Finished]. Only the goroutine of Train may call it.
func (t Task) Report(loss float64) {
	if l := t.losses; l != nil {
		l.sum += loss
		l.n++
	}
}

// losses are those of one round.
type losses struct {
	sum float64
	n   int
}

// mean is NaN if there are none.
func (l *losses) mean() float64 {
	if l.n == 0 {
		return math.NaN()
	}
	return l.sum / float64(l.n)
}

// Round carries out task with t, for drivers. It overwrites update with the
// pseudo-gradient, or with the gradient if the task asks for that; params is
// work space. Both have the length of task.Params, and update may be that very slice. The
// worker then wants to hear the result, or a [Failed] with the error.
func Round(ctx context.Context, t Trainer, task Task, params, update []float32) (Trained, error) {
	start := task.Params
	if len(params) != len(start) || len(update) != len(start) {
		return Trained{}, fmt.Errorf("round %d: %d and %d parameters of work space: want %d", task.Round, len(params), len(update), len(start))
	}
	loss, err := train(ctx, t, task, params)
	switch {
	case err != nil:
		return Trained{}, err
	case task.Gradient:
		kernels.Copy(update, params)
	default:
		kernels.Delta(update, start, params)
	}
	return Trained{Update: update, Loss: loss}, nil
}

// train lets t train in params, from task.Params on, and returns the mean loss.
func train(ctx context.Context, t Trainer, task Task, params []float32) (loss float64, err error) {
	if t == nil {
		return 0, fmt.Errorf("round %d: Trainer is nil: want one", task.Round)
	}
	kernels.Copy(params, task.Params)
	l := task.losses
	if l == nil {
		l = new(losses)
	}
	*l = losses{}
	task.Params, task.losses = nil, l
	if err := t.Train(ctx, params, task); err != nil {
		return 0, fmt.Errorf("round %d: %w", task.Round, err)
	}
	return l.mean(), nil
}
