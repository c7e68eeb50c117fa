package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// dotByDefinition follows the comment of Dot by index arithmetic.
func dotByDefinition(x, y []float32) float64 {
	sums := make([][16]float64, (len(x)+4095)/4096)
	for i := range x {
		sums[i/4096][i%4096%16] += float64(x[i]) * float64(y[i])
	}
	total := 0.0
	for _, s := range sums {
		var h [8]float64
		for j := range h {
			h[j] = s[j] + s[j+8]
		}
		total += ((h[0] + h[4]) + (h[2] + h[6])) + ((h[1] + h[5]) + (h[3] + h[7]))
	}
	return total
}

func vector(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64() * math.Exp(4*r.NormFloat64()))
	}
	return v
}

func TestDot(t *testing.T) {
	sizes := []int{4095, 4096, 4097, 8192, 3*4096 + 777}
	for n := range 131 {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		x, y := vector(1, n), vector(2, n)
		got := Dot(x, y)
		if want := dotByDefinition(x, y); got != want {
			t.Errorf("%d elements: %v, want by the definition %v", n, got, want)
		}
		exact, size := new(big.Float).SetPrec(300), 0.0
		for i := range x {
			p := float64(x[i]) * float64(y[i])
			exact.Add(exact, big.NewFloat(p))
			size += math.Abs(p)
		}
		if want, _ := exact.Float64(); math.Abs(got-want) > 1e-13*size {
			t.Errorf("%d elements: %v is far from the exact %v", n, got, want)
		}
		if got, want := Norm(x), math.Sqrt(dotByDefinition(x, x)); got != want {
			t.Errorf("%d elements: norm %v, want %v", n, got, want)
		}
	}
}

// The bits of a sum whose terms do not commute pin the order for ever: any other
// implementation, and any later version, has to give these.
func TestDotBits(t *testing.T) {
	x, y := make([]float32, 10000), make([]float32, 10000)
	s := uint32(1)
	for i := range x {
		s = s*1664525 + 1013904223
		x[i] = float32(int32(s)) / 3
		s = s*1664525 + 1013904223
		y[i] = float32(int32(s)) / 7
	}
	const want = 0xc3c0baf000ae86e7
	if got := math.Float64bits(Dot(x, y)); got != want {
		t.Errorf("Dot has bits %#x, want %#x", got, uint64(want))
	}
	oneByOne := 0.0
	for i := range x {
		oneByOne += float64(x[i]) * float64(y[i])
	}
	if math.Float64bits(oneByOne) == want {
		t.Error("these numbers do not tell orders apart")
	}
}

func TestNormOfExtremes(t *testing.T) {
	big := []float32{math.MaxFloat32, math.MaxFloat32, math.MaxFloat32, math.MaxFloat32}
	if got := Norm(big); got != 2*math.MaxFloat32 {
		t.Errorf("norm of large numbers is %v", got)
	}
	if got := Norm([]float32{math.SmallestNonzeroFloat32}); got != math.SmallestNonzeroFloat32 {
		t.Errorf("norm of a denormal is %v", got)
	}
	if got := Norm(nil); got != 0 {
		t.Errorf("norm of nothing is %v", got)
	}
}

func TestClip(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	f := float32(1 / (5 + 1e-6))
	for _, c := range []struct {
		in   []float32
		max  float64
		norm float64
		want []float32
	}{
		{[]float32{3, 4}, 10, 5, []float32{3, 4}},
		{[]float32{3, 4}, 6, 5, []float32{3, 4}},
		{[]float32{3, 4}, 5.000001, 5, []float32{3, 4}}, // the factor is 1
		{[]float32{3, 4}, 1, 5, []float32{mul(3, f), mul(4, f)}},
		{[]float32{0, 0}, 1, 0, []float32{0, 0}},
		{[]float32{3, nan}, 1, math.NaN(), []float32{nan, nan}},
		{[]float32{nan, inf, 1, 0}, 1e30, math.NaN(), []float32{nan, nan, nan, nan}},
		{[]float32{-3, 0, -inf}, math.MaxFloat64, math.Inf(1), []float32{float32(math.Copysign(0, -1)), 0, nan}},
		{[]float32{3, inf}, 1, math.Inf(1), []float32{0, nan}},
	} {
		g := slices.Clone(c.in)
		norm := Clip(g, c.max)
		if norm != c.norm && !(norm != norm && c.norm != c.norm) {
			t.Errorf("Clip(%v, %v) returned %v, want %v", c.in, c.max, norm, c.norm)
		}
		if !slices.EqualFunc(g, c.want, equal) {
			t.Errorf("Clip(%v, %v) made %v, want %v", c.in, c.max, g, c.want)
		}
	}
}

func TestFinite(t *testing.T) {
	for n := range 131 {
		v := make([]float32, n+1)[:n]
		v[:n+1][n] = float32(math.NaN()) // beyond the end: not seen
		for i := range v {
			v[i] = specials[i%12] // the finite ones
		}
		if !Finite(v) {
			t.Errorf("%d finite numbers are called not finite", n)
		}
		for i := range v {
			for _, bad := range specials[12:] {
				old := v[i]
				v[i] = bad
				if Finite(v) {
					t.Errorf("%v at %d of %d not seen", bad, i, n)
				}
				v[i] = old
			}
		}
	}
}
