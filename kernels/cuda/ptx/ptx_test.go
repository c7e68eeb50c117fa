package ptx

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda/ptx/internal/ptxi"
)

// sizes are those around the ends of threads' work: fours, warps, blocks of Int8.
var sizes = []int{0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 127, 128, 190, 255, 256, 257, 509, 511, 1003}

// hyper is the hyper-parameters of a call.
type hyper struct {
	lr, a, b float64
	n        int
}

var hypers = []hyper{{0.3, 0.9, 0.1, 4}, {0.7, 0.25, -0.5, 3}, {1, 0.999, 0.4, 1}, {-0.1, 1, 0, 7}}

// A reference is what a kernel must do, by package kernels, and its numbers.
type reference struct {
	run     func(v [][]float32, h hyper)
	scalars func(h hyper) []float64
}

var references = map[string]reference{
	"delayedFirst": {
		func(v [][]float32, h hyper) { kernels.DelayedFirst(v[0], v[1], v[2], h.lr, h.n) }, byLR},
	"delayedFirstC": {
		func(v [][]float32, h hyper) { kernels.DelayedFirstC(v[0], v[1], v[2], v[3], h.lr, h.a, h.n) }, byLRC},
	"delayedPlain": {
		func(v [][]float32, h hyper) { kernels.DelayedPlain(v[0], v[1], v[2], h.lr, h.n) }, byLR},
	"delayedPlainC": {
		func(v [][]float32, h hyper) { kernels.DelayedPlainC(v[0], v[1], v[2], v[3], h.lr, h.a, h.n) }, byLRC},
	"delayedStep": {
		func(v [][]float32, h hyper) { kernels.DelayedStep(v[0], v[1], v[2], v[3], h.lr, h.a, h.b, h.n) },
		func(h hyper) []float64 { return []float64{float64(h.n), h.lr, h.a, h.b} }},
	"delayedPlain2": {plains, func(h hyper) []float64 { return []float64{float64(h.n), h.lr, h.a} }},
	"delayedPlain3": {plains, func(h hyper) []float64 { return []float64{float64(h.n), h.lr, h.a, h.b} }},
	"delayedPlain4": {plains, func(h hyper) []float64 { return []float64{float64(h.n), h.lr, h.a, h.b, 2} }},
	"sgd": {
		func(v [][]float32, h hyper) { kernels.SGD(v[0], v[1], h.lr) },
		func(h hyper) []float64 { return []float64{h.lr} }},
	"heavyBall": {
		func(v [][]float32, h hyper) { kernels.HeavyBall(v[0], v[1], v[2], h.lr, h.a) }, momentum},
	"nesterov": {
		func(v [][]float32, h hyper) { kernels.Nesterov(v[0], v[1], v[2], h.lr, h.a) }, momentum},
	"adamW": {
		func(v [][]float32, h hyper) { kernels.AdamW(v[0], v[1], v[2], v[3], adam(h)) },
		func(h hyper) []float64 {
			s := adam(h)
			return []float64{s.Beta1, 1 - s.Beta1, s.Beta2, 1 - s.Beta2, s.Eps, 1 - float64(s.LR*s.Decay), s.LR / s.Bias1, math.Sqrt(s.Bias2)}
		}},
	"mix":         {func(v [][]float32, h hyper) { kernels.Mix(v[0], v[1], h.a) }, share},
	"mixBase":     {func(v [][]float32, h hyper) { kernels.MixBase(v[0], v[1], v[2], h.a) }, share},
	"mixCarry":    {func(v [][]float32, h hyper) { kernels.MixCarry(v[0], v[1], v[2], h.a) }, share},
	"replayBase":  {func(v [][]float32, _ hyper) { kernels.ReplayBase(v[0], v[1], v[2]) }, none},
	"replayCarry": {func(v [][]float32, _ hyper) { kernels.ReplayCarry(v[0], v[1], v[2]) }, none},
	"delta":       {func(v [][]float32, _ hyper) { kernels.Delta(v[0], v[1], v[2]) }, none},
	"scale": {
		func(v [][]float32, h hyper) { kernels.Scale(v[0], h.a) },
		func(h hyper) []float64 { return []float64{h.a} }},
}

func none(hyper) []float64       { return nil }
func byLR(h hyper) []float64     { return []float64{float64(h.n), h.lr} }
func byLRC(h hyper) []float64    { return []float64{float64(h.n), h.lr, h.a} }
func momentum(h hyper) []float64 { return []float64{h.lr, h.a} }
func share(h hyper) []float64    { return []float64{1 - h.a, h.a} }

func adam(h hyper) kernels.AdamWStep {
	return kernels.AdamWStep{LR: h.lr, Beta1: h.a, Beta2: 0.999, Eps: 0.01, Decay: 0.01, Bias1: 1 - h.a*0.99, Bias2: 0.002}
}

func plains(v [][]float32, h hyper) {
	gs := make([]kernels.Gradient, len(v)-2)
	for i := range gs {
		gs[i] = kernels.Gradient{Values: v[2+i], LR: []float64{h.lr, h.a, h.b, 2}[i]}
	}
	kernels.DelayedPlains(v[0], v[1], gs, h.n)
}

// Every kernel does what its function does, to the bit, and writes all of what it
// changes and nothing else. A kernel of a form does what its namesake does with what
// Decode reads.
func TestKernels(t *testing.T) {
	entries := parsed(t)
	for i, k := range Kernels() {
		name := strings.TrimSuffix(strings.TrimSuffix(k.Name, "Int8"), "BFloat16")
		ref, ok := references[name]
		if !ok {
			continue // a form by itself: see form_test.go
		}
		t.Run(k.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for round, n := range sizes {
				check(t, entries[k.Name], k, ref, n, hypers[(round+i)%len(hypers)], r)
			}
		})
	}
}

func check(t *testing.T, entry *ptxi.Kernel, k Kernel, ref reference, n int, h hyper, r *rand.Rand) {
	t.Helper()
	want := make([][]float32, len(k.Vectors))
	for i := range want {
		want[i] = values(r, n)
	}
	last := len(want) - 1
	g := toBytes(want[last])
	if k.Form != 0 {
		g = make([]byte, k.Form.Size(n))
		for i := range g {
			g[i] = byte(r.Uint32()) // any bytes are the form of some vector
		}
		kernels.Decode(want[last], k.Form, g)
	}
	var m ptxi.Memory
	buffers, arguments := make([][]byte, len(want)), []uint64(nil)
	for i, v := range want {
		if buffers[i] = toBytes(v); i == last {
			buffers[i] = g
		}
		arguments = append(arguments, m.Add(buffers[i]))
	}
	arguments = append(arguments, uint64(n))
	for _, s := range ref.scalars(h) {
		arguments = append(arguments, uint64(math.Float32bits(float32(s))))
	}
	ref.run(want, h)
	if err := entry.Launch(&m, 1+n%3, block(n), arguments...); err != nil {
		t.Fatalf("%d elements: %v", n, err)
	}
	for i := range k.Changed {
		compare(t, fmt.Sprintf("%d elements, %s", n, k.Vectors[i]), toFloats(buffers[i]), want[i])
	}
	for i, b := range buffers {
		written := m.Written(arguments[i])
		if i < k.Changed && written != len(b) || i >= k.Changed && written != 0 {
			t.Fatalf("%d elements: %d of %d bytes of %s are written", n, written, len(b), k.Vectors[i])
		}
	}
}

// block is the number of threads of a block: many, or one, which does all of the rest
// of a vector, here three elements.
func block(n int) int {
	if n%4 == 3 {
		return 1
	}
	return 64
}

// The table is what the text has.
func TestTable(t *testing.T) {
	entries, list := parsed(t), Kernels()
	if len(entries) != len(list) {
		t.Errorf("the text has %d kernels, the table %d", len(entries), len(list))
	}
	for _, k := range list {
		e := entries[k.Name]
		if e == nil {
			t.Errorf("%s is not in the text", k.Name)
			continue
		}
		want := slices.Concat(slices.Repeat([]string{"u64"}, len(k.Vectors)+1), slices.Repeat([]string{"f32"}, len(k.Scalars)))
		if !slices.Equal(e.Params, want) {
			t.Errorf("%s has parameters %v, in the table %v", k.Name, e.Params, want)
		}
	}
}

// dst of delta may be one of the others.
func TestDeltaInPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, place := range []int{0, 1} {
		v := [][]float32{values(r, 1003), values(r, 1003)}
		want := make([]float32, 1003)
		kernels.Delta(want, v[0], v[1])
		b := [][]byte{toBytes(v[0]), toBytes(v[1])}
		var m ptxi.Memory
		x, y := m.Add(b[0]), m.Add(b[1])
		if err := parsed(t)["delta"].Launch(&m, 2, 64, []uint64{x, y}[place], x, y, 1003); err != nil {
			t.Fatal(err)
		}
		compare(t, "delta", toFloats(b[place]), want)
	}
}

// What goes wrong on a card is an error here.
func TestMistakesOfCallers(t *testing.T) {
	sgd := parsed(t)["sgd"]
	var m ptxi.Memory
	p, g := m.Add(make([]byte, 4*64)), m.Add(make([]byte, 4*64))
	for _, c := range []struct {
		why  string
		args []uint64
	}{
		{"out of bounds", []uint64{p, g, 65, 0}},
		{"out of bounds", []uint64{p, g, 68, 0}},
		{"out of bounds", []uint64{0, g, 64, 0}},
		{"not aligned", []uint64{p + 4, g, 60, 0}},
		{"not aligned", []uint64{p, g + 8, 60, 0}},
		{"read as constant", []uint64{p, p, 64, 0}},
		{"3 arguments for 4", []uint64{p, g, 64}},
	} {
		if err := sgd.Launch(&m, 1, 32, c.args...); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%#x: want %q, got %v", c.args, c.why, err)
		}
	}
}
