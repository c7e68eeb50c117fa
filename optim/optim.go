package optim

import (
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// An Optimizer updates a parameter vector along gradients. The same types serve as
// inner optimizer of a worker, with gradients, and as outer optimizer of a server,
// with pseudo-gradients: the model before some local steps less the model after them.
type Optimizer interface {
	// Step updates params, in place, along each of grads in turn. The learning rate
	// comes with a gradient because it is the caller who knows the step: see
	// [Schedule]. One call with several gives the bits of several calls with one, but
	// may be faster: a server passes all updates that wait. All vectors have the
	// length given to Init. params is in the Backend given to Init, the gradients are
	// there or in ordinary memory; they are lent and are not changed. No slice is kept.
	Step(params []float32, grads ...Gradient)
	state.State
}

// A Gradient is a gradient, or a pseudo-gradient, and the learning rate of the step
// along it.
type Gradient = kernels.Gradient
