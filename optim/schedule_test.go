package optim_test

import (
	"math"
	"testing"

	"github.com/halos-go/sdk/optim"
)

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		s    optim.Schedule
		name string
		at   map[uint64]float64
	}{
		{optim.Constant(3.2), "constant(3.2)", map[uint64]float64{0: 3.2, 1: 3.2, math.MaxUint64: 3.2}},
		{optim.Linear{Max: 8, Min: 2, Warmup: 4, Total: 10}, "linear(max=8,min=2,warmup=4,total=10)",
			map[uint64]float64{0: 0, 1: 2, 3: 6, 4: 8, 5: 7, 9: 3, 10: 2, 11: 2, math.MaxUint64: 2}},
		{optim.Linear{Max: 8, Total: 8}, "linear(max=8,min=0,warmup=0,total=8)",
			map[uint64]float64{0: 8, 1: 7, 8: 0, 9: 0}},
		{optim.Cosine{Max: 8, Min: 2, Warmup: 4, Total: 10}, "cosine(max=8,min=2,warmup=4,total=10)",
			map[uint64]float64{0: 0, 1: 2, 4: 8, 5: 5 + 3*math.Cos(math.Pi/6), 6: 6.5, 7: 5, 8: 3.5, 10: 2, 11: 2}},
		{optim.Cosine{Max: 1, Min: 1, Total: 2}, "cosine(max=1,min=1,warmup=0,total=2)",
			map[uint64]float64{0: 1, 1: 1, 2: 1, 3: 1}},
		{optim.Cosine{Max: 1, Warmup: 2, Total: 2}, "cosine(max=1,min=0,warmup=2,total=2)",
			map[uint64]float64{1: 0.5, 2: 1, 3: 0}},
		{optim.WSD{Max: 8, Min: 2, Warmup: 4, Decay: 3, Total: 10}, "wsd(max=8,min=2,warmup=4,decay=3,total=10)",
			map[uint64]float64{0: 0, 3: 6, 4: 8, 5: 8, 7: 8, 8: 6, 9: 4, 10: 2, 11: 2}},
		{optim.WSD{Max: 8, Total: 3}, "wsd(max=8,min=0,warmup=0,decay=0,total=3)",
			map[uint64]float64{0: 8, 1: 8, 3: 8, 4: 0}},
		{optim.Func("harmonic(max=6)", harmonic), "harmonic(max=6)", map[uint64]float64{1: 6, 2: 3, 12: 0.5}},
	} {
		if err := c.s.Validate(); err != nil {
			t.Error(err)
		}
		if c.s.String() != c.name {
			t.Errorf("schedule is called %q, want %q", c.s, c.name)
		}
		for step, want := range c.at {
			if got := c.s.At(step); math.Abs(got-want) > 4e-15 {
				t.Errorf("%s: step %d has %v, want %v", c.s, step, got, want)
			}
		}
	}
}

func harmonic(step uint64) float64 { return 6 / float64(step) }

// The formula of the specification, with the library's cosine.
func TestCosineFormula(t *testing.T) {
	c := optim.Cosine{Max: 0.001, Min: 0.0001, Warmup: 30, Total: 400}
	for step := 1; step <= 500; step++ {
		want := c.Min
		switch s := float64(step); {
		case s <= 30:
			want = c.Max * s / 30
		case s <= 400:
			want = c.Min + (c.Max-c.Min)*(1+math.Cos(math.Pi*(s-30)/370))/2
		}
		if got := c.At(uint64(step)); math.Abs(got-want) > 1e-15*c.Max {
			t.Fatalf("step %d has %v, want %v", step, got, want)
		}
	}
}

func TestSchedulesRefuse(t *testing.T) {
	for _, c := range []struct {
		s    optim.Schedule
		want string
	}{
		{optim.Constant(0), "optim: Constant is 0: want finite and above 0"},
		{optim.Constant(math.NaN()), "optim: Constant is NaN: want finite and above 0"},
		{optim.Linear{Total: 1}, "optim: Linear.Max is 0: want finite and above 0"},
		{optim.Linear{Max: math.Inf(1), Total: 1}, "optim: Linear.Max is +Inf: want finite and above 0"},
		{optim.Cosine{Max: 1, Min: 2, Total: 1}, "optim: Cosine.Min is 2: want 0 <= Min <= Max = 1"},
		{optim.Cosine{Max: 1, Min: -2, Total: 1}, "optim: Cosine.Min is -2: want 0 <= Min <= Max = 1"},
		{optim.Cosine{Max: 1}, "optim: Cosine.Total is 0: want at least 1"},
		{optim.Cosine{Max: 1, Warmup: 9, Total: 8}, "optim: Cosine.Warmup is 9: want at most Total = 8"},
		{optim.WSD{Max: 1, Warmup: 5, Decay: 4, Total: 8}, "optim: WSD.Decay is 4: want at most Total-Warmup = 3"},
		{optim.WSD{Max: 1, Decay: math.MaxUint64, Warmup: 2, Total: 8}, "optim: WSD.Decay is 18446744073709551615: want at most Total-Warmup = 6"},
		{optim.Func("", harmonic), "optim: Func has an empty name: want one, with all parameters"},
		{optim.Func("x", nil), "optim: Func has no function: want one that returns the rate of a step"},
		{optim.WSD{Max: math.NaN(), Total: 1}, "optim: WSD.Max is NaN: want finite and above 0"},
	} {
		if err := c.s.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v: want %s", c.s, err, c.want)
		}
	}
}
