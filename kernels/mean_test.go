package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

// average is the mean of xs as the comment of Mean has it.
func average(xs ...float32) float32 {
	s, wide := xs[0], float64(xs[0])
	for _, x := range xs[1:] {
		s, wide = add(s, x), wide+float64(x)
	}
	if q := div(s, float32(len(xs))); q-q == 0 {
		return q
	}
	return float32(wide / float64(len(xs)))
}

// Of any numbers, among them some whose sum overflows, onto one of the vectors and onto
// another, in the cache and past it.
func TestMean(t *testing.T) {
	on(t, isa.Now)
	r := rand.New(rand.NewPCG(3, 4))
	lengths := []int{1, 7, 31, 2047, 2048, 2049, 5000}
	if !testing.Short() {
		lengths = append(lengths, grain+3000, streaming+777)
	}
	for _, n := range lengths {
		for _, many := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12} {
			if n > 5000 && many > 5 {
				continue
			}
			vs, want := make([][]float32, many), make([]float32, n)
			for k := range vs {
				vs[k] = make([]float32, n)
				for i := range vs[k] {
					vs[k][i] = value(r)
				}
			}
			xs := make([]float32, many)
			for i := range want {
				for k := range vs {
					xs[k] = vs[k][i]
				}
				want[i] = average(xs...)
			}
			for _, isa.Now = range isa.All() {
				dst := make([]float32, n)
				Mean(dst, vs...)
				if !slices.EqualFunc(dst, want, equal) {
					t.Errorf("mean of %d vectors of %d elements differs on %s", many, n, isa.Now)
				}
				k := r.IntN(many)
				onto := slices.Clone(vs)
				onto[k] = slices.Clone(vs[k])
				Mean(onto[k], onto...)
				if !slices.EqualFunc(onto[k], want, equal) {
					t.Errorf("mean of %d vectors of %d elements onto vector %d differs on %s", many, n, k, isa.Now)
				}
			}
		}
	}
}

// The mean of finite numbers is finite.
func TestMeanOfTheLargest(t *testing.T) {
	for many := 1; many <= 40; many++ {
		for _, n := range []int{1, 9, 100, 3000} {
			x := slices.Repeat([]float32{math.MaxFloat32, -math.MaxFloat32, 3e38, 1, -3e38}, n/5+1)[:n]
			dst := make([]float32, n)
			Mean(dst, slices.Repeat([][]float32{x}, many)...)
			if !Finite(dst) {
				t.Errorf("mean of %d times %v is %v", many, x[:1], dst[:1])
			}
			if many > 1 && dst[0] != math.MaxFloat32 {
				t.Errorf("mean of %d times the largest number is %v", many, dst[0])
			}
		}
	}
}

// A function whose result is in the range of float32 gives it, though what it computes
// on the way is not, or is too small.
func TestRange(t *testing.T) {
	const huge = 1e30 // its square is beyond float32
	x := slices.Repeat([]float32{huge, -huge}, 5000)
	norm := huge * 100 // of 10,000 elements
	if got := Norm(x); math.Abs(got/norm-1) > 1e-7 {
		t.Errorf("the norm is %v, want %v", got, norm)
	}
	for _, bound := range []float64{1e-20, 1e-11, 1e-6, 1, 1e31} {
		g := slices.Clone(x)
		if got := Clip(g, bound); math.Abs(got/norm-1) > 1e-7 {
			t.Errorf("Clip returns %v, want %v", got, norm)
		}
		if got := Norm(g); math.Abs(got/bound-1) > 1e-6 {
			t.Errorf("clipped to %v the norm is %v", bound, got)
		}
	}
	for _, f := range []Form{BFloat16, Float16, Int8} {
		largest := map[Form]float32{BFloat16: 0x1.fep127, Float16: 65504, Int8: math.MaxFloat32}[f]
		for _, v := range [][]float32{{largest, -largest, 1}, {largest}, {-largest, 0x1p-126}} {
			b, got := make([]byte, f.Size(len(v))), make([]float32, len(v))
			Encode(b, f, v)
			if Decode(got, f, b); !Finite(got) {
				t.Errorf("%v as %v is %v", v, f, got)
			}
		}
	}
}

// Elements of up to 2^125 and numbers of an ordinary optimizer make no infinities.
func TestNoOverflowBelow(t *testing.T) {
	for _, f := range formulas {
		if f.name == "DelayedPlains" {
			continue // the sum of seven gradients is beyond float32 itself
		}
		vs := make([][]float32, f.vectors)
		for k := range vs {
			x := float32(0x1p125)
			if f.name == "AdamW" && k == 3 {
				x = 0x1p63
			}
			vs[k] = make([]float32, 1<<f.vectors)
			for i := range vs[k] { // all combinations of signs
				vs[k][i] = x
				if i>>k&1 == 1 && (f.name != "AdamW" || k != 2) {
					vs[k][i] = -x
				}
			}
		}
		f.run(vs, hyper{lr: 1, a: 0.9, b: 0.95, n: 1})
		for k, v := range vs {
			if i := slices.IndexFunc(v, func(x float32) bool { return x-x != 0 }); i >= 0 {
				t.Errorf("%s: vector %d[%d] is %v", f.name, k, i, v[i])
			}
		}
	}
}
