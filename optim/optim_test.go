package optim_test

import (
	"math"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/optim/optimtest"
)

// mlp has 37 parameters in five segments: matrices, biases, a scalar.
var mlp = optim.Layout{Segments: []optim.Segment{
	{Name: "in/weight", Shape: []int{5, 3}},
	{Name: "out/weight", Shape: []int{2, 1, 7}},
	{Name: "in/bias", Shape: []int{5}},
	{Name: "scale"},
	{Name: "out/bias", Shape: []int{2}},
}}

func TestLaws(t *testing.T) {
	for _, fresh := range []func() optim.Optimizer{
		func() optim.Optimizer { return &optim.SGD{} },
		func() optim.Optimizer { return &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: 4}} },
		func() optim.Optimizer { return &optim.SGD{Momentum: &momentum.Nesterov{Mu: 0.9}} },
		func() optim.Optimizer { return &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8} },
		func() optim.Optimizer {
			return &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Layout: mlp}
		},
	} {
		t.Run(fresh().Name(), func(t *testing.T) { optimtest.Run(t, fresh) })
	}
}

func TestNames(t *testing.T) {
	for want, o := range map[string]optim.Optimizer{
		"sgd(momentum=none)":                                                           &optim.SGD{},
		"sgd(momentum=delayed(beta=0.9,every=16,c=0))":                                 &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: 16}},
		"adamw(beta1=0.9,beta2=0.95,eps=1e-08,weight_decay=0.1,layout=none)":           &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1},
		"adamw(beta1=0.9,beta2=0.95,eps=1e-08,weight_decay=0,layout=4a61cb7c2796a98e)": &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Layout: mlp},
	} {
		if o.Name() != want {
			t.Errorf("name is %q, want %q", o.Name(), want)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		o    optim.Optimizer
		want string
	}{
		{&optim.SGD{Momentum: &momentum.Nesterov{Mu: 2}}, "momentum: Nesterov.Mu is 2: want 0 <= Mu < 1"},
		{&optim.AdamW{Beta1: 1, Eps: 1}, "optim: AdamW.Beta1 is 1: want 0 <= Beta1 < 1"},
		{&optim.AdamW{Beta2: nan, Eps: 1}, "optim: AdamW.Beta2 is NaN: want 0 <= Beta2 < 1"},
		{&optim.AdamW{}, "optim: AdamW.Eps is 0: want finite and above 0, also as a float32"},
		{&optim.AdamW{Eps: 1e-60}, "optim: AdamW.Eps is 1e-60: want finite and above 0, also as a float32"},
		{&optim.AdamW{Eps: inf}, "optim: AdamW.Eps is +Inf: want finite and above 0, also as a float32"},
		{&optim.AdamW{Eps: 1, WeightDecay: -1}, "optim: AdamW.WeightDecay is -1: want finite and at least 0"},
		{&optim.AdamW{Eps: 1, WeightDecay: inf}, "optim: AdamW.WeightDecay is +Inf: want finite and at least 0"},
		{&optim.AdamW{Eps: 1, Layout: mlp}, "optim: AdamW.Layout has 37 parameters: want 4"},
		{&optim.AdamW{Eps: 1, Layout: optim.Layout{Segments: []optim.Segment{{}}}}, "optim: Layout.Segments[0].Name is empty: want a name"},
	} {
		if err := c.o.Init(kernels.CPU{}, 4); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v: want %s", c.o.Name(), err, c.want)
		}
	}
}

// AdamW against the formulas of the paper in float64, over many steps.
func TestAdamW(t *testing.T) {
	a := &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Layout: mlp}
	if err := a.Init(kernels.CPU{}, 37); err != nil {
		t.Fatal(err)
	}
	var p, m, v [37]float64
	params, grad := make([]float32, 37), make([]float32, 37)
	for i := range p {
		params[i] = float32(i+1) / 37
		p[i] = float64(params[i])
	}
	lrs := optim.Cosine{Max: 0.05, Min: 0.005, Warmup: 10, Total: 200}
	for step := uint64(1); step <= 250; step++ {
		lr := lrs.At(step)
		for i := range p {
			grad[i] = float32(math.Sin(float64(step) + float64(i*i)))
			g, decay := float64(grad[i]), 0.1
			if i >= 15+14 { // behind the matrices
				decay = 0
			}
			m[i] = 0.9*m[i] + 0.1*g
			v[i] = 0.95*v[i] + 0.05*g*g
			mhat := m[i] / (1 - math.Pow(0.9, float64(step)))
			vhat := v[i] / (1 - math.Pow(0.95, float64(step)))
			p[i] -= lr*decay*p[i] + lr*mhat/(math.Sqrt(vhat)+1e-8)
		}
		a.Step(params, optim.Gradient{Values: grad, LR: lr})
	}
	for i := range p {
		if math.Abs(float64(params[i])-p[i]) > 2e-5 {
			t.Errorf("parameter %d is %v after 250 steps, want %v", i, params[i], p[i])
		}
	}
}

// Over thousands of steps a small learning rate times the decay takes from the weights
// what it should, to 1e-5. An error of the decay would have the same sign in each step.
// Steps of less than 1e-6 are lost in the rounding of these weights, with or without decay.
func TestSmallDecay(t *testing.T) {
	const n, steps = 64, 4000
	for _, lr := range []float64{1e-6, 3e-6, 1e-5, 1e-4, 1e-3} {
		a := &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1}
		if err := a.Init(kernels.CPU{}, n); err != nil {
			t.Fatal(err)
		}
		params, grad := make([]float32, n), make([]float32, n)
		var p, m, v [n]float64
		for i := range params {
			params[i] = 1.5 + float32(i)/n/4
			p[i] = float64(params[i])
		}
		for step := 1; step <= steps; step++ {
			bias1, bias2 := 1-math.Pow(0.9, float64(step)), 1-math.Pow(0.95, float64(step))
			for i := range grad {
				grad[i] = float32(math.Sin(float64(step*(i+1))) + math.Cos(float64(step*step+i)))
				g := float64(grad[i])
				m[i] = 0.9*m[i] + 0.1*g
				v[i] = 0.95*v[i] + 0.05*g*g
				p[i] -= lr * (0.1*p[i] + m[i]/bias1/(math.Sqrt(v[i]/bias2)+1e-8))
			}
			a.Step(params, optim.Gradient{Values: grad, LR: lr})
		}
		for i := range p {
			if off := math.Abs(float64(params[i])/p[i] - 1); off > 1e-5 {
				t.Errorf("lr %g: weight %d is %v after %d steps, off by %.2g: want %v", lr, i, params[i], steps, off, p[i])
				break
			}
		}
	}
}

func TestAdamWPanicsOnLength(t *testing.T) {
	a := &optim.AdamW{Eps: 1}
	if err := a.Init(kernels.CPU{}, 4); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	a.Step(make([]float32, 3), optim.Gradient{Values: make([]float32, 3), LR: 1})
}

func BenchmarkAdamW(b *testing.B) {
	layout := optim.Layout{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		layout.Segments = append(layout.Segments, optim.Segment{Name: name, Shape: []int{128, 128}}, optim.Segment{Name: name + "/bias", Shape: []int{128}})
	}
	a := &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Layout: layout}
	n := layout.Len()
	if err := a.Init(kernels.CPU{}, n); err != nil {
		b.Fatal(err)
	}
	params, grad := make([]float32, n), make([]float32, n)
	for i := range grad {
		grad[i] = float32(i%7) - 3
	}
	b.SetBytes(int64(28 * n))
	b.ReportAllocs()
	for b.Loop() {
		a.Step(params, optim.Gradient{Values: grad, LR: 1e-3})
	}
}
