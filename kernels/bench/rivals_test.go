package main

import (
	"math"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

func TestShapes(t *testing.T) {
	shapes := pythia70M(1)
	if len(shapes) != 76 || total(shapes) != 70_426_624 {
		t.Errorf("%d tensors with %d parameters, want 76 with 70,426,624", len(shapes), total(shapes))
	}
}

// Three windows and a merge, each way on its own state. The published order of
// operations is that of this library: same bits. The others round elsewhere.
func TestWaysAgree(t *testing.T) {
	shapes := []shape{{70, 1000}, {3}, {33, 2}, {3}, {64}} // tensors of the same length share storage
	for _, level := range isa.All() {
		for _, way := range []string{published, inPlace, gonum} {
			t.Run(level.String()+" "+way, func(t *testing.T) {
				defer use(level, 3)()
				us, them := newVectors(total(shapes)), newVectors(total(shapes))
				list := newTensors(them, shapes)
				do := map[string]func(string) func(){published: list.published, inPlace: list.inPlace, gonum: them.chain}[way]
				for range 3 {
					for _, o := range []string{plainStep, plainStep, nthStep, plainStep, mergeBase} {
						us.fused(o)()
						do(o)()
						if o == nthStep {
							clear(us.d) // instead of a first step, which would not read it
						}
					}
				}
				if way != gonum {
					list.flatten(them)
				}
				for k, want := range us.all() {
					compare(t, way, *them.all()[k], *want, way == published)
				}
			})
		}
	}
}

// flatten writes the tensors back to v.
func (t *tensors) flatten(v *vectors) {
	for _, c := range []struct {
		dst  []float32
		list [][]float32
	}{{v.p, t.p}, {v.d, t.d}, {v.m, t.m}, {v.base, t.base}} {
		for _, x := range c.list {
			c.dst = c.dst[copy(c.dst, x):]
		}
	}
}

func compare(t *testing.T, what string, got, want []float32, bits bool) {
	t.Helper()
	if bits {
		equal(t, what, got, want)
		return
	}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-6 {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// Whether assembly does the bulk or not, a tensor operation gives the same bits,
// and writes nothing but its result.
func TestTensorOperations(t *testing.T) {
	x, y := make([]float32, 200), make([]float32, 200)
	fill(x, 1)
	fill(y, 2)
	for name, op := range map[string]func(dst, x, y []float32){
		"add": addPiece, "sub": subPiece,
		"mul": func(dst, x, _ []float32) { mulPiece(dst, x, 0.3) },
		"div": func(dst, x, _ []float32) { divPiece(dst, x, 3) },
	} {
		for n := range 132 {
			want := make([]float32, n)
			undo := use(isa.Generic, 1)
			op(want, x[:n], y[:n])
			undo()
			got := make([]float32, n+40)
			op(got[:n], x[:n], y[:n])
			equal(t, name, got[:n], want)
			equal(t, name+": behind the end", got[n:], make([]float32, 40))
		}
	}
}

func TestStandardOperations(t *testing.T) {
	x, y := []float32{1, -2.5}, []float32{0.25, 4}
	dst := make([]float32, 2)
	for _, c := range []struct {
		name string
		do   func()
		want []float32
	}{
		{"add", func() { add(dst, x, y) }, []float32{1.25, 1.5}},
		{"sub", func() { sub(dst, x, y) }, []float32{0.75, -6.5}},
		{"mul", func() { mul(dst, x, 3) }, []float32{3, -7.5}},
		{"div", func() { div(dst, x, 2) }, []float32{0.5, -1.25}},
		{"clone", func() { clone(dst, y) }, y},
		{"zero", func() { zero(dst) }, []float32{0, 0}},
		{"axpy", func() { axpy(2, x, dst) }, []float32{2, -5}},
		{"scal", func() { scal(-1, dst) }, []float32{-2, 5}},
	} {
		c.do()
		equal(t, c.name, dst, c.want)
	}
}

// What a list of tensors holds besides its four vectors is as small as on a heap
// that is used again: one spare of each length, and three temporaries.
func TestStorageIsUsedAgain(t *testing.T) {
	shapes := []shape{{8}, {8}, {2}}
	v := newVectors(total(shapes))
	list := newTensors(v, shapes)
	if got, want := list.made, 4*len(shapes)+2+3; got != want {
		t.Errorf("%d vectors, want %d", got, want)
	}
	first := &list.d[0][0]
	list.published(plainStep)()
	if &list.d[0][0] == first {
		t.Error("the sum is where it was: that is in place")
	}
	if kernels.Dot(list.p[1], list.p[1]) == 0 {
		t.Error("a parameter was lost")
	}
}
