package runfile

import (
	"context"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/optim"
)

// A Problem is what a simulated run trains: a model, its data, its held-out loss.
type Problem interface {
	// Layout describes the parameter vector.
	Layout() optim.Layout
	// Init overwrites params with the initial model.
	Init(params []float32)
	// Objective returns an objective with work space of its own, for one worker.
	// Objectives of different workers are used at the same time.
	Objective() halos.Objective
	// Loss returns the held-out loss of a model. It is not called twice at the
	// same time; it may use all cores.
	Loss(ctx context.Context, params []float32) (float64, error)
}
