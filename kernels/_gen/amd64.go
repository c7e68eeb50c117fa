package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // and its operands
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in the args of package kernels; the stubs check them.
const (
	vectorsAt  = 0 // a slice header each: data, length, capacity
	numbersAt  = 6 * 24
	inverseAt  = numbersAt + 4*inverse
	overflowAt = inverseAt + 4
	streamAt   = overflowAt + 4
)

// A width is a size of vector registers.
type width struct {
	suffix string
	bytes  int
	unroll int
	new    func() reg.VecVirtual
}

var (
	avx2   = width{"AVX2", 32, 4, YMM}
	avx512 = width{"AVX512", 64, 2, ZMM}
)

// An assembler writes one loop for one width.
type assembler struct {
	loop
	width
	args    reg.GPVirtual
	n, i    reg.GPVirtual // bytes of a vector, and those that are done
	vector  map[int]reg.GPVirtual
	number  map[int]reg.VecVirtual // in all lanes
	written int                    // the vector that is streamed, or -1
}

// assemble writes l as a function func(a *args).
func assemble(l loop, w width) {
	TEXT(l.op.String()+w.suffix, NOSPLIT, "func(a *byte)")
	Pragma("noescape")
	x := assembler{loop: l, width: w, n: GP64(), i: GP64(), vector: map[int]reg.GPVirtual{}, number: map[int]reg.VecVirtual{}, written: -1}
	x.args = Load(Param("a"), GP64()).(reg.GPVirtual)
	MOVQ(Mem{Base: x.args, Disp: vectorsAt + 8}, x.n)
	SHLQ(U8(2), x.n)
	XORQ(x.i, x.i)
	code := x.version(false)
	for _, v := range code.uses(load, store, stream) {
		x.vector[v] = GP64()
		MOVQ(Mem{Base: x.args, Disp: vectorsAt + 24*v}, x.vector[v])
	}
	if s := code.uses(stream); len(s) > 0 {
		x.written = s[0]
	}
	if code.overflow {
		x.clearOverflow()
	}
	if l.op.Divides() {
		CMPL(Mem{Base: x.args, Disp: inverseAt}, U8(0))
		JE(LabelRef("divide"))
		x.whole("multiply", x.version(true))
		Label("divide")
	}
	x.whole("", code)
}

func (x *assembler) version(multiply bool) *body {
	code := &body{op: x.op, inverse: multiply}
	x.body(code)
	return code
}

// whole writes the loops over all elements, and the return.
func (x *assembler) whole(prefix string, code *body) {
	label := func(name string) string { return prefix + name }
	for _, s := range code.uses(number) {
		x.number[s] = x.new()
		VBROADCASTSS(Mem{Base: x.args, Disp: numbersAt + 4*s}, x.number[s])
	}
	if x.written >= 0 {
		CMPB(Mem{Base: x.args, Disp: streamAt}, U8(0))
		JE(LabelRef(label("cached")))
		x.align(label, code)
		x.repeat(label("stream"), x.unroll, func(at int) {
			x.prefetch(at)
			x.element(code, at, x.packed(true))
		})
		SFENCE()
		Label(label("cached"))
	}
	x.repeat(label("many"), x.unroll, func(at int) { x.element(code, at, x.packed(false)) })
	x.repeat(label("one"), 1, func(at int) { x.element(code, at, x.packed(false)) })
	x.rest(label, code)
	if code.overflow {
		x.keepOverflow()
	}
	VZEROUPPER()
	RET()
}

// overflowed is the bit of MXCSR that is set when a result overflows, and then stays.
const overflowed = 1 << 3

// clearOverflow clears it. args.overflow serves as memory for MXCSR.
func (x *assembler) clearOverflow() {
	flags := Mem{Base: x.args, Disp: overflowAt}
	STMXCSR(flags)
	ANDL(I32(^overflowed), flags)
	LDMXCSR(flags)
}

// keepOverflow leaves it, alone, in args.overflow.
func (x *assembler) keepOverflow() {
	flags := Mem{Base: x.args, Disp: overflowAt}
	STMXCSR(flags)
	ANDL(U32(overflowed), flags)
}

// repeat writes a loop that does unroll registers at a time while there are as many.
func (x *assembler) repeat(name string, unroll int, do func(at int)) {
	last := GP64()
	MOVQ(x.n, last)
	SUBQ(Imm(uint64(unroll*x.bytes)), last)
	Label(name)
	CMPQ(x.i, last)
	JG(LabelRef(name + "End"))
	for u := range unroll {
		do(u * x.bytes)
	}
	ADDQ(Imm(uint64(unroll*x.bytes)), x.i)
	JMP(LabelRef(name))
	Label(name + "End")
}

// prefetch asks for a line of each vector that is read, when at is its first byte.
// Beside stores past the cache the processor itself looks ahead too little: with it a
// copy is a sixth faster; loops without such stores are slower with it.
func (x *assembler) prefetch(at int) {
	const ahead = 1024
	for v := range len(x.vector) {
		if v != x.written && at%64 == 0 {
			PREFETCHT0(Mem{Base: x.vector[v], Index: x.i, Scale: 1, Disp: at + ahead})
		}
	}
}

// align does the elements before the first at which the streamed vector is aligned.
func (x *assembler) align(label func(string) string, code *body) {
	if x.bytes == 64 {
		few, left := GP64(), GP64()
		LEAQ(Mem{Base: x.vector[x.written], Index: x.i, Scale: 1}, few)
		NEGQ(few)
		ANDQ(Imm(63), few)
		MOVQ(x.n, left)
		SUBQ(x.i, left)
		CMPQ(few, left)
		CMOVQGT(left, few)
		x.masked(code, few)
		return
	}
	Label(label("align"))
	address := GP64()
	LEAQ(Mem{Base: x.vector[x.written], Index: x.i, Scale: 1}, address)
	TESTQ(U32(31), address)
	JE(LabelRef(label("aligned")))
	CMPQ(x.i, x.n)
	JGE(LabelRef(label("aligned")))
	x.element(code, 0, single)
	ADDQ(Imm(4), x.i)
	JMP(LabelRef(label("align")))
	Label(label("aligned"))
}

// rest does the elements that do not fill a register.
func (x *assembler) rest(label func(string) string, code *body) {
	if x.bytes == 64 {
		left := GP64()
		MOVQ(x.n, left)
		SUBQ(x.i, left)
		JE(LabelRef(label("done")))
		x.masked(code, left)
		Label(label("done"))
		return
	}
	Label(label("rest"))
	CMPQ(x.i, x.n)
	JGE(LabelRef(label("done")))
	x.element(code, 0, single)
	ADDQ(Imm(4), x.i)
	JMP(LabelRef(label("rest")))
	Label(label("done"))
}

// masked does the next few bytes, 0 to 60, in one register.
func (x *assembler) masked(code *body, few reg.GPVirtual) {
	mask, ones, count := K(), GP64(), GP64()
	MOVQ(few, count)
	SHRQ(U8(2), count)
	MOVQ(I32(-1), ones)
	SHLXQ(count, ones, ones)
	NOTQ(ones)
	KMOVW(ones.As32(), mask)
	x.element(code, 0, under(mask))
	ADDQ(few, x.i)
}

// Instructions on a register: those of a form.
type form struct {
	new                func() reg.VecVirtual
	as                 func(v reg.VecVirtual) reg.Register
	load               func(from Mem, to reg.Register)
	store, stream      func(v reg.Register, to Mem)
	add, sub, mul, div func(b, a, to Op)
	sqrt               func(a, to Op)
}

func (x *assembler) packed(streaming bool) form {
	f := form{
		new:  x.new,
		as:   func(v reg.VecVirtual) reg.Register { return v },
		load: func(from Mem, to reg.Register) { VMOVUPS(from, to) },
		add:  func(b, a, to Op) { VADDPS(b, a, to) },
		sub:  func(b, a, to Op) { VSUBPS(b, a, to) },
		mul:  func(b, a, to Op) { VMULPS(b, a, to) },
		div:  func(b, a, to Op) { VDIVPS(b, a, to) },
		sqrt: func(a, to Op) { VSQRTPS(a, to) },
	}
	f.store = func(v reg.Register, to Mem) { VMOVUPS(v, to) }
	f.stream = f.store
	if streaming {
		f.stream = func(v reg.Register, to Mem) { VMOVNTPS(v, to) }
	}
	return f
}

// under is packed in the lanes of a mask; the others are read as zeros.
func under(mask reg.Register) form {
	f := (&assembler{width: avx512}).packed(false)
	f.load = func(from Mem, to reg.Register) { VMOVUPS_Z(from, mask, to) }
	f.store = func(v reg.Register, to Mem) { VMOVUPS(v, mask, to) }
	f.stream = f.store
	return f
}

// single works on one element.
var single = form{
	new:    XMM,
	as:     func(v reg.VecVirtual) reg.Register { return v.AsX() },
	load:   func(from Mem, to reg.Register) { VMOVSS(from, to) },
	store:  func(v reg.Register, to Mem) { VMOVSS(v, to) },
	stream: func(v reg.Register, to Mem) { VMOVSS(v, to) },
	add:    func(b, a, to Op) { VADDSS(b, a, to) },
	sub:    func(b, a, to Op) { VSUBSS(b, a, to) },
	mul:    func(b, a, to Op) { VMULSS(b, a, to) },
	div:    func(b, a, to Op) { VDIVSS(b, a, to) },
	sqrt:   func(a, to Op) { VSQRTSS(a, a, to) },
}

// element writes code once, for the elements from byte i+at on.
func (x *assembler) element(code *body, at int, f form) {
	value := make([]reg.Register, len(code.code))
	for k, in := range code.code {
		mem := Mem{Base: x.vector[in.a], Index: x.i, Scale: 1, Disp: at}
		binary := map[kind]func(b, a, to Op){add: f.add, sub: f.sub, mul: f.mul, div: f.div}[in.kind]
		switch {
		case in.kind == number:
			value[k] = f.as(x.number[in.a])
			continue
		case in.kind == store:
			f.store(value[in.b], mem)
			continue
		case in.kind == stream:
			f.stream(value[in.b], mem)
			continue
		}
		value[k] = f.new()
		switch {
		case in.kind == load:
			f.load(mem, value[k])
		case in.kind == sqrt:
			f.sqrt(value[in.a], value[k])
		case binary != nil:
			binary(value[in.b], value[in.a], value[k])
		default:
			panic(fmt.Sprintf("no instruction for kind %d", in.kind))
		}
	}
}
