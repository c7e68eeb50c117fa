package kernels

import "math"

func adamWGeneric(p, m, v, g []float32, b1, c1, b2, c2, eps, decay, step, root float32) {
	p, m, v = p[:len(g)], m[:len(g)], v[:len(g)]
	for i, gi := range g {
		mi := float32(b1*m[i]) + float32(c1*gi)
		vi := float32(b2*v[i]) + float32(float32(c2*gi)*gi)
		m[i], v[i] = mi, vi
		den := float32(math.Sqrt(float64(vi)))/root + eps
		p[i] -= float32(decay*p[i]) + float32(step*mi)/den
	}
}
