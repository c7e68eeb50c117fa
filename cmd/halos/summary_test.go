package main

import (
	"math"
	"testing"
)

// A race ended like this.
type ended struct {
	end    string
	ms     float64
	tokens uint64
}

// contest is the row of b against a, with seeds 1, 2 and so on.
func contest(a, b []ended) row {
	var records []record
	for i := range a {
		for name, e := range map[string]ended{"a": a[i], "b": b[i]} {
			records = append(records, record{Method: name, Seed: uint64(i + 1), Target: 2, End: e.end, TimeMS: e.ms, Tokens: e.tokens, Loss: 2})
		}
	}
	return summarize([]method{{name: "a"}, {name: "b"}}, "a", records)[1]
}

// A seed with which a method misses the target is in every ratio, as a bound.
func TestRatiosOfRacesThatMissTheTarget(t *testing.T) {
	reached := func(ms float64) ended { return ended{endReached, ms, 10} }
	budget, failed := ended{endBudget, 100, 50}, ended{endFailed, 7, 3}
	for _, c := range []struct {
		name       string
		base, of   []ended
		time       string // to the target
		ratio      string
		reached    int
		clockKnown bool
	}{
		{"both reach it", []ended{reached(10)}, []ended{reached(20)}, "20.0", "2.00", 1, true},
		{"the base misses it", []ended{budget}, []ended{reached(20)}, "20.0", "<0.20", 1, true},
		{"the method misses it", []ended{reached(10)}, []ended{budget}, ">100", ">10.0", 0, true},
		{"both miss it", []ended{budget}, []ended{budget}, ">100", "-", 0, true},
		{"the method fails", []ended{reached(10)}, []ended{failed}, "-", "-", 0, false},
		{"the base fails", []ended{failed}, []ended{reached(20)}, "20.0", "-", 1, false},
		{"the base fails with one seed of two", []ended{failed, reached(10)}, []ended{reached(20), reached(20)}, "20.0", "-", 2, false},
		{"the base reaches it with one seed of three", []ended{reached(10), budget, budget}, []ended{reached(60), reached(20), reached(30)}, "30.0", "<0.30", 3, true},
		{"the base misses it with one of three", []ended{reached(10), reached(10), budget}, []ended{reached(20), reached(30), reached(40)}, "30.0", "2.00", 3, true},
		{"the base misses it with one of two", []ended{reached(10), budget}, []ended{reached(20), reached(20)}, "20.0", "<1.10", 2, true},
		{"the method misses it with one of three", []ended{reached(10), reached(10), reached(10)}, []ended{reached(20), budget, reached(30)}, "30.0", "3.00", 2, true},
		{"the method misses it with two of three", []ended{reached(10), reached(10), reached(10)}, []ended{reached(20), budget, budget}, ">100", ">10.0", 1, true},
		{"the method fails with one of three", []ended{reached(10), reached(10), reached(10)}, []ended{reached(20), reached(40), failed}, "40.0", "4.00", 2, true},
		{"the method fails with two of three", []ended{reached(10), reached(10), reached(10)}, []ended{reached(20), failed, failed}, "-", "-", 1, false},
	} {
		r := contest(c.base, c.of)
		if time, ratio := r.TimeMS.Median.show(digits3), r.TimeRatio.Median.show(digits3); time != c.time || ratio != c.ratio || r.Reached != c.reached {
			t.Errorf("%s: time %s, ratio %s, %d reached: want %s, %s, %d", c.name, time, ratio, r.Reached, c.time, c.ratio, c.reached)
		}
		if m := r.TimeRatio.Median; len(c.of)%2 == 1 && m.Value.finite() && m != r.Factors.Time {
			t.Errorf("%s: factors are of a ratio of %v, the median is %v", c.name, r.Factors.Time, m)
		}
		if known := r.Factors.Clock.finite(); known != c.clockKnown {
			t.Errorf("%s: factors %+v", c.name, r.Factors)
		}
		if f := r.Factors; f.Time.Value.finite() && (math.Abs(float64(f.Tokens.Value*f.Clock/f.Time.Value)-1) > 1e-12 || f.Tokens.Bound != f.Time.Bound) {
			t.Errorf("%s: %+v: want time = tokens x clock", c.name, f)
		}
	}
}

// The medians of the three ratios are of three seeds here: their product is 4.5.
func TestFactorsAreOfOneSeed(t *testing.T) {
	base := ended{endReached, 10, 10}
	r := contest([]ended{base, base, base}, []ended{{endReached, 20, 40}, {endReached, 30, 10}, {endReached, 40, 15}})
	if f := r.Factors; f.Seed != 2 || f.Time.Value != 3 || f.Tokens.Value != 1 || f.Clock != 3 || r.TokenRatio.Median.Value != 1.5 {
		t.Errorf("%+v, tokens %+v: want those of seed 2", f, r.TokenRatio)
	}
}

// A run that failed is in no range: it neither reached the target nor would it.
func TestSpreadsAreWithoutFailedRuns(t *testing.T) {
	base := ended{endReached, 10, 10}
	r := contest([]ended{base, base, base}, []ended{{endReached, 20, 20}, {endReached, 30, 30}, {endFailed, 1, 1}})
	records := []record{
		{Method: "a", Seed: 1, End: endReached, Loss: 2, costs: costs{Compute: 0.5, Updates: []uint64{4}, Reached: []uint64{3}}},
		{Method: "a", Seed: 2, End: endFailed, Loss: 99, costs: costs{Compute: 2.97, Updates: []uint64{4}, Reached: []uint64{0}}},
	}
	if a := summarize([]method{{name: "a"}}, "a", records)[0]; a.Compute != 0.5 || a.Loss != 2 || a.ReachedShare[0] != 0.75 {
		t.Errorf("%+v: want the shares of the run that did not fail", a)
	}
	if r.TimeMS.Min != 20 || r.TimeMS.Max.finite() || r.Failed != 1 || r.TimeMS.Median.Value != 30 {
		t.Errorf("%+v, %d failed: want 20 to unknown", r.TimeMS, r.Failed)
	}
}

func TestSpread(t *testing.T) {
	inf, nan := math.Inf(1), number(math.NaN())
	for _, c := range []struct {
		x    []interval
		want spread
	}{
		{[]interval{{3, 3}, {1, 1}, {2, 2}}, spread{bounded{"", 2}, 1, 3}},
		{[]interval{{4, 4}, {1, 1}, {2, 2}, {3, 3}}, spread{bounded{"", 2.5}, 1, 4}},
		{[]interval{{4, inf}, {1, 1}, {2, 2}, {3, 3}}, spread{bounded{"", 2.5}, 1, nan}},
		{[]interval{{1, inf}, {2, 2}, {3, 3}}, spread{bounded{"<", 3}, nan, nan}},
		{[]interval{{2, inf}, {2, inf}, {1, 1}}, spread{bounded{">", 2}, 1, nan}},
		{[]interval{{0, 2}, {3, 3}, {4, 4}}, spread{bounded{"", 3}, nan, 4}},
		{[]interval{{0, 2}, {0, 3}, {4, 4}}, spread{bounded{"<", 3}, nan, 4}},
		{[]interval{unknown, unknown, {4, 4}}, spread{bounded{"", nan}, nan, nan}},
		{nil, spread{bounded{"", nan}, nan, nan}},
	} {
		got := spreadOf(c.x)
		if text := func(s spread) string {
			return s.Median.show(digits3) + bounded{"", s.Min}.show(digits3) + bounded{"", s.Max}.show(digits3)
		}; text(got) != text(c.want) {
			t.Errorf("spread of %v is %v, want %v", c.x, got, c.want)
		}
	}
}

// The run that sets the target is where it first had it, not where it ends.
func TestSetterArrives(t *testing.T) {
	r := record{TimeMS: 40, Steps: 4, Tokens: 400, Loss: 2, Points: []point{{0, 0, 0, 0, 9}, {10, 1, 1, 100, 3}, {20, 2, 2, 200, 1.5}, {30, 3, 3, 300, 2.5}, {40, 4, 4, 400, 2}}}
	if r.arrive(); r.TimeMS != 20 || r.Steps != 2 || r.Tokens != 200 {
		t.Errorf("it arrives after %v ms, %d steps, %d tokens: want 20, 2 and 200", r.TimeMS, r.Steps, r.Tokens)
	}
}
