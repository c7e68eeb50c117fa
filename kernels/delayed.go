package kernels

import "github.com/halos-go/sdk/kernels/backend"

// The steps of delayed Nesterov momentum (arXiv 2401.09135). Of a window of n
// gradients, the first begins the sum d, those between add to it, and the n-th
// refreshes the momentum m. They differ in what they read and write, which is all
// that their speed depends on: 16, 20 and 24 bytes a parameter, and 4 more for the
// first two where they apply a part of the momentum (the forms with C).

// DelayedFirst is the first step of a window. What d held before does not matter:
//
//	for i := range p {
//		d[i] = g[i]
//		p[i] -= lr * (g[i] / n)
//	}
//
// The quotient is a true division, by n rounded to float32.
func DelayedFirst(p, d, g []float32, lr float64, n int) {
	do(backend.OpDelayedFirst, &args{v: [6][]float32{p, d, g}, s: [8]float32{float32(n), float32(lr)}})
}

// DelayedFirstC is [DelayedFirst] with a part of the momentum, cb = c*beta:
//
//	for i := range p {
//		d[i] = g[i]
//		p[i] -= lr * (cb*m[i] + g[i]/n)
//	}
func DelayedFirstC(p, d, m, g []float32, lr, cb float64, n int) {
	do(backend.OpDelayedFirstC, &args{v: [6][]float32{p, d, m, g}, s: [8]float32{float32(n), float32(lr), float32(cb)}})
}

// DelayedPlain is a step between the first and the n-th:
//
//	for i := range p {
//		d[i] += g[i]
//		p[i] -= lr * (g[i] / n)
//	}
func DelayedPlain(p, d, g []float32, lr float64, n int) {
	do(backend.OpDelayedPlain, &args{v: [6][]float32{p, d, g}, s: [8]float32{float32(n), float32(lr)}})
}

// DelayedPlains is [DelayedPlain] with each of gs in turn, to the same bits. Up to
// four at a time are done in one pass, which moves 32 bytes a parameter instead of 80.
func DelayedPlains(p, d []float32, gs []Gradient, n int) {
	for _, g := range gs {
		same(len(p), len(g.Values))
	}
	for len(gs) > 1 {
		some := gs[:min(4, len(gs))]
		a := args{v: [6][]float32{p, d}, s: [8]float32{float32(n)}}
		for k, g := range some {
			a.v[2+k], a.s[1+k] = g.Values, float32(g.LR)
		}
		do(backend.OpDelayedPlain2+backend.Op(len(some)-2), &a)
		gs = gs[len(some):]
	}
	for _, g := range gs {
		DelayedPlain(p, d, g.Values, g.LR, n)
	}
}

// A Gradient is a gradient, or a pseudo-gradient, and the learning rate of the step
// along it.
type Gradient struct {
	Values []float32
	LR     float64
}

// DelayedPlainC is [DelayedPlain] with a part of the momentum, cb = c*beta:
//
//	for i := range p {
//		d[i] += g[i]
//		p[i] -= lr * (cb*m[i] + g[i]/n)
//	}
func DelayedPlainC(p, d, m, g []float32, lr, cb float64, n int) {
	do(backend.OpDelayedPlainC, &args{v: [6][]float32{p, d, m, g}, s: [8]float32{float32(n), float32(lr), float32(cb)}})
}

// DelayedStep is the n-th step, which refreshes the momentum and applies the new
// one, coef = (1 - c*n + c)*beta:
//
//	for i := range p {
//		m[i] = beta*m[i] + (d[i]+g[i])/n
//		p[i] -= lr * (coef*m[i] + g[i]/n)
//	}
//
// The sum d is used up: [DelayedFirst] begins the next. In a window of one step d
// stays what it was made as, zeros.
func DelayedStep(p, m, d, g []float32, lr, beta, coef float64, n int) {
	do(backend.OpDelayedStep, &args{v: [6][]float32{p, m, d, g}, s: [8]float32{float32(n), float32(lr), float32(beta), float32(coef)}})
}
