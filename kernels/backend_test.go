package kernels

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels/backend"
)

// elsewhere is a Backend that notes what it is asked for and does it in ordinary
// memory, which its vectors are.
type elsewhere struct {
	CPU
	asked   []string
	settled [][]float32
}

func (e *elsewhere) Name() string { return "elsewhere" }

// note returns what is to be done at the end of the call. Until then the vectors are in
// ordinary memory.
func (e *elsewhere) note(what string) func() {
	e.asked = append(e.asked, what)
	for _, v := range e.settled {
		backend.Unsettle(v)
	}
	return func() {
		for _, v := range e.settled {
			backend.Settle(v, e)
		}
	}
}

func (e *elsewhere) Run(c backend.Call) {
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
	e.settled = append(e.settled, v)
	backend.Settle(v, e)
	t.Cleanup(func() { backend.Unsettle(v) })
	return v
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

// A Backend gets from a function what runs it on the CPU, in the names of the table.
func TestCallsOfFunctions(t *testing.T) {
	const n = 300
	for _, f := range formulas {
		e := &elsewhere{}
		vs, want := make([][]float32, f.vectors), make([][]float32, f.vectors)
		for k := range vs {
			vs[k], want[k] = e.vector(t, n), vector(uint64(k), n)
			copy(vs[k], want[k])
		}
		f.run(vs, usual)
		f.run(want, usual)
		for k := range vs {
			if !slices.EqualFunc(vs[k], want[k], equal) {
				t.Errorf("%s by a Backend: vector %d differs", f.name, k)
			}
		}
	}
}

// A vector is read if and only if what an Op writes depends on what was in it.
func TestReads(t *testing.T) {
	const n = 33
	run := func(k backend.Op, other int) []byte {
		c := backend.Call{Op: k, Numbers: [8]float32{0.3, 0.5, 0.7, 0.6, 0.2, 0.4, 0.1, 0.9}}
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
	for _, k := range backend.Ops() {
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
			CPU{}.Run(backend.Call{Op: backend.OpDelayedPlain, Vectors: [6][]float32{p, d}, Numbers: [8]float32{3, 0.3}, Form: f, Packed: packed})
			if !bytes.Equal(Bytes(p), Bytes(wantP)) || !bytes.Equal(Bytes(d), Bytes(wantD)) {
				t.Fatalf("%d elements as %s: other bits", n, f)
			}
		}
	}
}
