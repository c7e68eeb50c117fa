package merge

import (
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// Replay is the three-way merge: it takes the global model and repeats on it what
// was applied to the local one while the exchange was in flight:
//
//	local = global + (local - base)
//
// The region gives up its own way at each merge, as with [Mix] at Alpha 1, but
// loses no update. It is for regions that should stay as close together as they
// can. With an [Accumulator] that carries, base becomes the global model, but for
// rounding: the next delta is what the global model has not seen, and no more.
//
// See [kernels.ReplayBase] and [kernels.ReplayCarry]. It remembers nothing.
type Replay struct{ state.Stateless }

var _ Merger = Replay{}

// Name implements [state.State].
func (Replay) Name() string { return "replay" }

// Merge implements [Merger].
func (Replay) Merge(local, base, global []float32, carry bool) {
	if carry {
		kernels.ReplayCarry(local, base, global)
		return
	}
	kernels.ReplayBase(local, base, global)
}
