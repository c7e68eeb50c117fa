package momentum_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/optim/optimtest"
)

func TestLaws(t *testing.T) {
	for _, fresh := range []func() momentum.Momentum{
		func() momentum.Momentum { return &momentum.Delayed{Beta: 0.9, Every: 5} },
		func() momentum.Momentum { return &momentum.Delayed{Beta: 0.9, Every: 16} },
		func() momentum.Momentum { return &momentum.Delayed{Beta: 0.5, Every: 2, C: 0.25} },
		func() momentum.Momentum { return &momentum.Delayed{Every: 1} },
		func() momentum.Momentum { return &momentum.Nesterov{Mu: 0.9} },
		func() momentum.Momentum { return &momentum.HeavyBall{Mu: 0.9} },
	} {
		t.Run(fresh().Name(), func(t *testing.T) {
			optimtest.Run(t, func() optim.Optimizer { return &optim.SGD{Momentum: fresh()} })
		})
	}
}

func TestNames(t *testing.T) {
	for want, m := range map[string]momentum.Momentum{
		"delayed(beta=0.9,every=16,c=0)":     &momentum.Delayed{Beta: 0.9, Every: 16},
		"delayed(beta=0.5,every=2,c=0.0625)": &momentum.Delayed{Beta: 0.5, Every: 2, C: 0.0625},
		"nesterov(mu=0.9)":                   &momentum.Nesterov{Mu: 0.9},
		"heavyball(mu=0)":                    &momentum.HeavyBall{},
	} {
		if m.Name() != want {
			t.Errorf("name is %q, want %q", m.Name(), want)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		m    momentum.Momentum
		want string
	}{
		{&momentum.Delayed{Beta: 1.5, Every: 1}, "momentum: Delayed.Beta is 1.5: want 0 <= Beta < 1"},
		{&momentum.Delayed{Beta: 1, Every: 1}, "momentum: Delayed.Beta is 1: want 0 <= Beta < 1"},
		{&momentum.Delayed{Beta: nan, Every: 1}, "momentum: Delayed.Beta is NaN: want 0 <= Beta < 1"},
		{&momentum.Delayed{Beta: 0.9}, "momentum: Delayed.Every is 0: want at least 1"},
		{&momentum.Delayed{Beta: 0.9, Every: 2, C: -1}, "momentum: Delayed.C is -1: want 0 <= C <= 1"},
		{&momentum.Delayed{Beta: 0.9, Every: 2, C: nan}, "momentum: Delayed.C is NaN: want 0 <= C <= 1"},
		{&momentum.Nesterov{Mu: -0.1}, "momentum: Nesterov.Mu is -0.1: want 0 <= Mu < 1"},
		{&momentum.HeavyBall{Mu: 1}, "momentum: HeavyBall.Mu is 1: want 0 <= Mu < 1"},
	} {
		if err := c.m.Init(kernels.CPU{}, 3); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v: want %s", c.m.Name(), err, c.want)
		}
	}
}

// The vectors of the specification: p0 = 1, lr .3, beta .5, N 2, g = 1, 2, -1, .5.
func TestDelayedByHand(t *testing.T) {
	for _, c := range []struct {
		c    float64
		want []float64
	}{
		{0, []float64{.85, .325, .475, .325}},
		{.1, []float64{.85, .3475, .475, .3325}},
	} {
		m := start(t, &momentum.Delayed{Beta: .5, Every: 2, C: c.c}, 1)
		p := []float32{1}
		for i, g := range []float32{1, 2, -1, .5} {
			m.Apply(p, kernels.Gradient{Values: []float32{g}, LR: .3})
			if !near(float64(p[0]), c.want[i], 1e-7) {
				t.Errorf("c = %g: after gradient %d p is %v, want %v", c.c, i+1, p[0], c.want[i])
			}
		}
	}
}

// With c = 0, u the mean of each block of N gradients, and m the momentum
//
//	m' = beta*m + u,  p' = p - lr*(u + beta*m')
//	y = p - lr*beta^2/(1-beta)*m  gives  y' = y - lr/(1-beta)*u
func TestDelayedIdentities(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		beta, lr, every := 0.98*r.Float64(), math.Exp(-4*r.Float64()), 1+r.IntN(9)
		x := start(t, &momentum.Delayed{Beta: beta, Every: every}, 1)
		p, m := []float32{float32(r.NormFloat64())}, 0.0
		for range 12 {
			p0, m0, u := float64(p[0]), m, 0.0
			for range every {
				g := float32(r.NormFloat64())
				u += float64(g) / float64(every)
				x.Apply(p, kernels.Gradient{Values: []float32{g}, LR: lr})
			}
			m = beta*m0 + u
			p1 := float64(p[0])
			if want := p0 - lr*(u+beta*m); !near(p1, want, 1e-5) {
				t.Fatalf("%s lr %g: p is %v after a block, want %v", x.Name(), lr, p1, want)
			}
			y0, y1 := p0-lr*beta*beta/(1-beta)*m0, p1-lr*beta*beta/(1-beta)*m
			if want := y0 - lr/(1-beta)*u; !near(y1, want, 1e-4) {
				t.Fatalf("%s lr %g: y is %v after a block, want %v", x.Name(), lr, y1, want)
			}
		}
	}
}

// For any c, one gradient moves p by lr/N/(1-beta) times itself in the end.
func TestDelayedTotalWeight(t *testing.T) {
	for _, c := range []float64{0, 0.1, 0.25, 1} {
		for first := range 4 { // the place of the gradient in its block
			x := start(t, &momentum.Delayed{Beta: 0.8, Every: 4, C: c}, 1)
			p := []float32{0}
			for i := range 400 {
				g := float32(0)
				if i == first {
					g = 1
				}
				x.Apply(p, kernels.Gradient{Values: []float32{g}, LR: 0.5})
			}
			if want := -0.5 / 4 / (1 - 0.8); !near(float64(p[0]), want, 1e-5) {
				t.Errorf("c = %g, gradient %d: p is %v in the end, want %v", c, first+1, p[0], want)
			}
		}
	}
}

// Refreshed with every gradient, Delayed is Nesterov, to the bit.
func TestDelayedByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	a, b := start(t, &momentum.Delayed{Beta: 0.9, Every: 1, C: 0}, 50), start(t, &momentum.Nesterov{Mu: 0.9}, 50)
	p, q, g := make([]float32, 50), make([]float32, 50), make([]float32, 50)
	for range 20 {
		for i := range g {
			g[i] = float32(r.NormFloat64())
		}
		a.Apply(p, kernels.Gradient{Values: g, LR: 0.7})
		b.Apply(q, kernels.Gradient{Values: g, LR: 0.7})
	}
	if !slices.Equal(p, q) {
		t.Errorf("delayed by one %v, Nesterov %v", p, q)
	}
}

// Several gradients in one pass over a vector of many pieces give the bits of one
// after another, wherever in a window they fall.
func TestInTurn(t *testing.T) {
	const n = 1<<16 + 1500
	r := rand.New(rand.NewPCG(4, 4))
	grads := make([]kernels.Gradient, 7)
	for k := range grads {
		grads[k] = kernels.Gradient{Values: make([]float32, n), LR: r.Float64()}
		for i := range grads[k].Values {
			grads[k].Values[i] = float32(r.NormFloat64())
		}
	}
	for _, fresh := range []func() momentum.Momentum{
		func() momentum.Momentum { return &momentum.Delayed{Beta: 0.9, Every: 6} },
		func() momentum.Momentum { return &momentum.Delayed{Beta: 0.9, Every: 6, C: 0.1} },
		func() momentum.Momentum { return &momentum.Delayed{Beta: 0.9, Every: 9} },
		func() momentum.Momentum { return &momentum.Nesterov{Mu: 0.9} },
		func() momentum.Momentum { return &momentum.HeavyBall{Mu: 0.9} },
	} {
		all, single := start(t, fresh(), n), start(t, fresh(), n)
		p, q := make([]float32, n), make([]float32, n)
		for range 6 {
			all.Apply(p, grads...)
			for _, g := range grads {
				single.Apply(q, g)
			}
			if !slices.Equal(p, q) {
				t.Fatalf("%s: %d gradients in one pass differ from one after another", all.Name(), len(grads))
			}
		}
	}
}

// A gradient of the wrong length changes nothing.
func TestWrongLength(t *testing.T) {
	m, p := start(t, &momentum.Delayed{Beta: 0.9, Every: 4}, 2), []float32{1, 2}
	for _, lengths := range [][]int{{3}, {1}, {2, 3}, {2, 1}} {
		var grads []kernels.Gradient
		for _, n := range lengths {
			grads = append(grads, kernels.Gradient{Values: []float32{1, 1, 1}[:n], LR: 1})
		}
		func() {
			defer func() {
				if _, ok := recover().(string); !ok || p[0] != 1 || p[1] != 2 {
					t.Errorf("gradients of %v parameters for 2: no panic, or parameters %v", lengths, p)
				}
			}()
			m.Apply(p, grads...)
		}()
	}
}

func TestClassicByHand(t *testing.T) {
	for _, c := range []struct {
		m    momentum.Momentum
		want []float32
	}{
		{&momentum.Nesterov{Mu: 0.5}, []float32{6.5, 6.25, 3.125}}, // steps 1+.5*1, 0+.5*.5, 2+.5*2.25
		{&momentum.HeavyBall{Mu: 0.5}, []float32{7, 6.5, 4.25}},    // steps 1, .5, 2.25
	} {
		m, p := start(t, c.m, 1), []float32{8}
		for i, g := range []float32{1, 0, 2} {
			m.Apply(p, kernels.Gradient{Values: []float32{g}, LR: 1})
			if p[0] != c.want[i] {
				t.Errorf("%s: after gradient %d p is %v, want %v", m.Name(), i+1, p[0], c.want[i])
			}
		}
	}
}

func start(t *testing.T, m momentum.Momentum, n int) momentum.Momentum {
	t.Helper()
	if err := m.Init(kernels.CPU{}, n); err != nil {
		t.Fatal(err)
	}
	return m
}

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol*(1+math.Abs(b)) }

func Example() {
	m := &momentum.Delayed{Beta: 0.5, Every: 2}
	if err := m.Init(kernels.CPU{}, 1); err != nil {
		fmt.Println(err)
		return
	}
	p := []float32{1}
	for _, g := range []float32{1, 2, -1, 0.5} {
		m.Apply(p, kernels.Gradient{Values: []float32{g}, LR: 0.3})
		fmt.Printf("%.3f ", p[0])
	}
	// Output: 0.850 0.325 0.475 0.325
}
