package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // and its operands
	"github.com/mmcloughlin/avo/reg"
)

// loops writes the loops over the n elements of rows, n a positive multiple of 8. Each
// does what the loop of the same name in loops.go does, in the same order.
func loops() {
	loop("maximum", "dst x", "", 0, func(r *row) {
		r.store("dst", r.max(r.load("x"), r.load("dst")))
	})
	loop("expShift", "x shift total", "factor", 0, func(r *row) {
		e := r.exp(r.mul(r.sub(r.load("x"), r.load("shift")), r.number["factor"]))
		r.store("x", e)
		r.store("total", r.add(r.load("total"), e))
	})
	loop("scaleRow", "x by", "", 0, func(r *row) {
		r.store("x", r.mul(r.load("x"), r.load("by")))
	})
	loop("addRow", "dst x", "", 0, func(r *row) {
		r.store("dst", r.add(r.load("dst"), r.load("x")))
	})
	loop("addNumber", "dst", "x", 0, func(r *row) {
		r.store("dst", r.add(r.load("dst"), r.number["x"]))
	})
	loop("addProducts", "dst x y", "", 0, func(r *row) {
		r.store("dst", r.add(r.load("dst"), r.mul(r.load("x"), r.load("y"))))
	})
	loop("softmaxSlope", "d p total", "factor", 0, func(r *row) {
		d := r.mul(r.load("p"), r.sub(r.load("d"), r.load("total")))
		r.store("d", r.mul(d, r.number["factor"]))
	})
	loop("centre", "unit x mean square", "", 0, func(r *row) {
		u := r.sub(r.load("x"), r.load("mean"))
		r.store("unit", u)
		r.store("square", r.add(r.load("square"), r.mul(u, u)))
	})
	loop("standardise", "y unit scale", "gain bias", 0, func(r *row) {
		u := r.mul(r.load("unit"), r.load("scale"))
		r.store("unit", u)
		r.store("y", r.add(r.mul(u, r.number["gain"]), r.number["bias"]))
	})
	loop("normSums", "dy unit mean along lanes", "gain", 2, func(r *row) {
		v := r.load("dy")
		p := r.mul(v, r.load("unit"))
		r.sum(0, v)
		r.sum(1, p)
		e := r.mul(v, r.number["gain"])
		r.store("dy", e)
		r.store("mean", r.add(r.load("mean"), e))
		r.store("along", r.add(r.load("along"), r.mul(p, r.number["gain"])))
	})
	loop("normSlope", "dx e unit scale mean along", "", 0, func(r *row) {
		d := r.sub(r.load("e"), r.load("mean"))
		d = r.sub(d, r.mul(r.load("unit"), r.load("along")))
		r.store("dx", r.add(r.load("dx"), r.mul(d, r.load("scale"))))
	})
	loop("laneSums", "x lanes", "", 1, func(r *row) {
		r.sum(0, r.load("x"))
	})
	loop("gelu", "u slope", "", 0, func(r *row) {
		var c, d float32 = 1.5957691216057308, 1.5957691216057308 * 0.044715
		u := r.load("u")
		square := r.mul(u, u)
		z := r.mul(r.negative(u), r.add(r.mul(square, constant(d)), constant(c)))
		one := r.constant(1)
		s := r.div(one, r.add(r.exp(z), constant(1)))
		y := r.mul(u, s)
		r.store("u", y)
		rise := r.mul(r.mul(y, r.sub(one, s)), r.add(r.mul(square, constant(1.5957691216057308*0.044715*3)), constant(c)))
		r.store("slope", r.add(rise, s))
	})
}

// A row is a loop that is being written.
type row struct {
	i      reg.GPVirtual // bytes done
	vector map[string]reg.GPVirtual
	number map[string]reg.VecVirtual // in all lanes
	sums   []reg.VecVirtual          // of every eighth element, begun in the vector "lanes" and kept there
}

// loop writes a function of n, of vectors and of numbers. body is for 8 elements.
// Sums are in the vector "lanes".
func loop(name, vectors, numbers string, sums int, body func(r *row)) {
	signature := "func(n int, " + strings.ReplaceAll(vectors, " ", ", ") + " *float32"
	if numbers != "" {
		signature += ", " + strings.ReplaceAll(numbers, " ", ", ") + " float32"
	}
	TEXT(name+"AVX2", NOSPLIT, signature+")")
	Pragma("noescape")
	r := &row{i: GP64(), vector: map[string]reg.GPVirtual{}, number: map[string]reg.VecVirtual{}}
	n := Load(Param("n"), GP64())
	SHLQ(U8(2), n)
	for v := range strings.FieldsSeq(vectors) {
		r.vector[v] = Load(Param(v), GP64()).(reg.GPVirtual)
	}
	for s := range strings.FieldsSeq(numbers) {
		at, err := Param(s).Resolve()
		if err != nil {
			panic(err)
		}
		r.number[s] = YMM()
		VBROADCASTSS(at.Addr, r.number[s])
	}
	for k := range sums {
		r.sums = append(r.sums, YMM())
		VMOVUPS(Mem{Base: r.vector["lanes"], Disp: 32 * k}, r.sums[k])
	}
	XORQ(r.i, r.i)
	Label("row")
	body(r)
	ADDQ(Imm(32), r.i)
	CMPQ(r.i, n)
	JL(LabelRef("row"))
	for k, sum := range r.sums {
		VMOVUPS(sum, Mem{Base: r.vector["lanes"], Disp: 32 * k})
	}
	VZEROUPPER()
	RET()
}

func (r *row) at(vector string) Mem { return Mem{Base: r.vector[vector], Index: r.i, Scale: 1} }

func (r *row) load(vector string) reg.VecVirtual {
	v := YMM()
	VMOVUPS(r.at(vector), v)
	return v
}

func (r *row) store(vector string, v reg.VecVirtual) { VMOVUPS(v, r.at(vector)) }

// sum adds x to sum k.
func (r *row) sum(k int, x reg.VecVirtual) { VADDPS(x, r.sums[k], r.sums[k]) }

func (r *row) add(a reg.VecVirtual, b Op) reg.VecVirtual { v := YMM(); VADDPS(b, a, v); return v }
func (r *row) sub(a reg.VecVirtual, b Op) reg.VecVirtual { v := YMM(); VSUBPS(b, a, v); return v }
func (r *row) mul(a reg.VecVirtual, b Op) reg.VecVirtual { v := YMM(); VMULPS(b, a, v); return v }
func (r *row) div(a reg.VecVirtual, b Op) reg.VecVirtual { v := YMM(); VDIVPS(b, a, v); return v }

// max is b where a is not a number: if a > b { b = a }.
func (r *row) max(a reg.VecVirtual, b Op) reg.VecVirtual { v := YMM(); VMAXPS(b, a, v); return v }

func (r *row) negative(a reg.VecVirtual) reg.VecVirtual {
	v := YMM()
	VXORPS(bits(1<<31), a, v)
	return v
}

func (r *row) constant(x float32) reg.VecVirtual {
	v := YMM()
	VMOVUPS(constant(x), v)
	return v
}

// exp is that of exp.go.
func (r *row) exp(x reg.VecVirtual) reg.VecVirtual {
	inRange, t, n, e := YMM(), YMM(), YMM(), r.constant(64)
	const notLess = 5
	VCMPPS(U8(notLess), constant(-64), x, inRange)
	VMINPS(x, e, e) // x where that is not a number
	VMULPS(constant(1.44269504088896341), e, t)
	VADDPS(constant(3<<22), t, t)
	VSUBPS(constant(3<<22), t, n)
	rest := r.sub(e, r.mul(n, constant(0.693359375)))
	rest = r.sub(rest, r.mul(n, constant(-2.12194440e-4)))
	p := r.constant(1.9875691500e-4)
	for _, c := range []float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		p = r.add(r.mul(p, rest), constant(c))
	}
	p = r.add(r.add(r.mul(r.mul(p, rest), rest), rest), constant(1))
	VPADDD(bits(127), t, t)
	VPSLLD(U8(23), t, t)
	p = r.mul(p, t)
	VANDPS(inRange, p, p)
	return p
}

func constant(x float32) Mem { return bits(math.Float32bits(x)) }

var constants = map[uint32]Mem{}

// bits is a word in all lanes.
func bits(word uint32) Mem {
	m, there := constants[word]
	if !there {
		m = GLOBL(fmt.Sprintf("word%08x", word), 8|16) // read-only, without pointers
		for k := range 8 {
			DATA(4*k, U32(word))
		}
		constants[word] = m
	}
	return m
}
