package momentum

import (
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// Nesterov is Nesterov's momentum as torch.optim.SGD has it, DiLoCo's outer step
// (arXiv 2311.08105, with Mu 0.9):
//
//	buf = Mu*buf + g
//	p -= lr * (g + Mu*buf)
//
// with buf = 0 at the beginning; see [kernels.Nesterov]. It holds one vector.
type Nesterov struct {
	Mu float64 // decay of the momentum at each gradient: 0 <= Mu < 1

	buf  []float32
	once state.Once
}

var _ Momentum = (*Nesterov)(nil)

// Name implements [state.State].
func (x *Nesterov) Name() string { return fmt.Sprintf("nesterov(mu=%g)", x.Mu) }

// Init implements [state.State].
func (x *Nesterov) Init(b kernels.Backend, n int) error {
	if x == nil {
		return isNil("Nesterov")
	}
	return x.once.Do("momentum: Nesterov", func() error {
		if err := check("Nesterov", "Mu", x.Mu, n); err != nil {
			return err
		}
		return state.Make(b, n, &x.buf)
	})
}

// Reset implements [state.State].
func (x *Nesterov) Reset() { state.Zero(x.buf) }

// Apply implements [Momentum].
func (x *Nesterov) Apply(params []float32, grads ...kernels.Gradient) {
	sameLength(len(x.buf), params, grads)
	if len(grads) == 1 {
		kernels.Nesterov(params, x.buf, grads[0].Values, grads[0].LR, x.Mu)
		return
	}
	inTurn(params, func(lo, hi int) {
		for _, g := range grads {
			kernels.Nesterov(params[lo:hi], x.buf[lo:hi], g.Values[lo:hi], g.LR, x.Mu)
		}
	})
}

// WriteTo implements [state.State].
func (x *Nesterov) WriteTo(w io.Writer) (int64, error) {
	return state.Write(w, x.Name(), nil, x.buf)
}

// ReadFrom implements [state.State].
func (x *Nesterov) ReadFrom(r io.Reader) (int64, error) {
	return state.Read(r, x.Name(), nil, x.buf)
}

// HeavyBall is Polyak's momentum:
//
//	buf = Mu*buf + g
//	p -= lr * buf
//
// with buf = 0 at the beginning; see [kernels.HeavyBall]. It holds one vector.
type HeavyBall struct {
	Mu float64 // decay of the momentum at each gradient: 0 <= Mu < 1

	buf  []float32
	once state.Once
}

var _ Momentum = (*HeavyBall)(nil)

// Name implements [state.State].
func (x *HeavyBall) Name() string { return fmt.Sprintf("heavyball(mu=%g)", x.Mu) }

// Init implements [state.State].
func (x *HeavyBall) Init(b kernels.Backend, n int) error {
	if x == nil {
		return isNil("HeavyBall")
	}
	return x.once.Do("momentum: HeavyBall", func() error {
		if err := check("HeavyBall", "Mu", x.Mu, n); err != nil {
			return err
		}
		return state.Make(b, n, &x.buf)
	})
}

// Reset implements [state.State].
func (x *HeavyBall) Reset() { state.Zero(x.buf) }

// Apply implements [Momentum].
func (x *HeavyBall) Apply(params []float32, grads ...kernels.Gradient) {
	sameLength(len(x.buf), params, grads)
	if len(grads) == 1 {
		kernels.HeavyBall(params, x.buf, grads[0].Values, grads[0].LR, x.Mu)
		return
	}
	inTurn(params, func(lo, hi int) {
		for _, g := range grads {
			kernels.HeavyBall(params[lo:hi], x.buf[lo:hi], g.Values[lo:hi], g.LR, x.Mu)
		}
	})
}

// WriteTo implements [state.State].
func (x *HeavyBall) WriteTo(w io.Writer) (int64, error) {
	return state.Write(w, x.Name(), nil, x.buf)
}

// ReadFrom implements [state.State].
func (x *HeavyBall) ReadFrom(r io.Reader) (int64, error) {
	return state.Read(r, x.Name(), nil, x.buf)
}
