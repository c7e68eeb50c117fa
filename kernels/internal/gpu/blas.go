package gpu

import (
	"github.com/halos-go/sdk/kernels/backend"
)

// blas queues f on n elements that are at the addresses v, as sequences of y += a*x and
// dst = a*x + b*y. The formulas are in the comments of the functions of package kernels;
// what numbers are made of is computed in float64.
func (e *Engine) blas(f *call, v [6]uint64, n int) {
	s, g := f.scalars, e.gpu
	switch f.op {
	case backend.OpDelayedFirst:
		g.copyWithin(e.work, v[1], v[2], 4*uint64(n))
		g.axpy(n, over(-s[1], s[0]), v[2], v[0])
	case backend.OpDelayedFirstC:
		g.copyWithin(e.work, v[1], v[3], 4*uint64(n))
		g.axpy(n, times(-s[1], s[2]), v[2], v[0])
		g.axpy(n, over(-s[1], s[0]), v[3], v[0])
	case backend.OpDelayedPlain, backend.OpDelayedPlain2, backend.OpDelayedPlain3, backend.OpDelayedPlain4:
		for i, x := range v[2:f.vectors] {
			g.axpy(n, 1, x, v[1])
			g.axpy(n, over(-s[1+i], s[0]), x, v[0])
		}
	case backend.OpDelayedPlainC:
		g.axpy(n, 1, v[3], v[1])
		g.axpy(n, times(-s[1], s[2]), v[2], v[0])
		g.axpy(n, over(-s[1], s[0]), v[3], v[0])
	case backend.OpDelayedStep:
		g.geam(n, s[2], v[1], over(1, s[0]), v[2], v[1])
		g.axpy(n, over(1, s[0]), v[3], v[1])
		g.axpy(n, times(-s[1], s[3]), v[1], v[0])
		g.axpy(n, over(-s[1], s[0]), v[3], v[0])
	case backend.OpSGD:
		g.axpy(n, -s[0], v[1], v[0])
	case backend.OpHeavyBall:
		g.geam(n, s[1], v[1], 1, v[2], v[1])
		g.axpy(n, -s[0], v[1], v[0])
	case backend.OpNesterov:
		g.geam(n, s[1], v[1], 1, v[2], v[1])
		g.axpy(n, -s[0], v[2], v[0])
		g.axpy(n, times(-s[0], s[1]), v[1], v[0])
	case backend.OpMean2, backend.OpMean3, backend.OpMean4:
		e.mean(n, over(1, s[0]), v[0], v[1:f.vectors])
	case backend.OpScale:
		e.scale(n, s[0], v[0])
	case backend.OpDelta:
		g.geam(n, 1, v[1], -1, v[2], v[0])
	default:
		e.merge(f, v, n)
	}
}

// scale queues x *= a. cuBLAS does not read what it multiplies by 0 and writes zeros; where
// x has an infinity or a NaN that would hide it, as kernels.Clip multiplies by 0 if the
// norm is infinite. x - x is 0 for finite numbers only.
func (e *Engine) scale(n int, a float32, x uint64) {
	if a == 0 {
		e.gpu.geam(n, 1, x, -1, x, x)
		return
	}
	e.gpu.geam(n, a, x, 0, x, x)
}

// merge queues the functions that fold a global model into a local one, v[0].
func (e *Engine) merge(f *call, v [6]uint64, n int) {
	keep, a, g := f.scalars[0], f.scalars[1], e.gpu
	y, base, x := v[0], v[1], v[2]
	switch f.op {
	case backend.OpMix:
		g.geam(n, keep, y, a, v[1], y)
	case backend.OpMixBase:
		g.geam(n, keep, y, a, x, y)
		g.copyWithin(e.work, base, y, 4*uint64(n))
	case backend.OpMixCarry: // base becomes what was not sent, then new - that
		g.geam(n, 1, y, -1, base, base)
		g.geam(n, keep, y, a, x, y)
		g.geam(n, 1, y, -1, base, base)
	case backend.OpReplayBase:
		g.axpy(n, -1, base, y)
		g.axpy(n, 1, x, y)
		g.copyWithin(e.work, base, y, 4*uint64(n))
	case backend.OpReplayCarry:
		g.geam(n, 1, y, -1, base, base)
		g.geam(n, 1, x, 1, base, y)
		g.geam(n, 1, y, -1, base, base)
	}
}

// mean queues dst = share*(the sum of xs). dst may be some of xs, which are then taken
// first.
func (e *Engine) mean(n int, share float32, dst uint64, xs []uint64) {
	first, times := xs[0], float32(0)
	for _, x := range xs {
		if x == dst {
			first = dst
		}
	}
	for _, x := range xs {
		if x == first {
			times++
		}
	}
	e.gpu.geam(n, times*share, first, 0, first, dst)
	for _, x := range xs {
		if x != first {
			e.gpu.axpy(n, share, x, dst)
		}
	}
}

func over(a, b float32) float32 { return float32(float64(a) / float64(b)) }

func times(a, b float32) float32 { return float32(float64(a) * float64(b)) }
