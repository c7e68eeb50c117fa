package bytelm

import (
	"math"
	"testing"
)

// TestGELU holds activation and slope against the tanh form in double precision.
func TestGELU(t *testing.T) {
	f := func(u float64) float64 {
		return u / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(u+0.044715*u*u*u)))
	}
	onEach(t, "", func(t *testing.T) {
		x, slope := make([]float32, 4001), make([]float32, 4001)
		for i := range x {
			x[i] = float32(i-2000) / 100
		}
		gelu(x, slope)
		for i := range x {
			u := float64(float32(i-2000) / 100)
			if want := f(u); !near(float64(x[i]), want, 3e-7*(1+math.Abs(u))) {
				t.Errorf("gelu(%v) = %v, want %v", u, x[i], want)
			}
			if want := (f(u+1e-5) - f(u-1e-5)) / 2e-5; !near(float64(slope[i]), want, 2e-6) {
				t.Errorf("slope of gelu at %v is %v, want %v", u, slope[i], want)
			}
		}
	})
}

// TestLoops runs each loop on rows of every length, of numbers that include those at which
// assembly might differ. One by one, elements are never done by assembly: the bits must be
// those.
func TestLoops(t *testing.T) {
	const a, b = 0.7, -1.3
	for name, loop := range map[string]func(v [7][]float32){
		"maximum":      func(v [7][]float32) { maximum(v[0], v[1]) },
		"expShift":     func(v [7][]float32) { expShift(v[0], v[1], v[2], a) },
		"scaleRow":     func(v [7][]float32) { scaleRow(v[0], v[1]) },
		"addRow":       func(v [7][]float32) { addRow(v[0], v[1]) },
		"addNumber":    func(v [7][]float32) { addNumber(v[0], a) },
		"addProducts":  func(v [7][]float32) { addProducts(v[0], v[1], v[2]) },
		"softmaxSlope": func(v [7][]float32) { softmaxSlope(v[0], v[1], v[2], a) },
		"centre":       func(v [7][]float32) { centre(v[0], v[1], v[2], v[3]) },
		"standardise":  func(v [7][]float32) { standardise(v[0], v[1], v[2], a, b) },
		"normSums":     func(v [7][]float32) { normSums(v[0], v[1], v[2], v[3], a) },
		"normSlope":    func(v [7][]float32) { normSlope(v[0], v[1], v[2], v[3], v[4], v[5]) },
		"gelu":         func(v [7][]float32) { gelu(v[0], v[1]) },
	} {
		for n := range 35 {
			whole, single := numbers(n), numbers(n)
			loop(whole)
			for i := range n {
				var one [7][]float32
				for k := range one {
					one[k] = single[k][i : i+1]
				}
				loop(one)
			}
			for k := range whole {
				if !sameBits(whole[k], single[k]) {
					t.Errorf("%s, %d elements: vector %d is %v, element by element %v", name, n, k, whole[k], single[k])
				}
			}
		}
	}
}

// numbers is vectors of n numbers.
func numbers(n int) (all [7][]float32) {
	inf := float32(math.Inf(1))
	odd := []float32{0, float32(math.Copysign(0, -1)), 63.999, 64.001, -64, -64.001, -65, 88, -88, 700, inf, -inf, float32(math.NaN()), 1e-40, 3e38, -3e38}
	next := normal{state: uint64(n)}
	for k := range all {
		all[k] = make([]float32, n)
		next.fill(all[k], 3)
		for i := range all[k] {
			if h := hash(uint64(n), uint64(k), uint64(i)); h%4 == 0 {
				all[k][i] = odd[h/4%uint64(len(odd))]
			}
		}
	}
	return all
}

// TestSums: a row's sums are those of eight lanes.
func TestSums(t *testing.T) {
	for n := range 35 {
		v, unit := make([]float32, n), make([]float32, n)
		next := normal{state: 8}
		next.fill(v, 1)
		next.fill(unit, 1)
		var want, wantDot [8]float32
		for i, x := range v {
			want[i%8] += x
			wantDot[i%8] += float32(x * unit[i])
		}
		if got := sum(v); got != together(want[:]) {
			t.Errorf("sum of %d elements is %v, want %v", n, got, together(want[:]))
		}
		got, dot := normSums(v, unit, make([]float32, n), make([]float32, n), 2)
		if got != together(want[:]) || dot != together(wantDot[:]) {
			t.Errorf("sums of %d elements are %v and %v, want %v and %v", n, got, dot, together(want[:]), together(wantDot[:]))
		}
	}
}
