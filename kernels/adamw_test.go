package kernels

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawn is what AdamW starts from: weights of any magnitude, and gradients such that a
// step moves a weight by about lr.
func drawn(r *rand.Rand, n int) (p, m, v, g []float32) {
	p, m, v, g = make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range p {
		p[i] = float32(r.NormFloat64() * math.Exp2(float64(r.IntN(8)-4)))
		m[i] = float32(r.NormFloat64())
		v[i] = float32(r.Float64() + 0.5)
		g[i] = float32(r.NormFloat64())
	}
	return p, m, v, g
}

// exactly is the change of p by an AdamW step, in float64.
func exactly(p, m, v, g float32, s AdamWStep) float64 {
	mean := s.Beta1*float64(m) + (1-s.Beta1)*float64(g)
	square := s.Beta2*float64(v) + (1-s.Beta2)*float64(g)*float64(g)
	return s.LR*s.Decay*float64(p) + s.LR*mean/s.Bias1/(math.Sqrt(square/s.Bias2)+s.Eps)
}

// smallDecays are products of learning rate and weight decay, down to those that are
// below the distance of the float32 before 1 to 1, which is 6e-8.
var smallDecays = []struct{ lr, decay float64 }{
	{1, 0.1}, {1e-2, 0.1}, {1e-3, 0.1}, {3e-4, 0.1}, {1e-4, 0.1}, {1e-5, 0.1}, {3e-6, 0.1},
	{1e-6, 0.1}, {1e-5, 5.96e-3}, {1e-5, 3e-3}, {1e-5, 2.9e-3}, {1e-5, 1e-3}, {1e-5, 1e-4}, {1e-5, 0},
}

func stepOf(lr, decay float64) AdamWStep {
	return AdamWStep{LR: lr, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: decay, Bias1: 1 - 0.9*0.9*0.9, Bias2: 1 - 0.99*0.99*0.99}
}

// A step gives the float32 nearest to what float64 gives, however small the decay is. The
// change itself is computed in float32, so it is off by a little of its own size.
func TestAdamWIsRoundedOnce(t *testing.T) {
	for _, c := range smallDecays {
		r := rand.New(rand.NewPCG(21, 22))
		p, m, v, g := drawn(r, 4096)
		s, want, slack := stepOf(c.lr, c.decay), make([]float64, len(p)), make([]float64, len(p))
		for i := range p {
			change := exactly(p[i], m[i], v[i], g[i], s)
			want[i] = float64(p[i]) - change
			// 1e-6 of the step, also where it and the decay cancel
			slack[i] = 1e-6 * (2*c.lr*c.decay*math.Abs(float64(p[i])) + math.Abs(change))
		}
		AdamW(p, m, v, g, s)
		for i, x := range p {
			half := (float64(math.Nextafter32(float32(math.Abs(want[i])), math.MaxFloat32)) - math.Abs(float64(float32(want[i])))) / 2
			if off := math.Abs(float64(x) - want[i]); off > half+slack[i] {
				t.Errorf("lr %g, decay %g: weight %d is %v, off by %g: want %v give or take %g", c.lr, c.decay, i, x, off, want[i], half)
				break
			}
		}
	}
}

// The decay of weights between 1 and 2 is right on average where a step moves each by
// several times 1.2e-7, the distance of such a weight to the next. A factor of 1-lr*decay
// in float32, as torch has it, is off by up to 3e-8 of the weight; and a decay that is
// subtracted by itself, before the step, is lost below 3e-8.
func TestDecayOfAdamW(t *testing.T) {
	const n = 1 << 16
	for _, c := range smallDecays {
		if c.lr > 1e-4 {
			continue // what counts is the size of the step
		}
		r := rand.New(rand.NewPCG(23, 24))
		p, m, v, g := drawn(r, n)
		s, decayed := stepOf(c.lr, c.decay), 0.0
		for i := range p {
			p[i] = 1 + float32(r.Float64())
			step := exactly(p[i], m[i], v[i], g[i], s) - c.lr*c.decay*float64(p[i])
			decayed += (float64(p[i]) - step) / float64(p[i]) / n
		}
		old := append([]float32(nil), p...)
		AdamW(p, m, v, g, s)
		for i, x := range p {
			decayed -= float64(x) / float64(old[i]) / n
		}
		// A weight is rounded by up to 6e-8: the mean of so many is off by some 1e-10.
		if want := c.lr * c.decay; math.Abs(decayed-want) > 5e-10 {
			t.Errorf("lr %g, decay %g: weights decay by %.4g, want %.4g", c.lr, c.decay, decayed, want)
		}
	}
}
