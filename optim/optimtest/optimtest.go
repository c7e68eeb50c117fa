// Package optimtest checks an [optim.Optimizer] against the laws of its
// interface. A momentum is checked by way of an optim.SGD.
package optimtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state/statetest"
	"github.com/halos-go/sdk/optim"
)

// Len is the number of parameters that [Run] uses, for optimizers that must know
// it before Init.
const Len = 37

// Run checks an optimizer. fresh returns a new one, always with the same valid
// hyper-parameters, on which Init has not been called; it is called many times.
//
// The laws are those of [optim.Optimizer] and of statetest: Step changes params only,
// keeps no slice, allocates nothing, does several gradients as one after another, and
// stays finite along finite gradients of ordinary size; it does the same in another
// Backend, or Init refuses that; lengths below 1 are refused, and so is a second Init;
// Reset makes it as new, also from NaN; what WriteTo writes, ReadFrom continues bit for
// bit, and whatever it refuses changes nothing.
func Run(t *testing.T, fresh func() optim.Optimizer) {
	t.Helper()
	statetest.Run(t, Len, fresh, func(o optim.Optimizer, i int) []float32 {
		params, grad := vector(2*i), vector(2*i+1)
		o.Step(params, optim.Gradient{Values: grad, LR: 0.1})
		seen := slices.Clone(params)
		spoil(params) // it must not be seen again,
		spoil(grad)   // nor this
		return seen
	})
	statetest.Law(t, "lent", func(t *testing.T) {
		o := started(t, fresh)
		for i := range 24 {
			params, grad := vector(2*i), vector(2*i+1)
			before := slices.Clone(grad)
			o.Step(params[:Len:Len], optim.Gradient{Values: grad[:Len:Len], LR: 0.1})
			if !slices.Equal(grad, before) {
				t.Fatalf("step %d changed the gradient", i+1)
			}
			if slices.ContainsFunc(params, func(x float32) bool { return x-x != 0 }) {
				t.Fatalf("step %d along a finite gradient made params %v", i+1, params)
			}
		}
	})
	statetest.Law(t, "in turn", func(t *testing.T) {
		all, single := started(t, fresh), started(t, fresh)
		params := vector(0)
		want := slices.Clone(params)
		for first := 0; first < 24; first += 6 {
			grads := make([]optim.Gradient, 6)
			for i := range grads {
				grads[i] = optim.Gradient{Values: vector(first + i + 1), LR: 0.1 / float64(i+1)}
				single.Step(want, grads[i])
			}
			all.Step(params, grads...)
			if !slices.Equal(params, want) {
				t.Fatalf("steps %d to %d in one call made params %v: in turn they make %v", first+1, first+6, params, want)
			}
		}
	})
	statetest.Elsewhere(t, Len, fresh, func(t *testing.T, b kernels.Backend, there, here optim.Optimizer) {
		want, seen := vector(0), vector(0)
		params, grad := statetest.Move(t, b, want), statetest.Move(t, b, vector(1))
		for i := range 24 {
			grads := []optim.Gradient{{Values: vector(i + 1), LR: 0.1}, {Values: vector(i + 2), LR: 0.2}}
			here.Step(want, grads...)
			there.Step(params, grads...)
			kernels.Copy(grad, vector(-i)) // and along one that is there
			here.Step(want, optim.Gradient{Values: vector(-i), LR: 0.1})
			there.Step(params, optim.Gradient{Values: grad, LR: 0.1})
			if kernels.Copy(seen, params); !slices.Equal(seen, want) {
				t.Fatalf("step %d made params %v, in ordinary memory %v", i+1, seen, want)
			}
		}
	})
	statetest.Law(t, "memory", func(t *testing.T) {
		o := started(t, fresh)
		params, grads := vector(0), []optim.Gradient{{Values: vector(1), LR: 0.001}}
		if n := testing.AllocsPerRun(100, func() { o.Step(params, grads...) }); n != 0 {
			t.Errorf("Step allocates %v times", n)
		}
	})
}

func started(t *testing.T, fresh func() optim.Optimizer) optim.Optimizer {
	t.Helper()
	o := fresh()
	if err := o.Init(kernels.CPU{}, Len); err != nil {
		t.Fatal(err)
	}
	return o
}

// vector is the i-th input.
func vector(i int) []float32 {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	v := make([]float32, Len)
	for k := range v {
		v[k] = float32(r.NormFloat64())
	}
	return v
}

func spoil(v []float32) {
	for i := range v {
		v[i] = float32(math.NaN())
	}
}
