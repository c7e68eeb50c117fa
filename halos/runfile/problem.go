package runfile

import (
	"context"
	"fmt"
	"strings"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/optim"
)

// A Problem is what a run trains: a model, its data, its held-out loss.
type Problem interface {
	// Layout describes the parameter vector.
	Layout() optim.Layout
	// Init overwrites params with the initial model.
	Init(params []float32)
	// Objective returns an objective with work space of its own, for the worker of a
	// place. Objectives of different workers are used at the same time.
	Objective(of Place) halos.Objective
	// Loss returns the held-out loss of a model. It is not called twice at the
	// same time; it may use all cores.
	Loss(ctx context.Context, params []float32) (float64, error)
}

// A Place is where a worker is in a run. A problem that gives every region or every worker
// data of its own goes by it; others have no use for it.
type Place struct {
	Worker, Workers int // its number, from 0, of so many
	Region, Regions int // likewise
}

// NewProblem returns the problem of the run file with its seed, if it is one of the
// plugs that c knows. c must be valid.
func (c Config) NewProblem() (Problem, error) {
	plugs, p := c.known(), c.Workload.Problem
	r, ok := plugs.find(problem, p.Name)
	if !ok {
		return nil, fmt.Errorf("runfile: workload.problem.name is %q: want one of %s, or a Problem made in Go", p.Name, strings.Join(plugs.names(problem), ", "))
	}
	v, bad := r.values(p)
	if bad != nil {
		return nil, &fieldError{path: "workload.problem." + bad.key, value: bad.value, want: bad.want}
	}
	made, err := r.build.(func(Values, uint64) (Problem, error))(v, c.Seed)
	if err != nil {
		return nil, fmt.Errorf("runfile: workload.problem: %w", err)
	}
	return made, nil
}
