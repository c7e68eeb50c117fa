package kerneltest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/halos-go/sdk/kernels"
)

// A function is a call of one in package kernels, which must find the Backend by the
// addresses of its vectors.
type function struct {
	name   string
	memory int // vectors, of all, that are in ordinary memory: the last ones
	all    int
	call   func(v [][]float32) float64
}

var called = []function{
	{"Copy", 0, 2, func(v [][]float32) float64 { kernels.Copy(v[0], v[1]); return 0 }},
	{"Delta", 1, 3, func(v [][]float32) float64 { kernels.Delta(v[0], v[1], v[2]); return 0 }},
	{"Delta onto an operand", 0, 2, func(v [][]float32) float64 { kernels.Delta(v[1], v[0], v[1]); return 0 }},
	{"Scale", 0, 1, func(v [][]float32) float64 { kernels.Scale(v[0], 0.3); return 0 }},
	{"SGD", 1, 2, func(v [][]float32) float64 { kernels.SGD(v[0], v[1], 0.1); return 0 }},
	{"Nesterov", 0, 3, func(v [][]float32) float64 { kernels.Nesterov(v[0], v[1], v[2], 0.1, 0.9); return 0 }},
	{"DelayedStep", 1, 4, func(v [][]float32) float64 { kernels.DelayedStep(v[0], v[1], v[2], v[3], 0.1, 0.9, 0.8, 5); return 0 }},
	{"DelayedPlains of 5", 5, 7, delayedPlains},
	{"DelayedPlains of 5", 0, 7, delayedPlains},
	{"DelayedPlains of 3", 1, 5, delayedPlains},
	{"MixBase", 1, 3, func(v [][]float32) float64 { kernels.MixBase(v[0], v[1], v[2], 0.3); return 0 }},
	{"AdamW", 1, 4, func(v [][]float32) float64 {
		kernels.Scale(v[2], 0) // no numbers below 0
		kernels.AdamW(v[0], v[1], v[2], v[3], kernels.AdamWStep{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 0.1, Decay: 0.1, Bias1: 0.19, Bias2: 0.02})
		return 0
	}},
	{"Mean of 1", 0, 2, func(v [][]float32) float64 { kernels.Mean(v[0], v[1:]...); return 0 }},
	{"Mean of 4", 1, 5, func(v [][]float32) float64 { kernels.Mean(v[0], v[1:]...); return 0 }},
	{"Mean of 6", 3, 6, func(v [][]float32) float64 { kernels.Mean(v[0], v...); return 0 }},
	{"Mean of 6 into memory", 1, 6, func(v [][]float32) float64 { kernels.Mean(v[5], v...); return 0 }},
	{"Dot", 0, 2, func(v [][]float32) float64 { return kernels.Dot(v[0], v[1]) }},
	{"Dot with memory", 1, 2, func(v [][]float32) float64 { return kernels.Dot(v[0], v[1]) }},
	{"Norm", 0, 1, func(v [][]float32) float64 { return kernels.Norm(v[0]) }},
	{"Clip", 0, 1, func(v [][]float32) float64 { return kernels.Clip(v[0], 1) }},
	{"Finite", 0, 1, func(v [][]float32) float64 {
		if kernels.Finite(v[0]) {
			return 1
		}
		return 0
	}},
	{"Bytes", 0, 1, func(v [][]float32) float64 {
		sum := 0.0
		for i, b := range kernels.Bytes(v[0]) {
			sum += float64(i%7) * float64(b)
		}
		return sum
	}},
	{"Encode and Decode", 0, 2, func(v [][]float32) float64 {
		b := make([]byte, kernels.Int8.Size(len(v[0])))
		kernels.Encode(b, kernels.Int8, v[1])
		kernels.Decode(v[0], kernels.Int8, b)
		return 0
	}},
	{"EncodeDelta", 1, 3, func(v [][]float32) float64 {
		b := make([]byte, kernels.BFloat16.Size(len(v[0])))
		kernels.EncodeDelta(b, kernels.BFloat16, v[0], v[2], v[1])
		kernels.Decode(v[0], kernels.BFloat16, b)
		return 0
	}},
}

func delayedPlains(v [][]float32) float64 {
	var gs []kernels.Gradient
	for i, g := range v[2:] {
		gs = append(gs, kernels.Gradient{Values: g, LR: 0.1 * float64(1+i)})
	}
	kernels.DelayedPlains(v[0], v[1], gs, 7)
	return 0
}

func functions(s *stage) error {
	var all []error
	for _, f := range called {
		for _, n := range []int{1, 17, 1003, 4097} {
			if err := s.call(f, n); err != nil {
				all = append(all, fmt.Errorf("%s of %d elements: %w", f.name, n, err))
				break
			}
		}
	}
	return errors.Join(all...)
}

func (s *stage) call(f function, n int) error {
	var os []*operand
	for i := range f.all {
		name := fmt.Sprint("vector ", i)
		o := newOperand(name, margin, n, n+2*margin)
		s.values(o.twin(), false)
		if i < f.all-f.memory {
			home, err := s.home(i, len(o.all), false)
			if err != nil {
				return err
			}
			o.all, o.memory = home, false
		}
		o.put()
		os = append(os, o)
	}
	before := make([]float64, n) // sums of absolute values
	for _, o := range os {
		for i, x := range o.twin() {
			before[i] += math.Abs(float64(x))
		}
	}
	want, got := f.call(vectors(os, (*operand).twin)), f.call(vectors(os, (*operand).vector))
	if got != want && (s.p == Exact || !(math.Abs(got-want) <= 1e-5*math.Abs(want))) {
		return fmt.Errorf("it returned %v, want %v", got, want)
	}
	slack := make([][]bound, len(os))
	for k, o := range os {
		slack[k] = s.near(o, before)
	}
	return look(os, slack)
}

// near is the slack of the result of several calls, where operands were of that size:
// none if results are exact.
func (s *stage) near(o *operand, sizes []float64) []bound {
	if s.p == Exact {
		return nil
	}
	all := slices.Repeat([]bound{{}}, len(sizes))
	for i, x := range o.twin() {
		all[i] = bound{float64(x), 1e-5 * (sizes[i] + math.Abs(float64(x)))}
	}
	return all
}
