package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge/mergetest"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/optim/optimtest"
)

// The laws of the interfaces, one line for each plug: it keeps nothing that it
// was lent, allocates nothing in a step, goes on from a record bit for bit.
func TestLion(t *testing.T) { optimtest.Run(t, lion) }

func TestBounded(t *testing.T) { mergetest.RunMerger(t, bounded) }

// The formulas, with numbers that can be followed by hand.
func TestLionByHand(t *testing.T) {
	l := &Lion{Beta1: 0.5, Beta2: 0.75}
	if err := l.Init(kernels.CPU{}, 1); err != nil {
		t.Fatal(err)
	}
	p := []float32{1}
	for i, c := range []struct{ g, p, m float32 }{
		{4, 0.5, 1},        // c = 2: down by lr
		{-1, 0.5, 0.5},     // c = 0: stays
		{-2, 1, -0.125},    // c = -0.75: up
		{0, 1.5, -0.09375}, // the momentum alone: up
	} {
		l.Step(p, optim.Gradient{Values: []float32{c.g}, LR: 0.5})
		if p[0] != c.p || l.m[0] != c.m {
			t.Errorf("step %d: parameter %v, momentum %v: want %v, %v", i+1, p[0], l.m[0], c.p, c.m)
		}
	}
}

func TestBoundedByHand(t *testing.T) {
	for _, c := range []struct {
		what          string
		global, local []float32 // local: after the merge of (1, 2)
	}{
		{"near: a quarter of the way", []float32{1.75, 3}, []float32{1.1875, 2.25}},
		{"far, at distance 5: a tenth of the way", []float32{4, 6}, []float32{1.3, 2.4}},
		{"equal", []float32{1, 2}, []float32{1, 2}},
	} {
		b := &Bounded{Alpha: 0.25, Most: 0.5}
		if err := b.Init(kernels.CPU{}, 2); err != nil {
			t.Fatal(err)
		}
		local, base := []float32{1, 2}, []float32{0, 0}
		b.Merge(local, base, c.global, false)
		near := func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-6 }
		if !slices.EqualFunc(local, c.local, near) {
			t.Errorf("%s: %v: want %v", c.what, local, c.local)
		}
	}
}

// What Init refuses, it refuses by name and value.
func TestInit(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		plug interface {
			Init(b kernels.Backend, n int) error
		}
		want string
	}{
		{&Lion{Beta1: 1, Beta2: 0.99}, "Beta1 is 1:"},
		{&Lion{Beta1: 0.9, Beta2: -0.5}, "Beta2 is -0.5:"},
		{&Lion{Beta1: 0.9, Beta2: nan}, "Beta2 is NaN:"},
		{&Bounded{Alpha: 1.5, Most: 1}, "Alpha is 1.5:"},
		{&Bounded{Alpha: 0.25}, "Most is 0:"},
		{&Bounded{Alpha: 0.25, Most: nan}, "Most is NaN:"},
	} {
		if err := c.plug.Init(kernels.CPU{}, 3); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v: want one with %q", c.plug, err, c.want)
		}
	}
}

// A wrong length is a mistake of the program and not of a peer.
func TestLionPanics(t *testing.T) {
	o := lion()
	if err := o.Init(kernels.CPU{}, 3); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	o.Step(make([]float32, 3), optim.Gradient{Values: make([]float32, 2), LR: 0.1})
}
