package kernels

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// elsewhere is a Backend that notes what it is asked for and does it in ordinary
// memory, which its vectors are.
type elsewhere struct {
	CPU
	asked []string
}

func (e *elsewhere) Name() string { return "elsewhere" }

func (e *elsewhere) note(what string) func() {
	e.asked = append(e.asked, what)
	all := homes.Swap(nil) // these are ordinary now
	return func() { homes.Store(all) }
}

func (e *elsewhere) Run(c Call) {
	defer e.note(c.Op.String())()
	CPU{}.Run(c)
}

func (e *elsewhere) Encode(dst []byte, f Form, x, y, residual []float32) {
	defer e.note("encode " + f.String())()
	CPU{}.Encode(dst, f, x, y, residual)
}

func (e *elsewhere) Dot(x, y []float32) float64 {
	defer e.note("dot")()
	return Dot(x, y)
}

func (e *elsewhere) Finite(x []float32) bool {
	defer e.note("finite")()
	return Finite(x)
}

func (e *elsewhere) vector(t *testing.T, n int) []float32 {
	v := make([]float32, n)
	Settle(v, e)
	t.Cleanup(func() { Unsettle(v) })
	return v
}

// A vector is found by any part of it, and what lies beside it is not.
func TestWhere(t *testing.T) {
	memory := slices.Repeat([]float32{0}, 100) // not of the stack, which may move
	a, b := &elsewhere{}, &elsewhere{}
	Settle(memory[60:80], b)
	Settle(memory[20:40], a)
	Settle(memory[40:60], a)
	Settle(memory[:0], b) // nothing
	for _, v := range [][]float32{memory[20:40], memory[:21], memory[79:], memory[30:35], memory} {
		if Settle(v, a) {
			t.Fatalf("%d elements from %d on can be settled twice", len(v), 100-cap(v))
		}
	}
	for i := range memory {
		want := Backend(CPU{})
		switch {
		case i >= 20 && i < 60:
			want = a
		case i >= 60 && i < 80:
			want = b
		}
		if got := Where(memory[i : i+1]); got != want {
			t.Fatalf("element %d is in %p, want %p", i, got, want)
		}
	}
	if Where(nil) != (CPU{}) || Where(memory[30:30]) != (CPU{}) {
		t.Error("an empty vector is elsewhere")
	}
	Unsettle(memory[20:40])
	if Where(memory[39:40]) != (CPU{}) || Where(memory[40:41]) != a {
		t.Error("Unsettle has not forgotten that vector, or another")
	}
	Unsettle(memory[40:60])
	Unsettle(memory[60:80])
	if homes.Load() != nil {
		t.Error("homes are left")
	}
}

// Each function asks the Backend that the first vector elsewhere is in, whichever of
// its vectors that is, and no other function of the Backend.
func TestFunctionsAskTheBackend(t *testing.T) {
	const n = 300
	h := []float32{2: 1, n - 1: 4}
	for want, do := range map[string]func(v []float32){
		"delayedFirst":               func(v []float32) { DelayedFirst(v, slices.Clone(h), h, 1, 2) },
		"delayedPlain":               func(v []float32) { DelayedPlain(slices.Clone(h), v, h, 1, 2) },
		"delayedPlain4 delayedPlain": func(v []float32) { DelayedPlains(v, slices.Clone(h), five(h), 2) },
		"delayedStep":                func(v []float32) { DelayedStep(slices.Clone(h), slices.Clone(h), slices.Clone(h), v, 1, 0, 0, 2) },
		"sgd":                        func(v []float32) { SGD(slices.Clone(h), v, 1) },
		"adamW":                      func(v []float32) { AdamW(v, slices.Clone(h), slices.Clone(h), h, AdamWStep{Bias1: 1, Bias2: 1}) },
		"mixBase":                    func(v []float32) { MixBase(slices.Clone(h), v, h, 0.5) },
		"copy":                       func(v []float32) { Copy(v, h) },
		"mean3":                      func(v []float32) { Mean(v, h, h, h) },
		"copy copy":                  func(v []float32) { Mean(slices.Clone(h), v, h, v, h, h) },
		"dot scale":                  func(v []float32) { _ = Clip(v, 1e-9) },
		"finite":                     func(v []float32) { Finite(v) },
		"dot":                        func(v []float32) { Norm(v) },
		"copy ":                      func(v []float32) { Dot(h, v) },
		" copy":                      func(v []float32) { Bytes(v) },
		"encode int8":                func(v []float32) { Encode(make([]byte, Int8.Size(n)), Int8, v) },
		"encode bfloat16":            func(v []float32) { EncodeDelta(make([]byte, 2*n), BFloat16, h, h, v) },
		"copy  ":                     func(v []float32) { Decode(v, Float16, make([]byte, 2*n)) },
	} {
		e := &elsewhere{}
		v := e.vector(t, n)
		copy(v, h)
		do(v)
		if got := strings.Join(e.asked, " "); got != strings.TrimSpace(want) {
			t.Errorf("asked for %q, want %q", got, want)
		}
	}
}

func five(g []float32) []Gradient { return slices.Repeat([]Gradient{{g, 0.5}}, 5) }

// A call is what the function was called with, whatever else args hold.
func TestCallIsArgs(t *testing.T) {
	for _, k := range Ops() {
		a := args{s: [8]float32{1, 2, 3, 4, 5, 6, 7, 8}}
		if k.divides() {
			a.s = by(4, 3, 4, 5, 6)
		}
		if got := a.call(k); got.args().s != a.s {
			t.Errorf("%s: %v becomes %v", k, a.s, got.args().s)
		}
		if len(k.Vectors()) != operands[k].all || len(k.Numbers()) > 8 || k.Changed() > operands[k].all {
			t.Errorf("%s has vectors %v, numbers %v", k, k.Vectors(), k.Numbers())
		}
	}
}

// A vector is read if and only if what an Op writes depends on what was in it.
func TestReads(t *testing.T) {
	const n = 33
	run := func(k Op, other int) []byte {
		c := Call{Op: k, Numbers: [8]float32{0.3, 0.5, 0.7, 0.6, 0.2, 0.4, 0.1, 0.9}}
		var written []byte
		for i := range k.Vectors() {
			c.Vectors[i] = slices.Repeat([]float32{float32(1 + i)}, n)
			if i == other {
				c.Vectors[i] = slices.Repeat([]float32{100}, n)
			}
		}
		CPU{}.Run(c)
		for _, v := range c.Vectors[:k.Changed()] {
			written = append(written, Bytes(v)...)
		}
		return written
	}
	for _, k := range Ops() {
		for i, name := range k.Vectors() {
			if depends := !bytes.Equal(run(k, i), run(k, -1)); depends != k.Reads(i) {
				t.Errorf("%s depends on what %s was: %t, and reads it: %t", k, name, depends, k.Reads(i))
			}
		}
	}
}

// What is packed is used as if it had been decoded first.
func TestPacked(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 255, 256, 257, 1024, 5000, 200_000} {
		for _, f := range []Form{BFloat16, Float16, Int8} {
			g := make([]float32, n)
			for i := range g {
				g[i] = float32(r.NormFloat64())
			}
			packed := make([]byte, f.Size(n))
			Encode(packed, f, g)
			Decode(g, f, packed)
			p, d := slices.Clone(g), slices.Clone(g)
			wantP, wantD := slices.Clone(g), slices.Clone(g)
			DelayedPlain(wantP, wantD, g, 0.3, 3)
			CPU{}.Run(Call{Op: OpDelayedPlain, Vectors: [6][]float32{p, d}, Numbers: [8]float32{3, 0.3}, Form: f, Packed: packed})
			if !bytes.Equal(Bytes(p), Bytes(wantP)) || !bytes.Equal(Bytes(d), Bytes(wantD)) {
				t.Fatalf("%d elements as %s: other bits", n, f)
			}
		}
	}
}
