package optim

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// Neighbours with the same decay are one run: few calls of the kernel.
func TestDecayRuns(t *testing.T) {
	matrix := func(name string, n int) Segment { return Segment{Name: name, Shape: []int{n, 2}} }
	vector := func(name string, n int) Segment { return Segment{Name: name, Shape: []int{n}} }
	for _, c := range []struct {
		what     string
		segments []Segment
		decay    float64
		want     []run
	}{
		{"no layout", nil, 0.1, []run{{0, 20, 0.1}}},
		{"one matrix", []Segment{matrix("a", 10)}, 0.1, []run{{0, 20, 0.1}}},
		{"matrices together", []Segment{matrix("a", 3), matrix("b", 4), vector("c", 2), {Name: "d"}, vector("e", 3)}, 0.1,
			[]run{{0, 14, 0.1}, {14, 20, 0}}},
		{"by turns", []Segment{vector("a", 3), matrix("b", 4), vector("c", 9)}, 0.1,
			[]run{{0, 3, 0}, {3, 11, 0.1}, {11, 20, 0}}},
		{"no decay", []Segment{vector("a", 3), matrix("b", 4), vector("c", 9)}, 0, []run{{0, 20, 0}}},
	} {
		a := &AdamW{Beta1: 0.9, Beta2: 0.9, Eps: 1, WeightDecay: c.decay, Layout: Layout{c.segments}}
		if err := a.Init(kernels.CPU{}, 20); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.runs, c.want) {
			t.Errorf("%s: runs %v, want %v", c.what, a.runs, c.want)
		}
	}
}

func TestPower(t *testing.T) {
	for _, b := range []float64{0, 0.5, 0.9, 0.95, 0.999} {
		for _, n := range []uint64{1, 2, 3, 10, 1000, 123456} {
			want := math.Pow(b, float64(n))
			if got := power(b, n); math.Abs(got-want) > 1e-15*float64(n)*want {
				t.Errorf("%g to the %d is %g, want %g", b, n, got, want)
			}
		}
	}
	if got := power(0.5, 0); got != 1 {
		t.Errorf("the power 0 is %g", got)
	}
}

func TestCosPi(t *testing.T) {
	for _, c := range []struct {
		num, den uint64
		want     float64
	}{{0, 7, 1}, {1, 2, 0}, {1, 1, -1}, {5, 10, 0}} {
		if got := cosPi(c.num, c.den); got != c.want {
			t.Errorf("cos(pi*%d/%d) is %v, want %v", c.num, c.den, got, c.want)
		}
	}
	for num := range uint64(1001) {
		x := float64(num) / 1000
		want := math.Sin(math.Pi * (0.5 - x)) // better than the cosine near its root
		if got := cosPi(num, 1000); math.Abs(got-want) > 2.3e-16 {
			t.Errorf("cos(pi*%v) is %v, want %v", x, got, want)
		}
		if mirror := cosPi(1000-num, 1000); math.Abs(mirror+cosPi(num, 1000)) > 2.3e-16 {
			t.Errorf("cos(pi*%v) is not the opposite of its mirror", x)
		}
	}
}

// The series are long enough: with 200 bits they end at the same numbers.
func TestSeries(t *testing.T) {
	for i := range 101 {
		x := math.Pi / 400 * float64(i)
		want, _ := bigCos(x).Float64()
		if got := cosSmall(x); math.Abs(got-want) > 1.2e-16 {
			t.Errorf("cosine of %v is %v, want %v", x, got, want)
		}
	}
}

func bigCos(x float64) *big.Float {
	z := new(big.Float).SetPrec(200).SetFloat64(x)
	z.Mul(z, z)
	sum := big.NewFloat(1).SetPrec(200)
	for k := 40.0; k > 0; k -= 2 {
		sum.Mul(sum, z)
		sum.Quo(sum, big.NewFloat(k*(k-1)))
		sum.Sub(big.NewFloat(1), sum)
	}
	return sum
}
