package main

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/merge"
)

// Bounded moves the local model toward the global one as [merge.Mix] does, but
// never further than Most, so that a region which was away for long comes back
// in several small merges and not with one jump:
//
//	share = min(Alpha, Most / ‖global-local‖)
//	local = (1-share)*local + share*global
type Bounded struct {
	Alpha float64 // weight of a global model that is near: 0 <= Alpha <= 1
	Most  float64 // the longest way of one merge, as an L2 norm; above 0

	way  []float32 // work space: nothing to remember
	once state.Once
	state.Stateless
}

var _ merge.Merger = (*Bounded)(nil)

// Name implements [state.State].
func (b *Bounded) Name() string { return fmt.Sprintf("bounded(alpha=%g,most=%g)", b.Alpha, b.Most) }

// Init implements [state.State].
func (b *Bounded) Init(place kernels.Backend, n int) error {
	switch { // the conditions are such that NaN fails them
	case !(b.Alpha >= 0 && b.Alpha <= 1):
		return fmt.Errorf("bounded: Alpha is %g: want 0 <= Alpha <= 1", b.Alpha)
	case !(b.Most > 0):
		return fmt.Errorf("bounded: Most is %g: want more than 0", b.Most)
	case n < 1:
		return fmt.Errorf("bounded: %d parameters: want at least 1", n)
	}
	return b.once.Do("bounded", func() error { return state.Make(place, n, &b.way) })
}

// Merge implements [merge.Merger]. The two kernels set base as the interface says.
func (b *Bounded) Merge(local, base, global []float32, carry bool) {
	kernels.Delta(b.way, global, local)
	share := min(b.Alpha, b.Most/kernels.Norm(b.way)) // equal models: Most/0 is infinite, so Alpha
	if carry {
		kernels.MixCarry(local, base, global, share)
		return
	}
	kernels.MixBase(local, base, global, share)
}
