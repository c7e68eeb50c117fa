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

func delayedPlain2Generic(p, d, g0, g1 []float32, n, lr0, lr1 float32) {
	delayedPlainGeneric(p, d, g0, n, lr0)
	delayedPlainGeneric(p, d, g1, n, lr1)
}

func delayedPlain3Generic(p, d, g0, g1, g2 []float32, n, lr0, lr1, lr2 float32) {
	delayedPlain2Generic(p, d, g0, g1, n, lr0, lr1)
	delayedPlainGeneric(p, d, g2, n, lr2)
}

func delayedPlain4Generic(p, d, g0, g1, g2, g3 []float32, n, lr0, lr1, lr2, lr3 float32) {
	delayedPlain3Generic(p, d, g0, g1, g2, n, lr0, lr1, lr2)
	delayedPlainGeneric(p, d, g3, n, lr3)
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
