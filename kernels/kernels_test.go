package kernels

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// check runs o on in and compares every element of every vector with the oracle.
func check(t *testing.T, o formula, in [][]float32, h hyper, offset int) {
	t.Helper()
	n := len(in[0])
	vs := make([][]float32, o.vectors)
	intact := make([]func() bool, o.vectors)
	for k := range vs {
		vs[k], intact[k] = guarded(n, offset+k)
		copy(vs[k], in[k])
	}
	o.run(vs, h)
	x := make([]float32, o.vectors)
	for i := range n {
		for k := range x {
			x[k] = in[k][i]
		}
		o.oracle(x, h)
		for k := range x {
			if !equal(vs[k][i], x[k]) {
				t.Fatalf("%s %+v, %d elements: vector %d[%d] is %g (%#x), want %g (%#x)", o.name, h, n, k, i,
					vs[k][i], math.Float32bits(vs[k][i]), x[k], math.Float32bits(x[k]))
			}
			if k >= o.changed && !equal(x[k], in[k][i]) {
				t.Fatalf("%s: the oracle changes operand %d", o.name, k)
			}
		}
	}
	for k := range intact {
		if !intact[k]() {
			t.Fatalf("%s, %d elements: written outside vector %d", o.name, n, k)
		}
	}
}

var usual = hyper{lr: 0.3, a: 0.9, b: 0.95, n: 16}

func TestElementwise(t *testing.T) {
	for _, o := range formulas {
		t.Run(o.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for n := range 131 {
				in := make([][]float32, o.vectors)
				for k := range in {
					in[k] = make([]float32, n)
					for i := range in[k] {
						in[k][i] = value(r)
					}
				}
				check(t, o, in, usual, n%5)
				check(t, o, in, hyper{lr: 1e-3, a: 1. / 3, b: 0.999, n: 3}, n%3)
			}
		})
	}
}

// Every special value meets every other in every operand.
func TestSpecials(t *testing.T) {
	for _, o := range formulas {
		in := make([][]float32, o.vectors)
		total := 1
		for range in {
			total *= len(specials)
		}
		total = min(total, len(specials)*len(specials)*len(specials)) // three operands at a time
		for i := range total {
			for k, rest := 0, i; k < len(in); k, rest = k+1, rest/len(specials) {
				in[k] = append(in[k], specials[(rest+k*i)%len(specials)])
			}
		}
		check(t, o, in, usual, 1)
	}
}

func FuzzElementwise(f *testing.F) {
	f.Add(uint8(0), 0.3, 0.9, 0.95, 16, []byte("0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, which uint8, lr, a, b float64, n int, data []byte) {
		o := formulas[int(which)%len(formulas)]
		m := len(data) / 4 / o.vectors
		in := make([][]float32, o.vectors)
		for k := range in {
			in[k] = make([]float32, m)
			for i := range in[k] {
				in[k][i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*(k*m+i):]))
			}
		}
		check(t, o, in, hyper{lr, a, b, n}, int(which)%4)
	})
}

// The numbers are dyadic, so that they can be followed by hand and are exact.
func TestByHand(t *testing.T) {
	v := func(x ...float32) []float32 { return x }
	p, d, m, base := v(1), v(4), v(2), v(1)
	for _, c := range []struct {
		name string
		do   func()
		want [4]float32 // p, d, m, base
	}{
		{"d=4+8, p=1-.5*(8/4)", func() { DelayedPlain(p, d, v(8), 0.5, 4) }, [4]float32{0, 12, 2, 1}},
		{"d=12+4, p=0-.5*(.25*2+4/4)", func() { DelayedPlainC(p, d, m, v(4), 0.5, 0.25, 4) }, [4]float32{-0.75, 16, 2, 1}},
		{"m=.5*2+(16+8)/4, p=-.75-.5*(.25*7+8/4)", func() { DelayedStep(p, m, d, v(8), 0.5, 0.5, 0.25, 4) }, [4]float32{-2.625, 16, 7, 1}},
		{"d=0, p=-2.625-0", func() { DelayedFirst(p, d, v(0), 0.5, 4) }, [4]float32{-2.625, 0, 7, 1}},
		{"p=-2.625-.5*1", func() { SGD(p, v(1), 0.5) }, [4]float32{-3.125, 0, 7, 1}},
		{"m=.5*7+1, p=-3.125-.25*4.5", func() { HeavyBall(p, m, v(1), 0.25, 0.5) }, [4]float32{-4.25, 0, 4.5, 1}},
		{"m=.5*4.5+1, p=-4.25-2*(1+.5*3.25)", func() { Nesterov(p, m, v(1), 2, 0.5) }, [4]float32{-9.5, 0, 3.25, 1}},
		{"p=.75*-9.5+.25*2", func() { Mix(p, v(2), 0.25) }, [4]float32{-6.625, 0, 3.25, 1}},
		{"p=.5*-6.625+.5*2, base=-2.3125-(-6.625-1)", func() { MixCarry(p, base, v(2), 0.5) }, [4]float32{-2.3125, 0, 3.25, 5.3125}},
		{"p=1+(-2.3125-5.3125), base=global", func() { ReplayCarry(p, base, v(1)) }, [4]float32{-6.625, 0, 3.25, 1}},
		{"p=2+(-6.625-1), base=p", func() { ReplayBase(p, base, v(2)) }, [4]float32{-5.625, 0, 3.25, -5.625}},
		{"p=0+.5*8, base=p", func() { MixBase(p, base, v(13.625), 0.5) }, [4]float32{4, 0, 3.25, 4}},
		{"d=4-1", func() { Delta(d, p, v(1)) }, [4]float32{4, 3, 3.25, 4}},
		{"d=(3+4+5)/3", func() { Mean(d, d, p, v(5)) }, [4]float32{4, 4, 3.25, 4}},
		{"d=4*-.5", func() { Scale(d, -0.5) }, [4]float32{4, -2, 3.25, 4}},
		{"m=.5*3.25+.5*2, d=.5*(-2)+.5*2*2, p=4-(.5*.5*4+(.5/.5*2.625)/(1/.5+.0))", func() {
			AdamW(p, m, d, v(2), AdamWStep{LR: 0.5, Beta1: 0.5, Beta2: 0.5, Decay: 0.5, Bias1: 0.5, Bias2: 0.25})
		}, [4]float32{3 - 2.625/2, 1, 2.625, 4}},
	} {
		c.do()
		if got := [4]float32{p[0], d[0], m[0], base[0]}; got != c.want {
			t.Errorf("%s: p, d, m, base are %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLengthsPanic(t *testing.T) {
	for _, o := range formulas {
		for k := range o.vectors {
			if o.vectors == 1 {
				continue
			}
			vs := make([][]float32, o.vectors)
			for j := range vs {
				vs[j] = []float32{1, 2, 3}
			}
			vs[k] = []float32{1, 2, 3, 4}
			wantPanic(t, fmt.Sprintf("%s, vector %d longer", o.name, k), func() { o.run(vs, usual) })
			for j := range vs {
				if !slices.Equal(vs[j], []float32{1, 2, 3, 4}[:len(vs[j])]) {
					t.Errorf("%s changed vector %d before it panicked", o.name, j)
				}
			}
		}
	}
	wantPanic(t, "Dot", func() { Dot(make([]float32, 2), make([]float32, 3)) })
	wantPanic(t, "Mean of none", func() { Mean(nil) })
	wantPanic(t, "Floats of 3 bytes", func() { Floats(make([]byte, 3)) })
}

func wantPanic(t *testing.T, what string, do func()) {
	t.Helper()
	defer func() {
		if _, ok := recover().(string); !ok {
			t.Errorf("%s: no panic with a constant text", what)
		}
	}()
	do()
}
