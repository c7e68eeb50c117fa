package main

import (
	"fmt"
	"slices"

	"github.com/halos-go/sdk/kernels/backend"
)

// A body is what a loop does with element i of its operands, as straight-line
// code: the same description makes code for vectors of any width, on any machine.
type body struct {
	op       backend.Op
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

// inverse is the scalar behind those of the Op: args.inverse stands behind args.s.
const inverse = 8

type kind uint8

const (
	load   kind = iota // vector a
	number             // scalar a, the same for all elements: one of the Op, or inverse
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

// vector and scalar are the places of operands. A name that the Op does not have is a
// mistake in the loop's description.
func (x *body) vector(name string) int { return place(x.op, x.op.Vectors(), name) }
func (x *body) scalar(name string) int { return place(x.op, x.op.Numbers(), name) }

func place(op backend.Op, names []string, name string) int {
	i := slices.Index(names, name)
	if i < 0 {
		panic(fmt.Sprintf("%v has no operand %s among %v", op, name, names))
	}
	return i
}

func (x *body) load(v string) int              { return x.emit(load, x.vector(v), 0) }
func (x *body) number(s string) int            { return x.emit(number, x.scalar(s), 0) }
func (x *body) add(a, b int) int               { return x.emit(add, a, b) }
func (x *body) sub(a, b int) int               { return x.emit(sub, a, b) }
func (x *body) mul(a, b int) int               { return x.emit(mul, a, b) }
func (x *body) div(a, b int) int               { return x.emit(div, a, b) }
func (x *body) sqrt(a int) int                 { return x.emit(sqrt, a, 0) }
func (x *body) store(v string, value int)      { x.emit(store, x.vector(v), value) }
func (x *body) stream(v string, value int)     { x.emit(stream, x.vector(v), value) }
func (x *body) scaled(s string, value int) int { return x.mul(x.number(s), value) }

// quotient is value / n.
func (x *body) quotient(value int) int {
	if x.inverse {
		return x.mul(value, x.emit(number, inverse, 0))
	}
	return x.div(value, x.number("n"))
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
