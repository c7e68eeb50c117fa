package kernels

func delayedFirstGeneric(p, d, g []float32, n, lr float32) {
	p, d = p[:len(g)], d[:len(g)]
	for i, gi := range g {
		d[i] = gi
		p[i] -= float32(lr * (gi / n))
	}
}

func delayedFirstCGeneric(p, d, m, g []float32, n, lr, cb float32) {
	p, d, m = p[:len(g)], d[:len(g)], m[:len(g)]
	for i, gi := range g {
		d[i] = gi
		p[i] -= float32(lr * (float32(cb*m[i]) + gi/n))
	}
}

func delayedPlainGeneric(p, d, g []float32, n, lr float32) {
	p, d = p[:len(g)], d[:len(g)]
	for i, gi := range g {
		d[i] += gi
		p[i] -= float32(lr * (gi / n))
	}
}

func delayedPlainCGeneric(p, d, m, g []float32, n, lr, cb float32) {
	p, d, m = p[:len(g)], d[:len(g)], m[:len(g)]
	for i, gi := range g {
		d[i] += gi
		p[i] -= float32(lr * (float32(cb*m[i]) + gi/n))
	}
}

func delayedStepGeneric(p, m, d, g []float32, n, lr, beta, coef float32) {
	p, d, m = p[:len(g)], d[:len(g)], m[:len(g)]
	for i, gi := range g {
		mi := float32(beta*m[i]) + (d[i]+gi)/n
		m[i] = mi
		p[i] -= float32(lr * (float32(coef*mi) + gi/n))
	}
}
