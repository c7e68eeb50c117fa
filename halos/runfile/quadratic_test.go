package runfile

import (
	"math"
	"testing"
)

// TestSplitmix64 wants the published outputs for the seed 1234567, whose states
// are multiples of the constant apart.
func TestSplitmix64(t *testing.T) {
	want := []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821}
	for i, w := range want {
		if got := splitmix64(1234567 + uint64(i)*0x9E3779B97F4A7C15); got != w {
			t.Errorf("output %d is %d, want %d", i, got, w)
		}
	}
}

func TestQuadraticFollowsItsFormulas(t *testing.T) {
	const dim, seed, noise, first, count = 5, 11, 0.3, 40, 7
	q, err := NewQuadratic(dim, noise, seed)
	if err != nil {
		t.Fatal(err)
	}
	theta, grad := make([]float32, dim), make([]float32, dim)
	q.Init(theta)
	objective := q.Objective(Place{})
	trainLoss, err := objective.Gradient(t.Context(), grad, theta, first, count)
	if err != nil {
		t.Fatal(err)
	}
	loss := 0.0
	for j := range uint64(dim) {
		d := 0.1 + 1.9*(unit(seed, 1, j)+1)/2
		c := 2 * unit(seed, 2, j)
		if got, want := theta[j], float32(unit(seed, 3, j)); got != want {
			t.Errorf("theta0[%d] is %v, want %v", j, got, want)
		}
		e := float64(theta[j]) - c
		loss += d * e * e / 2
		mean := 0.0
		for s := uint64(first); s < first+count; s++ {
			mean += unit(seed+7919, s+16, j) / count
		}
		if want := d*e + noise*mean; !near(float64(grad[j]), want, 1e-6) {
			t.Errorf("gradient[%d] is %v, want %v", j, grad[j], want)
		}
	}
	if got, _ := q.Loss(t.Context(), theta); !near(got, loss, 1e-12) || got != trainLoss {
		t.Errorf("loss is %v, training loss %v, want %v", got, trainLoss, loss)
	}
	if l := q.Layout(); len(l.Segments) != 1 || len(l.Segments[0].Shape) != 2 || l.Segments[0].Shape[1] != dim {
		t.Errorf("layout is %v", l)
	}
}

func TestUnitIsInItsInterval(t *testing.T) {
	lo, hi := interval(0), interval(math.MaxUint64)
	if lo != -1 || hi >= 1 || hi < 0.999 {
		t.Errorf("interval is [%v, %v]", lo, hi)
	}
	sum := 0.0
	for i := range uint64(10000) {
		sum += unit(3, i, 5)
	}
	if math.Abs(sum/10000) > 0.02 { // 3.5 standard deviations
		t.Errorf("mean is %v", sum/10000)
	}
}

func TestNewQuadraticRefuses(t *testing.T) {
	tests := []struct {
		dim   int
		noise float64
	}{{0, 1}, {-1, 1}, {1 << 29, 1}, {3, math.NaN()}, {3, math.Inf(1)}, {3, -1}}
	for _, tt := range tests {
		if q, err := NewQuadratic(tt.dim, tt.noise, 1); err == nil {
			t.Errorf("%+v: got %v", tt, q)
		}
	}
}

func TestGradientDoesNotAllocate(t *testing.T) {
	q, _ := NewQuadratic(64, 0.3, 1)
	o, g, p := q.Objective(Place{}), make([]float32, 64), make([]float32, 64)
	if n := testing.AllocsPerRun(10, func() { _, _ = o.Gradient(t.Context(), g, p, 0, 8) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGradient(b *testing.B) {
	q, _ := NewQuadratic(1024, 0.3, 1)
	o, g, p := q.Objective(Place{}), make([]float32, 1024), make([]float32, 1024)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = o.Gradient(b.Context(), g, p, 0, 64)
	}
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
