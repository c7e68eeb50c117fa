package main

import (
	"fmt"

	. "github.com/halos-go/sdk/kernels/backend" //nolint:revive,staticcheck // for the names of the Ops
)

// A loop is what an Op does with an element of its vectors. Vectors and numbers have the
// names from the table in package backend. The order of operations is that of the loop
// in Go.
type loop struct {
	op   Op
	body func(x *body)
}

var loops = []loop{
	{OpDelayedFirst, func(x *body) {
		g := x.load("g")
		x.stream("d", g)
		x.descend("lr", x.quotient(g))
	}},
	{OpDelayedFirstC, func(x *body) {
		m, g := x.load("m"), x.load("g")
		x.stream("d", g)
		x.descend("lr", x.add(x.scaled("cb", m), x.quotient(g)))
	}},
	{OpDelayedPlain, func(x *body) {
		g := x.load("g")
		x.store("d", x.add(x.load("d"), g))
		x.descend("lr", x.quotient(g))
	}},
	{OpDelayedPlain2, func(x *body) { x.plain(2) }},
	{OpDelayedPlain3, func(x *body) { x.plain(3) }},
	{OpDelayedPlain4, func(x *body) { x.plain(4) }},
	{OpDelayedPlainC, func(x *body) {
		m, g := x.load("m"), x.load("g")
		x.store("d", x.add(x.load("d"), g))
		x.descend("lr", x.add(x.scaled("cb", m), x.quotient(g)))
	}},
	{OpDelayedStep, func(x *body) {
		g := x.load("g")
		m := x.add(x.scaled("beta", x.load("m")), x.quotient(x.add(x.load("d"), g)))
		x.store("m", m)
		x.descend("lr", x.add(x.scaled("coef", m), x.quotient(g)))
	}},
	{OpSGD, func(x *body) { x.descend("lr", x.load("g")) }},
	{OpHeavyBall, func(x *body) {
		buf := x.add(x.scaled("mu", x.load("buf")), x.load("g"))
		x.store("buf", buf)
		x.descend("lr", buf)
	}},
	{OpNesterov, func(x *body) {
		g := x.load("g")
		buf := x.add(x.scaled("mu", x.load("buf")), g)
		x.store("buf", buf)
		x.descend("lr", x.add(g, x.scaled("mu", buf)))
	}},
	{OpAdamW, func(x *body) {
		g := x.load("g")
		m := x.add(x.scaled("beta1", x.load("m")), x.scaled("c1", g))
		x.store("m", m)
		v := x.add(x.scaled("beta2", x.load("v")), x.mul(x.scaled("c2", g), g))
		x.store("v", v)
		den := x.add(x.div(x.sqrt(v), x.number("root")), x.number("eps"))
		p := x.load("p")
		x.store("p", x.sub(p, x.add(x.scaled("decay", p), x.div(x.scaled("step", m), den))))
	}},
	{OpMix, func(x *body) { x.store("y", x.mixed()) }},
	{OpMixBase, func(x *body) {
		y := x.mixed()
		x.store("y", y)
		x.stream("base", y)
	}},
	{OpMixCarry, func(x *body) {
		unsent := x.sub(x.load("y"), x.load("base"))
		y := x.mixed()
		x.store("base", x.sub(y, unsent))
		x.store("y", y)
	}},
	{OpReplayBase, func(x *body) {
		y := x.add(x.load("x"), x.sub(x.load("y"), x.load("base")))
		x.store("y", y)
		x.store("base", y)
	}},
	{OpReplayCarry, func(x *body) {
		unsent := x.sub(x.load("y"), x.load("base"))
		y := x.add(x.load("x"), unsent)
		x.store("base", x.sub(y, unsent))
		x.store("y", y)
	}},
	{OpCopy, func(x *body) { x.stream("dst", x.load("x")) }},
	{OpDelta, func(x *body) { x.stream("dst", x.sub(x.load("x"), x.load("y"))) }},
	{OpMean2, func(x *body) { x.mean(2) }},
	{OpMean3, func(x *body) { x.mean(3) }},
	{OpMean4, func(x *body) { x.mean(4) }},
	{OpScale, func(x *body) { x.store("x", x.mul(x.load("x"), x.number("a"))) }},
}

// descend is p -= lr * step.
func (x *body) descend(lr string, step int) {
	x.store("p", x.sub(x.load("p"), x.scaled(lr, step)))
}

// mixed is the mix of y with x.
func (x *body) mixed() int {
	return x.add(x.scaled("keep", x.load("y")), x.scaled("a", x.load("x")))
}

// plain is several plain steps in turn, along g0 by lr0, g1 by lr1 and so on.
func (x *body) plain(steps int) {
	p, d := x.load("p"), x.load("d")
	for k := range steps {
		g := x.load(fmt.Sprint("g", k))
		d = x.add(d, g)
		p = x.sub(p, x.scaled(fmt.Sprint("lr", k), x.quotient(g)))
	}
	x.store("d", d)
	x.store("p", p)
}

// mean is the sum of x0, x1 and so on divided by n. It tells of overflows.
func (x *body) mean(vectors int) {
	sum := x.load("x0")
	for k := 1; k < vectors; k++ {
		sum = x.add(sum, x.load(fmt.Sprint("x", k)))
	}
	x.stream("dst", x.quotient(sum))
	x.overflow = true
}
