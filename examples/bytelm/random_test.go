package bytelm

import (
	"math"
	"testing"
)

// TestNormal looks at the first two moments of many draws, and at the first
// draw, which must be the same on every machine.
func TestNormal(t *testing.T) {
	v := make([]float32, 200000)
	g := normal{state: 1}
	g.fill(v, 2)
	var mean, square float64
	for _, x := range v {
		mean += float64(x) / float64(len(v))
		square += float64(x) * float64(x) / float64(len(v))
	}
	if !near(mean, 0, 0.02) || !near(square, 4, 0.05) {
		t.Errorf("mean %v and mean square %v, want 0 and 4", mean, square)
	}
	if v[0] != 2.3696594 {
		t.Errorf("first draw %v", v[0])
	}
}

// TestSeedsAreIndependent correlates the initial models of neighbouring seeds, moved against
// each other by every small number of weights: of independent ones, 4096 weights have a
// correlation beyond 0.1 once in 10^9 pairs.
func TestSeedsAreIndependent(t *testing.T) {
	const seeds, shifts, weights = 16, 64, 4096
	m := mustModel(t, Config{Vocab: 256, Context: 32, Width: 48, Heads: 4, Layers: 1, Hidden: 192})
	var models [seeds][]float32
	for seed := range models {
		models[seed] = make([]float32, m.Params())
		m.Init(models[seed], uint64(seed))
	}
	for a, x := range models {
		for b, y := range models {
			for shift := range shifts {
				if a == b && shift == 0 {
					continue
				}
				if r := correlation(x[:weights], y[shift:][:weights]); math.Abs(r) > 0.1 {
					t.Fatalf("seeds %d and %d, moved by %d weights: correlation %.3f, want about 0", a, b, shift, r)
				}
			}
		}
	}
}

// correlation is of x and y of mean 0.
func correlation(x, y []float32) float64 {
	var xx, yy, xy float32
	for i, v := range x {
		xx += v * v
		yy += y[i] * y[i]
		xy += v * y[i]
	}
	return float64(xy) / math.Sqrt(float64(xx)*float64(yy))
}

// TestStreamsShareNoNumber draws from every stream of many seeds, at neighbouring numbers.
func TestStreamsShareNoNumber(t *testing.T) {
	const seeds, draws = 64, 2048
	drawn := make(map[uint64][3]uint64, 2*seeds*draws)
	draw := func(word, seed uint64, of stream, i uint64) {
		t.Helper()
		if was, there := drawn[word]; there {
			t.Fatalf("draw %d of stream %d of seed %d is that of stream, seed, draw %v", i, of, seed, was)
		}
		drawn[word] = [3]uint64{of, seed, i}
	}
	for seed := range uint64(seeds) {
		g := newNormal(seed, streamInit)
		for i := range uint64(draws) {
			draw(g.word(), seed, streamInit, i)
			draw(hash(seed, streamSamples, i, 0), seed, streamSamples, i)
		}
	}
}
