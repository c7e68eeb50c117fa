package optim_test

import (
	"math"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// A plug that is no pointer to anything is an error of Init, also inside another.
func TestNilPlugs(t *testing.T) {
	for want, s := range map[string]state.State{
		"optim: AdamW is nil: want one, as &optim.AdamW{}":               (*optim.AdamW)(nil),
		"optim: SGD is nil: want one, as &optim.SGD{}":                   (*optim.SGD)(nil),
		"momentum: Delayed is nil: want one, as &momentum.Delayed{}":     &optim.SGD{Momentum: (*momentum.Delayed)(nil)},
		"momentum: Nesterov is nil: want one, as &momentum.Nesterov{}":   &optim.SGD{Momentum: (*momentum.Nesterov)(nil)},
		"momentum: HeavyBall is nil: want one, as &momentum.HeavyBall{}": &optim.SGD{Momentum: (*momentum.HeavyBall)(nil)},
		"merge: Every is nil: want one, as &merge.Every{K: 32}":          (*merge.Every)(nil),
	} {
		if err := s.Init(kernels.CPU{}, 3); err == nil || err.Error() != want {
			t.Errorf("error %v: want %s", err, want)
		}
	}
}

// The second server that is given a plug is told which one.
func TestInUse(t *testing.T) {
	const says = " is in use already: want a new one for each server; read its state after the server is made"
	shared := &momentum.Delayed{Beta: 0.9, Every: 4}
	for _, c := range []struct {
		name string
		s    state.State
	}{
		{"optim: AdamW", &optim.AdamW{Eps: 1}},
		{"optim: SGD", &optim.SGD{}},
		{"optim: SGD", &optim.SGD{Momentum: shared}},
		{"momentum: Delayed", shared},
		{"momentum: Nesterov", &momentum.Nesterov{}},
		{"momentum: HeavyBall", &momentum.HeavyBall{}},
		{"merge: Every", &merge.Every{K: 1}},
	} {
		if err := c.s.Init(kernels.CPU{}, 3); err != nil && c.s != state.State(shared) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := c.s.Init(kernels.CPU{}, 3); err == nil || err.Error() != c.name+says {
			t.Errorf("error %v: want %s", err, c.name+says)
		}
	}
	if err := (&optim.SGD{Momentum: shared}).Init(kernels.CPU{}, 3); err == nil || err.Error() != "momentum: Delayed"+says {
		t.Errorf("a momentum in two optimizers: %v", err)
	}
}

// After a diverged run the next begins with nothing of it.
func TestResetFromNaN(t *testing.T) {
	for _, m := range []momentum.Momentum{&momentum.Delayed{Beta: 0.5, Every: 2}, &momentum.Nesterov{Mu: 0.5}, &momentum.HeavyBall{Mu: 0.5}} {
		o, p := &optim.SGD{Momentum: m}, []float32{1}
		if err := o.Init(nil, 1); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1), 1} {
			o.Step(p, optim.Gradient{Values: []float32{float32(bad)}, LR: 1})
		}
		o.Reset()
		p[0] = 1
		for range 4 {
			o.Step(p, optim.Gradient{Values: []float32{1}, LR: 0.1})
		}
		if !(p[0] < 1 && p[0] > 0) {
			t.Errorf("%s: parameter is %v", m.Name(), p[0])
		}
	}
}
