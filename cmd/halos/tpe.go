package main

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// This file is the search of tune: the tree-structured Parzen estimator (Bergstra
// et al., Algorithms for Hyper-Parameter Optimization, NIPS 2011, section 4), one
// knob at a time, as Optuna does it by default.
//
// The trials so far are split into the good ones, the best few, and the others. For
// each knob, l is the density of its values in the good trials and g that in the
// others. Values are drawn from l, and the one with the largest l/g is the next: it
// is common where trials were good and rare where they were not. Trials that still
// run count among the others, so that those of one wave do not all go to the same
// place.
//
// Why not successive halving: the learning rate falls to the end of the budget, so
// what is best at a quarter of it is often not best at its end. goodRoot, of 0.25 to
// 0.7 and shares of 0.1 to 0.25, was best or near it on the functions of
// TestTuneSearchBeatsChance at 16, 32 and 64 trials.
const (
	atRandom   = 8   // trials before the search has anything to go by
	candidates = 24  // values drawn from l for one of the next trial
	goodRoot   = 0.5 // times the root of their number: so many trials are good
)

// A law is how the values of a knob are spread: evenly from lo to hi on a
// logarithmic scale, or evenly over values.
type law struct {
	lo, hi float64
	values []float64 // nil: lo to hi
}

func between(lo, hi float64) law        { return law{lo: lo, hi: hi} }
func oneOf(values ...float64) law       { return law{values: values} }
func (l law) draw(r *rand.Rand) float64 { return l.density(nil).draw(r) }

// suggest returns the values of the next trial. ended are those of the trials that
// ended, the best first, and pending those of the trials that run.
func suggest(r *rand.Rand, laws []law, ended, pending [][]float64) []float64 {
	good := int(math.Ceil(goodRoot * math.Sqrt(float64(len(ended)))))
	others := slices.Concat(ended[good:], pending)
	next := make([]float64, len(laws))
	for k, law := range laws {
		l, g := law.density(column(ended[:good], k)), law.density(column(others, k))
		most := math.Inf(-1)
		for range candidates {
			x := l.draw(r)
			if ratio := l.at(x) - g.at(x); ratio > most {
				most, next[k] = ratio, x
			}
		}
	}
	return next
}

func column(rows [][]float64, k int) []float64 {
	xs := make([]float64, len(rows))
	for i, row := range rows {
		xs[i] = row[k]
	}
	return xs
}

// A density is where values of a knob were seen. at is its logarithm.
type density interface {
	draw(r *rand.Rand) float64
	at(x float64) float64
}

// density returns the density of a law after some values; nil: the law itself.
func (l law) density(seen []float64) density {
	if l.values == nil {
		return newParzen(l, seen)
	}
	c := choices{values: l.values, weight: make([]float64, len(l.values))}
	for i := range c.weight { // all together weigh as much as one that was seen
		c.weight[i] = 1 / float64(len(l.values))
	}
	for _, x := range seen {
		c.weight[c.nearest(x)]++
	}
	return c
}

// choices is a density over some values.
type choices struct{ values, weight []float64 }

// nearest is for the values of a run file, which need not be in the law.
func (c choices) nearest(x float64) int {
	best := 0
	for i, v := range c.values {
		if math.Abs(v-x) < math.Abs(c.values[best]-x) {
			best = i
		}
	}
	return best
}

func (c choices) draw(r *rand.Rand) float64 { return c.values[pick(r, c.weight)] }

func (c choices) at(x float64) float64 {
	var sum float64
	for _, w := range c.weight {
		sum += w
	}
	return math.Log(c.weight[c.nearest(x)] / sum)
}

// A parzen is a density from 0 to 1 on the scale of a law: a normal distribution
// about each value seen, as wide as the distance to the farther of its neighbours, and a
// wide one about the middle, which lets any value come again. Each is cut off at the
// ends.
type parzen struct {
	law         law
	mean, width []float64
}

func newParzen(l law, seen []float64) parzen {
	p := parzen{law: l, mean: []float64{0.5}}
	for _, x := range seen {
		p.mean = append(p.mean, min(max(math.Log(x/l.lo)/math.Log(l.hi/l.lo), 0), 1))
	}
	sorted := slices.Sorted(slices.Values(append(slices.Clone(p.mean), 0, 1)))
	p.width = make([]float64, len(p.mean))
	narrowest := 1 / float64(1+len(p.mean)) // as in Optuna, so that few values do not make a needle
	for i, m := range p.mean {
		at, _ := slices.BinarySearchFunc(sorted, m, cmp.Compare)
		at = min(max(at, 1), len(sorted)-2)
		p.width[i] = min(max(sorted[at]-sorted[at-1], sorted[at+1]-sorted[at], narrowest), 1)
	}
	p.width[0] = 1
	return p
}

func (p parzen) draw(r *rand.Rand) float64 {
	i := r.IntN(len(p.mean))
	u := r.Float64()
	if len(p.mean) > 1 { // else the law, which is even
		for u = -1; u < 0 || u > 1; {
			u = p.mean[i] + p.width[i]*r.NormFloat64()
		}
	}
	x, _ := strconv.ParseFloat(strconv.FormatFloat(p.law.lo*math.Pow(p.law.hi/p.law.lo, u), 'g', 3, 64), 64)
	return x
}

func (p parzen) at(x float64) float64 {
	u := math.Log(x/p.law.lo) / math.Log(p.law.hi/p.law.lo)
	var sum float64
	for i, m := range p.mean {
		s := p.width[i]
		inside := (math.Erf((1-m)/s/math.Sqrt2) + math.Erf(m/s/math.Sqrt2)) / 2
		sum += math.Exp(-(u-m)*(u-m)/(2*s*s)) / (s * math.Sqrt(2*math.Pi) * inside)
	}
	return math.Log(sum / float64(len(p.mean)))
}

// pick returns an index, each with its weight.
func pick(r *rand.Rand, weight []float64) int {
	var sum float64
	for _, w := range weight {
		sum += w
	}
	x := r.Float64() * sum
	for i, w := range weight {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weight) - 1
}
