package merge

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// Mix moves the local model a share Alpha of the way to the global one, as HALoS
// does:
//
//	local = (1-Alpha)*local + Alpha*global
//
// See [kernels.MixBase] and [kernels.MixCarry]. It remembers nothing.
type Mix struct {
	// Alpha is the weight of the global model: 0 <= Alpha <= 1. HALoS has 0.25.
	// At 0 regions go their own ways; at 1 each merge throws away what was applied
	// while the exchange was in flight: see [Replay].
	Alpha float64

	state.Stateless
}

var _ Merger = Mix{}

// Name implements [state.State].
func (m Mix) Name() string { return fmt.Sprintf("mix(alpha=%g)", m.Alpha) }

// Init implements [state.State].
func (m Mix) Init(b kernels.Backend, n int) error {
	if !(m.Alpha >= 0 && m.Alpha <= 1) { // also for NaN
		return fmt.Errorf("merge: Mix.Alpha is %g: want 0 <= Alpha <= 1", m.Alpha)
	}
	return m.Stateless.Init(b, n)
}

// Merge implements [Merger].
func (m Mix) Merge(local, base, global []float32, carry bool) {
	if carry {
		kernels.MixCarry(local, base, global, m.Alpha)
		return
	}
	kernels.MixBase(local, base, global, m.Alpha)
}
