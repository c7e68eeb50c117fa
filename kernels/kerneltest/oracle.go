package kerneltest

import (
	"math"

	"github.com/halos-go/sdk/kernels/backend"
)

// A term is a number in float64, and the sum of the absolute values of what it is
// the sum of.
type term struct{ value, size float64 }

func (a term) plus(b term) term     { return term{a.value + b.value, a.size + b.size} }
func (a term) minus(b term) term    { return term{a.value - b.value, a.size + b.size} }
func (a term) times(c float64) term { return term{a.value * c, a.size * math.Abs(c)} }
func (a term) over(c float64) term  { return term{a.value / c, a.size / math.Abs(c)} }

// again is a as a term of something else, when it has been rounded already.
func (a term) again() term { return term{a.value, 2 * a.size} }

// A bound is where a rounded result must be.
type bound struct{ value, slack float64 }

func (b bound) allows(got float32) bool {
	return math.Abs(float64(got)-b.value) <= b.slack // false for a NaN
}

// rounding is what may be lost of each term.
const rounding = 4 * 0x1p-24

// bounds returns those of the operands that op changes, from what all are before.
func bounds(op backend.Op, vectors [][]float32, numbers [8]float32) [][]bound {
	all := make([][]bound, op.Changed())
	for k := range all {
		all[k] = make([]bound, len(vectors[0]))
	}
	var s [8]float64
	for i, x := range numbers {
		s[i] = float64(x)
	}
	var x [6]term
	for i := range vectors[0] {
		for k, v := range vectors {
			x[k] = term{float64(v[i]), math.Abs(float64(v[i]))}
		}
		y := formula(op, x[:len(vectors)], s)
		for k := range all {
			all[k][i] = bound{y[k].value, rounding * y[k].size}
		}
	}
	return all
}

// formula is op on one element: what it makes of the operands that it changes.
func formula(op backend.Op, x []term, s [8]float64) [3]term {
	g := x[len(x)-1] // the gradient, or the global model
	descend := func(p term, lr float64, momentum, g term) term {
		return p.minus(momentum.plus(g.over(s[0])).times(lr))
	}
	mix := func() term { return x[0].times(s[0]).plus(g.times(s[1])) }
	done := func() term { return x[0].minus(x[1]) }
	switch op {
	case backend.OpDelayedFirst:
		return [3]term{descend(x[0], s[1], term{}, g), g}
	case backend.OpDelayedFirstC:
		return [3]term{descend(x[0], s[1], x[2].times(s[2]), g), g}
	case backend.OpDelayedPlain, backend.OpDelayedPlain2, backend.OpDelayedPlain3, backend.OpDelayedPlain4:
		p, d := x[0], x[1]
		for i, g := range x[2:] {
			p, d = descend(p, s[1+i], term{}, g), d.plus(g)
		}
		return [3]term{p, d}
	case backend.OpDelayedPlainC:
		return [3]term{descend(x[0], s[1], x[2].times(s[2]), g), x[1].plus(g)}
	case backend.OpDelayedStep:
		m := x[1].times(s[2]).plus(x[2].plus(g).over(s[0]))
		return [3]term{descend(x[0], s[1], m.again().times(s[3]), g), m}
	case backend.OpSGD:
		return [3]term{x[0].minus(g.times(s[0]))}
	case backend.OpHeavyBall:
		buf := x[1].times(s[1]).plus(g)
		return [3]term{x[0].minus(buf.again().times(s[0])), buf}
	case backend.OpNesterov:
		buf := x[1].times(s[1]).plus(g)
		return [3]term{x[0].minus(g.plus(buf.again().times(s[1])).times(s[0])), buf}
	case backend.OpAdamW:
		m := x[1].times(s[0]).plus(g.times(s[1]))
		v := x[2].times(s[2]).plus(g.times(s[3] * g.value))
		quotient := m.again().times(s[6]).over(math.Sqrt(v.value)/s[7] + s[4])
		return [3]term{x[0].minus(x[0].times(s[5]).plus(quotient.again())), m, v}
	case backend.OpMix, backend.OpMixBase:
		return [3]term{mix(), mix()}
	case backend.OpMixCarry:
		return [3]term{mix(), mix().minus(done())}
	case backend.OpReplayBase:
		return [3]term{g.plus(done()), g.plus(done())}
	case backend.OpReplayCarry:
		return [3]term{g.plus(done()), g.plus(done()).minus(done())}
	case backend.OpDelta:
		return [3]term{x[1].minus(x[2])}
	case backend.OpMean2, backend.OpMean3, backend.OpMean4:
		var sum term
		for _, v := range x[1:] {
			sum = sum.plus(v)
		}
		return [3]term{sum.over(s[0])}
	case backend.OpScale:
		return [3]term{x[0].times(s[0])}
	}
	panic("kerneltest: an op without a formula")
}
