package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A landscape is a function with a known lowest point, 0, in the way of a training
// run: numbers on a logarithmic scale and choices.
type landscape struct {
	name string
	laws []law
	f    func(x []float64) float64
}

func landscapes() []landscape {
	square := func(x float64) float64 { return x * x }
	e := math.E
	return []landscape{
		{"bowl", []law{between(1e-3, 3e-2), between(0.5, 2), between(0.7, 3), oneOf(0, 0.5), oneOf(1, 4, 16), oneOf(1, 2, 4, 8)}, func(x []float64) float64 {
			return square(math.Log(x[0]/8e-3)) + square(math.Log(x[1]/1)) + square(math.Log(x[2]/2)) + x[3] + 0.1*math.Log2(x[4]) + 0.2*square(math.Log2(x[5]/4))
		}},
		{"valley", []law{between(1e-3, 3e-2), between(0.5, 8), oneOf(0, 0.5, 0.7, 0.9)}, func(x []float64) float64 { // rate x mass is what counts
			return square(math.Log(x[0]*x[1]/2e-2)) + 0.1*square(math.Log(x[0]/1e-2)) + 0.3*x[2]
		}},
		{"branin", []law{between(1, e), between(1, e)}, func(x []float64) float64 {
			u, v := 15*math.Log(x[0])-5, 15*math.Log(x[1])
			return square(v-5.1/(4*math.Pi*math.Pi)*u*u+5/math.Pi*u-6) + 10*(1-1/(8*math.Pi))*math.Cos(u) + 10 - 0.397887
		}},
	}
}

// search returns the lowest value of so many trials, in waves as those of tune.
func (s landscape) search(trials int, seed uint64, random bool) float64 {
	type point struct {
		x []float64
		y float64
	}
	var ended []point
	for len(ended) < trials {
		var pending [][]float64
		for range min(wave, trials-len(ended)) {
			r := rand.New(rand.NewPCG(seed, uint64(len(ended)+len(pending))))
			var x []float64
			if random || len(ended) < atRandom {
				for _, l := range s.laws {
					x = append(x, l.draw(r))
				}
			} else {
				var done [][]float64
				for _, p := range ended {
					done = append(done, p.x)
				}
				x = suggest(r, s.laws, done, pending)
			}
			pending = append(pending, x)
		}
		for _, x := range pending {
			ended = append(ended, point{x, s.f(x)})
		}
		slices.SortStableFunc(ended, func(a, b point) int {
			if a.y < b.y {
				return -1
			}
			return 1
		})
	}
	return ended[0].y
}

// TestTuneSearchBeatsChance gives the search and random values the same number of
// trials, with many seeds.
func TestTuneSearchBeatsChance(t *testing.T) {
	t.Parallel()
	const trials, seeds = 32, 100
	for _, s := range landscapes() {
		wins := 0
		var found, drawn []float64
		for seed := range uint64(seeds) {
			x, y := s.search(trials, seed, false), s.search(trials, seed, true)
			found, drawn = append(found, x), append(drawn, y)
			if x < y {
				wins++
			}
		}
		slices.Sort(found)
		slices.Sort(drawn)
		t.Logf("%s: lower in %d of %d searches, median %.3f against %.3f", s.name, wins, seeds, found[seeds/2], drawn[seeds/2])
		if found[seeds/2] > 0.8*drawn[seeds/2] || wins < seeds/2 {
			t.Errorf("%s: want it lower in half of them, and a median of 0.8 or less", s.name)
		}
	}
}

func TestTuneSearchDependsOnSeedOnly(t *testing.T) {
	t.Parallel()
	s := landscapes()[0]
	if a, b, c := s.search(20, 1, false), s.search(20, 1, false), s.search(20, 2, false); a != b || a == c {
		t.Errorf("seed 1 finds %v and %v, seed 2 %v", a, b, c)
	}
}

// A density is one: its parts sum to 1, and what it draws is where it is high.
func TestTuneDensity(t *testing.T) {
	t.Parallel()
	l := between(1e-3, 1e-1)
	p := l.density([]float64{2e-3, 2.1e-3, 5e-2, 7}) // 7 of a run file counts as the end
	sum, n := 0.0, 2000
	for i := range n {
		sum += math.Exp(p.at(l.lo*math.Pow(l.hi/l.lo, (float64(i)+0.5)/float64(n)))) / float64(n)
	}
	if math.Abs(sum-1) > 1e-3 {
		t.Errorf("a density of numbers sums to %v", sum)
	}
	r, low := rand.New(rand.NewPCG(1, 1)), 0
	for range 1000 {
		x := p.draw(r)
		if x < l.lo || x > l.hi {
			t.Fatalf("%v is drawn: want %v to %v", x, l.lo, l.hi)
		}
		if x < 1e-2 {
			low++
		}
	}
	if p.at(2e-3) <= p.at(1e-2) || low < 350 || low > 650 {
		t.Errorf("%d of 1000 are in the lower half, density %v at two values and %v beside them", low, p.at(2e-3), p.at(1e-2))
	}
	c := oneOf(1, 4, 16).density([]float64{4, 4, 5})
	if got := math.Exp(c.at(4)); math.Abs(got-(3+1.0/3)/4) > 1e-9 {
		t.Errorf("a value seen three times of three has %v", got)
	}
}
