package momentum

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// A Momentum remembers past gradients and moves parameters along each new one
// with that memory. No momentum at all is a nil Momentum in optim.SGD. Package
// optim/optimtest checks a Momentum by way of an optim.SGD.
type Momentum interface {
	// Apply moves params, in place, along each of grads in turn, by minus its rate
	// times the direction for it: one call with several gives the bits of several
	// calls with one. All vectors have the length given to Init. params is in the
	// Backend given to Init, the gradients are there or in ordinary memory; they are
	// lent and are not changed. No slice is kept.
	Apply(params []float32, grads ...kernels.Gradient)
	state.State
}

// inTurn calls do for pieces [lo, hi) that cover 0 to n, on several goroutines.
// Several gradients that are applied in turn to a piece that stays in the cache cost
// one pass through memory and not one each: 1024 parameters, two vectors of state and
// a gradient fill half of a first-level cache. Elsewhere than in ordinary memory it is
// one call: there a call costs more than a pass.
func inTurn(params []float32, do func(lo, hi int)) {
	const piece = 1024
	if kernels.Where(params) != (kernels.CPU{}) {
		do(0, len(params))
		return
	}
	kernels.Split(len(params), func(lo, hi int) {
		for ; lo < hi; lo += piece {
			do(lo, min(lo+piece, hi))
		}
	})
}

// sameLength panics unless all vectors have n elements.
func sameLength(n int, params []float32, grads []kernels.Gradient) {
	ok := len(params) == n
	for _, g := range grads {
		ok = ok && len(g.Values) == n
	}
	if !ok {
		panic("momentum: vectors differ from the length given to Init")
	}
}

// isNil is the error for a Momentum that is a nil pointer.
func isNil(plug string) error {
	return fmt.Errorf("momentum: %s is nil: want one, as &momentum.%s{}", plug, plug)
}

// check wants a decay below one, else the past would never fade, and at least
// one parameter.
func check(plug, field string, decay float64, n int) error {
	if !(decay >= 0 && decay < 1) { // also for NaN
		return fmt.Errorf("momentum: %s.%s is %g: want 0 <= %s < 1", plug, field, decay, field)
	}
	if n < 1 {
		return fmt.Errorf("momentum: %s for %d parameters: want at least 1", plug, n)
	}
	return nil
}
