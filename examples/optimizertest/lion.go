package main

import (
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/optim"
)

// Lion moves every parameter by the learning rate, in the direction of a momentum
// (arXiv 2302.06675, without weight decay). For each parameter:
//
//	c = Beta1*m + (1-Beta1)*g
//	p -= lr * sign(c)
//	m = Beta2*m + (1-Beta2)*g
//
// On a server one bad update moves no parameter further than a good one.
type Lion struct {
	Beta1 float64 // share of the momentum in the direction: 0 <= Beta1 < 1, as 0.9
	Beta2 float64 // decay of the momentum: 0 <= Beta2 < 1, as 0.99

	m    []float32
	once state.Once
}

var _ optim.Optimizer = (*Lion)(nil)

// Name implements [state.State]: whatever changes the law is in it.
func (l *Lion) Name() string { return fmt.Sprintf("lion(beta1=%g,beta2=%g)", l.Beta1, l.Beta2) }

// Init implements [state.State].
func (l *Lion) Init(b kernels.Backend, n int) error {
	switch { // the conditions are such that NaN fails them
	case !(l.Beta1 >= 0 && l.Beta1 < 1):
		return fmt.Errorf("lion: Beta1 is %g: want 0 <= Beta1 < 1", l.Beta1)
	case !(l.Beta2 >= 0 && l.Beta2 < 1):
		return fmt.Errorf("lion: Beta2 is %g: want 0 <= Beta2 < 1", l.Beta2)
	case n < 1:
		return fmt.Errorf("lion: %d parameters: want at least 1", n)
	}
	if err := state.OnlyCPU("lion", b); err != nil { // its loop below is in Go
		return err
	}
	return l.once.Do("lion", func() error { return state.Make(b, n, &l.m) })
}

// Reset implements [state.State].
func (l *Lion) Reset() { state.Zero(l.m) }

// Step implements [optim.Optimizer]. Each product is rounded by itself, so that
// no compiler fuses it with a sum: the same bits on every machine.
func (l *Lion) Step(params []float32, grads ...optim.Gradient) {
	for _, g := range grads {
		l.step(params, g.Values, g.LR)
	}
}

func (l *Lion) step(params, grad []float32, lr float64) {
	if len(params) != len(l.m) || len(grad) != len(l.m) {
		panic("lion: vectors differ from the length given to Init")
	}
	step := float32(lr)
	b1, c1 := float32(l.Beta1), float32(1-l.Beta1)
	b2, c2 := float32(l.Beta2), float32(1-l.Beta2)
	for i, g := range grad {
		c := float32(b1*l.m[i]) + float32(c1*g)
		switch {
		case c > 0:
			params[i] -= step
		case c < 0:
			params[i] += step
		}
		l.m[i] = float32(b2*l.m[i]) + float32(c2*g)
	}
}

// WriteTo implements [state.State].
func (l *Lion) WriteTo(w io.Writer) (int64, error) { return state.Write(w, l.Name(), nil, l.m) }

// ReadFrom implements [state.State].
func (l *Lion) ReadFrom(r io.Reader) (int64, error) { return state.Read(r, l.Name(), nil, l.m) }
