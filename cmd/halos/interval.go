package main

import (
	"math"
	"slices"
)

// An interval is what is known of a quantity: it is at least lo and at most hi.
type interval struct{ lo, hi float64 }

// unknown is any quantity.
var unknown = interval{0, math.Inf(1)}

func exactly(x float64) interval { return interval{x, x} }

// over is the interval of the quotient of two quantities that are not negative.
// A quotient that may be anything is unknown.
func (a interval) over(b interval) interval {
	q := interval{a.lo / b.hi, a.hi / b.lo}
	if math.IsNaN(q.lo) {
		q.lo = 0
	}
	if math.IsNaN(q.hi) {
		q.hi = math.Inf(1)
	}
	return q
}

// bounded is a as a number: the value, or the bound that there is.
func (a interval) bounded() bounded {
	switch {
	case a.lo == a.hi && a.lo > 0 && number(a.lo).finite():
		return bounded{"", number(a.lo)}
	case a.lo > 0 && math.IsInf(a.hi, 1) && number(a.lo).finite():
		return bounded{">", number(a.lo)}
	case a.hi > 0 && number(a.hi).finite():
		return bounded{"<", number(a.hi)}
	}
	return bounded{"", number(math.NaN())}
}

// A bounded is a number, or what is known of it: with > it is more than Value,
// with < it is less. Value is NaN if there is neither.
type bounded struct {
	Bound string `json:"bound,omitempty"`
	Value number `json:"value"`
}

// show is the number with its bound before it.
func (b bounded) show(unit func(float64) string) string {
	if !b.Value.finite() {
		return "-"
	}
	return b.Bound + unit(float64(b.Value))
}

// A spread is the median over seeds, and the smallest and the largest. No seed
// counts as one that is not there: a seed of which only a bound is known may make
// the median a bound, and Min or Max NaN.
type spread struct {
	Median bounded `json:"median"`
	Min    number  `json:"min"`
	Max    number  `json:"max"`
}

// spreadOf is the spread of quantities. The median of an even number is the mean
// of the middle two. The median is at least the median of all lo, and at most that
// of all hi.
func spreadOf(x []interval) spread {
	none := number(math.NaN())
	if len(x) == 0 {
		return spread{bounded{"", none}, none, none}
	}
	lo, hi := make([]float64, len(x)), make([]float64, len(x))
	for i, v := range x {
		lo[i], hi[i] = v.lo, v.hi
	}
	middle := interval{median(lo), median(hi)} // which sorts them
	if lo[(len(lo)-1)/2] == 0 {
		middle.lo = 0 // half of the other seed's number is no bound worth telling
	}
	s := spread{middle.bounded(), number(lo[0]), number(hi[len(hi)-1])}
	if i := slices.IndexFunc(x, func(v interval) bool { return v.lo != v.hi && v.lo == lo[0] }); i >= 0 {
		s.Min = none // that seed has at least so much, maybe more
	}
	if i := slices.IndexFunc(x, func(v interval) bool { return v.lo != v.hi && v.hi == hi[len(hi)-1] }); i >= 0 || !s.Max.finite() {
		s.Max = none // that seed has at most so much, maybe less
	}
	return s
}

// median sorts x, of which there is one or more, and returns the middle of it.
func median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}
