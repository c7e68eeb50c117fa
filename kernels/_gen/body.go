package main

import "slices"

// A body is what a loop does with element i of its operands, as straight-line
// code: the same description makes code for vectors of any width, on any machine.
type body struct {
	code     []instr
	inverse  bool // divide by multiplying with the inverse
	overflow bool // leave in args.overflow whether a result has overflowed
}

// An instr computes value number len(before) from earlier ones. kind says what a
// and b are: values, or the number of a vector or of a scalar.
type instr struct {
	kind kind
	a, b int
}

type kind uint8

const (
	load   kind = iota // vector a
	number             // scalar a, the same for all elements
	add                // of values a, b, as the next three
	sub
	mul
	div
	sqrt   // of value a
	store  // value b to vector a
	stream // the same, to a vector that is not read
)

func (x *body) emit(k kind, a, b int) int {
	x.code = append(x.code, instr{k, a, b})
	return len(x.code) - 1
}

func (x *body) load(v int) int          { return x.emit(load, v, 0) }
func (x *body) number(s int) int        { return x.emit(number, s, 0) }
func (x *body) add(a, b int) int        { return x.emit(add, a, b) }
func (x *body) sub(a, b int) int        { return x.emit(sub, a, b) }
func (x *body) mul(a, b int) int        { return x.emit(mul, a, b) }
func (x *body) div(a, b int) int        { return x.emit(div, a, b) }
func (x *body) sqrt(a int) int          { return x.emit(sqrt, a, 0) }
func (x *body) store(v, value int)      { x.emit(store, v, value) }
func (x *body) stream(v, value int)     { x.emit(stream, v, value) }
func (x *body) scaled(s, value int) int { return x.mul(x.number(s), value) }

// quotient is value / n, n being scalar 0 and its inverse, if that is exact, scalar 1.
func (x *body) quotient(value int) int {
	if x.inverse {
		return x.mul(value, x.number(1))
	}
	return x.div(value, x.number(0))
}

// descend is p -= scalar lr * step, p being vector 0.
func (x *body) descend(lr, step int) {
	x.store(0, x.sub(x.load(0), x.scaled(lr, step)))
}

// uses returns the scalars, or vectors, that the code names.
func (x *body) uses(kinds ...kind) []int {
	var used []int
	for _, in := range x.code {
		if slices.Contains(kinds, in.kind) && !slices.Contains(used, in.a) {
			used = append(used, in.a)
		}
	}
	slices.Sort(used)
	return used
}
