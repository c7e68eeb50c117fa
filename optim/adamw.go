package optim

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// AdamW is Adam with decoupled weight decay and bias correction (arXiv
// 1711.05101): see [kernels.AdamW] for the formulas. It holds two vectors.
type AdamW struct {
	Beta1 float64 // decay of the mean of the gradients: 0 <= Beta1 < 1, as 0.9
	Beta2 float64 // decay of the mean of their squares: 0 <= Beta2 < 1, as 0.95 or 0.999
	Eps   float64 // added to the root of that mean; above 0, as 1e-8

	// WeightDecay is the share of a weight, times the learning rate, that a step
	// takes away: at least 0, as 0.1. The product may be small: decay and step are
	// added before they are subtracted, so the decay is right on average even where
	// it alone would be lost in the rounding of the weight.
	WeightDecay float64
	// Layout tells which parameters decay: those of segments with two or more
	// dimensions (matrices), but not those with fewer (biases, gains). Its length
	// must be that given to Init. With the zero Layout all parameters decay.
	Layout Layout

	t    uint64 // steps so far
	m, v []float32
	runs []run
	once state.Once
}

// A run is a range of neighbouring parameters that have the same decay.
type run struct {
	lo, hi int
	decay  float64
}

var _ Optimizer = (*AdamW)(nil)

// Name implements [state.State]. The layout is in it by its hash.
func (a *AdamW) Name() string {
	layout := "none"
	if len(a.Layout.Segments) > 0 {
		layout = fmt.Sprintf("%016x", a.Layout.Hash())
	}
	return fmt.Sprintf("adamw(beta1=%g,beta2=%g,eps=%g,weight_decay=%g,layout=%s)",
		a.Beta1, a.Beta2, a.Eps, a.WeightDecay, layout)
}

// Init implements [state.State].
func (a *AdamW) Init(b kernels.Backend, n int) error {
	if a == nil {
		return errors.New("optim: AdamW is nil: want one, as &optim.AdamW{}")
	}
	return a.once.Do("optim: AdamW", func() error {
		if err := a.validate(n); err != nil {
			return err
		}
		a.runs = a.decayRuns(n)
		return state.Make(b, n, &a.m, &a.v)
	})
}

// Reset implements [state.State].
func (a *AdamW) Reset() {
	a.t = 0
	state.Zero(a.m, a.v)
}

// Step implements [Optimizer].
func (a *AdamW) Step(params []float32, grads ...Gradient) {
	for _, g := range grads {
		a.step(params, g.Values, g.LR)
	}
}

func (a *AdamW) step(params, grad []float32, lr float64) {
	if len(params) != len(a.m) || len(grad) != len(a.m) {
		panic("optim: vectors differ from the length given to Init")
	}
	a.t++
	step := kernels.AdamWStep{
		LR: lr, Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps,
		Bias1: 1 - power(a.Beta1, a.t),
		Bias2: 1 - power(a.Beta2, a.t),
	}
	for _, r := range a.runs {
		step.Decay = r.decay
		kernels.AdamW(params[r.lo:r.hi], a.m[r.lo:r.hi], a.v[r.lo:r.hi], grad[r.lo:r.hi], step)
	}
}

// WriteTo implements [state.State].
func (a *AdamW) WriteTo(w io.Writer) (int64, error) {
	return state.Write(w, a.Name(), []uint64{a.t}, a.m, a.v)
}

// ReadFrom implements [state.State].
func (a *AdamW) ReadFrom(r io.Reader) (int64, error) {
	counters := []uint64{a.t}
	n, err := state.Read(r, a.Name(), counters, a.m, a.v)
	a.t = counters[0]
	return n, err
}

func (a *AdamW) validate(n int) error {
	switch { // the conditions are such that NaN fails them
	case !(a.Beta1 >= 0 && a.Beta1 < 1):
		return fmt.Errorf("optim: AdamW.Beta1 is %g: want 0 <= Beta1 < 1", a.Beta1)
	case !(a.Beta2 >= 0 && a.Beta2 < 1):
		return fmt.Errorf("optim: AdamW.Beta2 is %g: want 0 <= Beta2 < 1", a.Beta2)
	case !(float32(a.Eps) > 0 && a.Eps <= math.MaxFloat32):
		return fmt.Errorf("optim: AdamW.Eps is %g: want finite and above 0, also as a float32", a.Eps)
	case !(a.WeightDecay >= 0 && a.WeightDecay <= math.MaxFloat64):
		return fmt.Errorf("optim: AdamW.WeightDecay is %g: want finite and at least 0", a.WeightDecay)
	}
	if err := checkLength("AdamW", n); err != nil || len(a.Layout.Segments) == 0 {
		return err
	}
	if err := a.Layout.Validate(); err != nil {
		return err
	}
	if l := a.Layout.Len(); l != n {
		return fmt.Errorf("optim: AdamW.Layout has %d parameters: want %d", l, n)
	}
	return nil
}

// decayRuns joins neighbouring segments that have the same decay.
func (a *AdamW) decayRuns(n int) []run {
	if len(a.Layout.Segments) == 0 {
		return []run{{0, n, a.WeightDecay}}
	}
	var runs []run
	for lo, s := range a.Layout.All() {
		decay := 0.0
		if s.Rank() >= 2 {
			decay = a.WeightDecay
		}
		if last := len(runs) - 1; last >= 0 && runs[last].decay == decay {
			runs[last].hi += s.Len()
			continue
		}
		runs = append(runs, run{lo, lo + s.Len(), decay})
	}
	return runs
}

// power is b to the t by squaring. Unlike math.Pow it is nothing but rounded
// products, the same on every machine.
func power(b float64, t uint64) float64 {
	p := 1.0
	for ; t > 0; t /= 2 {
		if t%2 == 1 {
			p = float64(p * b)
		}
		b = float64(b * b)
	}
	return p
}
