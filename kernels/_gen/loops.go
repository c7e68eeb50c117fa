package main

// A loop describes an op of package kernels: the numbers of vectors and scalars are
// those that runGeneric has there, and the order of operations is the generic one's.
type loop struct {
	name    string
	divides bool // by scalar 0; there is a second version, which multiplies by scalar 1
	body    func(x *body)
}

var loops = []loop{
	{"delayedFirst", true, func(x *body) {
		g := x.load(2)
		x.stream(1, g)
		x.descend(2, x.quotient(g))
	}},
	{"delayedFirstC", true, func(x *body) {
		m, g := x.load(2), x.load(3)
		x.stream(1, g)
		x.descend(2, x.add(x.scaled(3, m), x.quotient(g)))
	}},
	{"delayedPlain", true, func(x *body) {
		g := x.load(2)
		x.store(1, x.add(x.load(1), g))
		x.descend(2, x.quotient(g))
	}},
	{"delayedPlain2", true, func(x *body) { x.plain(2) }},
	{"delayedPlain3", true, func(x *body) { x.plain(3) }},
	{"delayedPlain4", true, func(x *body) { x.plain(4) }},
	{"delayedPlainC", true, func(x *body) {
		m, g := x.load(2), x.load(3)
		x.store(1, x.add(x.load(1), g))
		x.descend(2, x.add(x.scaled(3, m), x.quotient(g)))
	}},
	{"delayedStep", true, func(x *body) {
		g := x.load(3)
		m := x.add(x.scaled(3, x.load(1)), x.quotient(x.add(x.load(2), g)))
		x.store(1, m)
		x.descend(2, x.add(x.scaled(4, m), x.quotient(g)))
	}},
	{"sgd", false, func(x *body) { x.descend(0, x.load(1)) }},
	{"heavyBall", false, func(x *body) {
		buf := x.add(x.scaled(1, x.load(1)), x.load(2))
		x.store(1, buf)
		x.descend(0, buf)
	}},
	{"nesterov", false, func(x *body) {
		g := x.load(2)
		buf := x.add(x.scaled(1, x.load(1)), g)
		x.store(1, buf)
		x.descend(0, x.add(g, x.scaled(1, buf)))
	}},
	{"adamW", false, func(x *body) {
		const b1, c1, b2, c2, eps, keep, step, root = 0, 1, 2, 3, 4, 5, 6, 7
		g := x.load(3)
		m := x.add(x.scaled(b1, x.load(1)), x.scaled(c1, g))
		x.store(1, m)
		v := x.add(x.scaled(b2, x.load(2)), x.mul(x.scaled(c2, g), g))
		x.store(2, v)
		den := x.add(x.div(x.sqrt(v), x.number(root)), x.number(eps))
		x.store(0, x.sub(x.scaled(keep, x.load(0)), x.div(x.scaled(step, m), den)))
	}},
	{"mix", false, func(x *body) { x.store(0, x.mixed(1)) }},
	{"mixBase", false, func(x *body) {
		local := x.mixed(2)
		x.store(0, local)
		x.stream(1, local)
	}},
	{"mixCarry", false, func(x *body) {
		unsent := x.sub(x.load(0), x.load(1))
		local := x.mixed(2)
		x.store(1, x.sub(local, unsent))
		x.store(0, local)
	}},
	{"replayBase", false, func(x *body) {
		local := x.add(x.load(2), x.sub(x.load(0), x.load(1)))
		x.store(0, local)
		x.store(1, local)
	}},
	{"replayCarry", false, func(x *body) {
		unsent := x.sub(x.load(0), x.load(1))
		local := x.add(x.load(2), unsent)
		x.store(1, x.sub(local, unsent))
		x.store(0, local)
	}},
	{"copy", false, func(x *body) { x.stream(0, x.load(1)) }},
	{"delta", false, func(x *body) { x.stream(0, x.sub(x.load(1), x.load(2))) }},
	{"mean2", true, func(x *body) { x.mean(x.add(x.load(1), x.load(2))) }},
	{"mean3", true, func(x *body) { x.mean(x.add(x.add(x.load(1), x.load(2)), x.load(3))) }},
	{"mean4", true, func(x *body) { x.mean(x.add(x.add(x.add(x.load(1), x.load(2)), x.load(3)), x.load(4))) }},
	{"scale", false, func(x *body) { x.store(0, x.mul(x.load(0), x.number(0))) }},
}

// mixed is the mix of vector 0 with the given one.
func (x *body) mixed(global int) int {
	return x.add(x.scaled(0, x.load(0)), x.scaled(1, x.load(global)))
}

// plain is several plain steps in turn.
func (x *body) plain(several int) {
	p, d := x.load(0), x.load(1)
	for k := range several {
		g := x.load(2 + k)
		d = x.add(d, g)
		p = x.sub(p, x.scaled(2+k, x.quotient(g)))
	}
	x.store(1, d)
	x.store(0, p)
}

// mean is what a mean does with the sum.
func (x *body) mean(sum int) {
	x.stream(0, x.quotient(sum))
	x.overflow = true
}
