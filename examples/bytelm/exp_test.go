package bytelm

import (
	"math"
	"testing"
)

// exp1 is exp of one number.
func exp1(x float32) float32 {
	v := []float32{x}
	exp(v)
	return v[0]
}

func TestExp(t *testing.T) {
	worst := 0.0
	for i := range 400001 {
		x := float32(i-200000) / 200000 * 64
		want := math.Exp(float64(x))
		worst = max(worst, math.Abs(float64(exp1(x))-want)/want)
	}
	if !near(worst, 0, 2e-7) {
		t.Errorf("relative error %v on [-64, 64], want at most 2e-7", worst)
	}
	inf := float32(math.Inf(1))
	for _, x := range []float32{-64.001, -88, -200, -inf} {
		if y := exp1(x); y != 0 {
			t.Errorf("exp1(%v) = %v, want 0", x, y)
		}
	}
	for _, x := range []float32{65, 1e9, inf} {
		if y := exp1(x); y != exp1(64) {
			t.Errorf("exp1(%v) = %v, want that of 64", x, y)
		}
	}
	if nan := exp1(float32(math.NaN())); nan == nan {
		t.Errorf("exp1(NaN) = %v", nan)
	}
}
