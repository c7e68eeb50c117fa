package momentum

import (
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// Delayed is delayed Nesterov momentum (arXiv 2401.09135), the outer
// optimizer of HALoS at both levels. Gradient t, counted from 1, does
//
//	D += g
//	if t mod Every != 0 {
//		p -= lr * (C*Beta*m + g/Every)
//	} else {
//		m = Beta*m + D/Every
//		p -= lr * ((1 - C*Every + C)*Beta*m + g/Every)
//		D = 0
//	}
//
// with m = D = 0 at the beginning. The rounding is that of
// [kernels.DelayedPlain], [kernels.DelayedPlainC] and [kernels.DelayedStep], and the
// first gradient of a window is not added to D = 0 but put in its place.
//
// In the long run one gradient moves the parameters by lr/Every/(1-Beta) times
// itself. Some programs quote a nominal rate and multiply it by Every; lr is the
// one in the formula.
//
// It holds two vectors.
type Delayed struct {
	// Beta is the decay of the momentum at each refresh: 0 <= Beta < 1. HALoS
	// has 0.9 in the regions and 0.5 above them.
	Beta float64
	// Every is the number of gradients from one refresh of the momentum to the
	// next, at least 1: the more, the older the gradients that arrive. HALoS has
	// 16 in the regions and 2 above them. With 1 it is [Nesterov].
	Every int
	// C is the share of the momentum that each gradient between two refreshes
	// applies: 0 <= C <= 1. At 0, as in HALoS, all of it is applied at the
	// refresh; at 1/Every, in equal parts. The sum is the same for any C; above
	// 1/(Every-1) the refresh takes back what the others overdid.
	C float64

	t    uint64 // gradients so far
	m, d []float32
	once state.Once
}

var _ Momentum = (*Delayed)(nil)

// Name implements [state.State].
func (x *Delayed) Name() string {
	return fmt.Sprintf("delayed(beta=%g,every=%d,c=%g)", x.Beta, x.Every, x.C)
}

// Init implements [state.State].
func (x *Delayed) Init(b kernels.Backend, n int) error {
	if x == nil {
		return isNil("Delayed")
	}
	return x.once.Do("momentum: Delayed", func() error {
		if err := x.validate(n); err != nil {
			return err
		}
		return state.Make(b, n, &x.m, &x.d)
	})
}

// Reset implements [state.State].
func (x *Delayed) Reset() {
	x.t = 0
	state.Zero(x.m, x.d)
}

func (x *Delayed) validate(n int) error {
	if x.Every < 1 {
		return fmt.Errorf("momentum: Delayed.Every is %d: want at least 1", x.Every)
	}
	if !(x.C >= 0 && x.C <= 1) {
		return fmt.Errorf("momentum: Delayed.C is %g: want 0 <= C <= 1", x.C)
	}
	return check("Delayed", "Beta", x.Beta, n)
}

// Apply implements [Momentum].
func (x *Delayed) Apply(params []float32, grads ...kernels.Gradient) {
	sameLength(len(x.m), params, grads)
	if len(grads) == 1 {
		x.apply(0, len(params), params, x.t+1, grads[0])
	} else {
		inTurn(params, func(lo, hi int) { x.applyAll(lo, hi, params, grads) })
	}
	x.t += uint64(len(grads))
}

// applyAll applies grads to the parameters from lo to hi.
func (x *Delayed) applyAll(lo, hi int, params []float32, grads []kernels.Gradient) {
	for k := 0; k < len(grads); {
		t := x.t + 1 + uint64(k)
		place := int(t % uint64(x.Every))
		if x.C != 0 || place < 2 {
			x.apply(lo, hi, params, t, grads[k])
			k++
			continue
		}
		var plain [4]kernels.Gradient // those up to the last of the window, which is none
		n := min(len(plain), len(grads)-k, x.Every-place)
		for i, g := range grads[k : k+n] {
			plain[i] = kernels.Gradient{Values: g.Values[lo:hi], LR: g.LR}
		}
		kernels.DelayedPlains(params[lo:hi], x.d[lo:hi], plain[:n], x.Every)
		k += n
	}
}

// apply applies gradient t to the parameters from lo to hi.
func (x *Delayed) apply(lo, hi int, params []float32, t uint64, grad kernels.Gradient) {
	p, m, d, g := params[lo:hi], x.m[lo:hi], x.d[lo:hi], grad.Values[lo:hi]
	lr, n, cb := grad.LR, x.Every, x.C*x.Beta
	switch place := t % uint64(n); {
	case place == 0:
		coef := (1 - float64(x.C*float64(n)) + x.C) * x.Beta
		kernels.DelayedStep(p, m, d, g, lr, x.Beta, coef, n)
	case place == 1 && x.C == 0:
		kernels.DelayedFirst(p, d, g, lr, n)
	case place == 1:
		kernels.DelayedFirstC(p, d, m, g, lr, cb, n)
	case x.C == 0:
		kernels.DelayedPlain(p, d, g, lr, n)
	default:
		kernels.DelayedPlainC(p, d, m, g, lr, cb, n)
	}
}

// WriteTo implements [state.State].
func (x *Delayed) WriteTo(w io.Writer) (int64, error) {
	return state.Write(w, x.Name(), []uint64{x.t}, x.m, x.d)
}

// ReadFrom implements [state.State].
func (x *Delayed) ReadFrom(r io.Reader) (int64, error) {
	counters := []uint64{x.t}
	n, err := state.Read(r, x.Name(), counters, x.m, x.d)
	x.t = counters[0]
	return n, err
}
