package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/reg"     //nolint:revive // how avo is written
)

// formAhead is how many elements ahead of a block the loops of Int8 fetch.
const formAhead = 256

func formEncodeInt8(operands int) {
	dst, in := formEncoder("Int8", operands)
	abs, c127 := formWords(1<<31-1), formWords(0x42fe0000)
	bound, inf := formWords(0x7c010203), formWords(0x7f800000) // int8MaxScale, +Inf
	order := formOrder()
	in.loop(256, func() {
		top := in.top(abs)
		CMPL(top, U32(0x7f800000))
		JAE(LabelRef("infinite"))

		amax, scale, inv, finite := XMM(), XMM(), XMM(), XMM()
		VMOVD(top, amax)
		VDIVSS(amax, c127.AsX(), inv)
		VDIVSS(c127.AsX(), amax, scale)
		VMINSS(bound.AsX(), scale, scale)
		VCMPSS(U8(1), inf.AsX(), inv, finite) // inv < Inf
		VANDPS(finite, inv, inv)
		VANDPS(finite, scale, scale)
		VMOVSS(scale, Mem{Base: dst})
		scales, invs := YMM(), YMM()
		VBROADCASTSS(scale, scales)
		VBROADCASTSS(inv, invs)
		in.quantise(dst, scales, invs, order)
		JMP(LabelRef("next"))

		Label("infinite")
		zero := YMM()
		VPXOR(zero, zero, zero)
		MOVL(U32(0x7fc00000), Mem{Base: dst})
		for k := range 8 {
			VMOVDQU(zero, Mem{Base: dst, Disp: 4 + 32*k})
		}
		if operands == 3 {
			for k := 0; k < 256; k += 8 {
				VMOVDQU(zero, in.at(in.residual, k))
			}
		}
		Label("next")
		ADDQ(U32(4+256), dst)
	})
}

// top is the largest of the next 256 numbers without sign, by their bits. With three
// operands it leaves the numbers in residual.
func (in formInput) top(abs VecVirtual) Register {
	top := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	for k := range 32 {
		v := in.load(8 * k)
		if in.operands == 3 {
			VMOVUPS(v, in.at(in.residual, 8*k))
		}
		if k < len(top) {
			VPAND(abs, v, top[k])
			continue
		}
		VPAND(abs, v, v)
		VPMAXUD(v, top[k%4], top[k%4])
	}
	VPMAXUD(top[1], top[0], top[0])
	VPMAXUD(top[3], top[2], top[2])
	VPMAXUD(top[2], top[0], top[0])
	a, b, r := top[0].AsX(), XMM(), GP32()
	VEXTRACTI128(U8(1), top[0], b)
	VPMAXUD(b, a, a)
	VPSHUFD(U8(0b01_00_11_10), a, b)
	VPMAXUD(b, a, a)
	VPSHUFD(U8(0b10_11_00_01), a, b)
	VPMAXUD(b, a, a)
	VMOVD(a, r)
	return r
}

// quantise writes the 256 bytes of a block.
func (in formInput) quantise(dst Register, scales, invs, order VecVirtual) {
	for at := 0; at < 256; at += 32 {
		q := [4]VecVirtual{}
		for k := range q {
			v, place := YMM(), in.at(in.residual, at+8*k)
			if in.operands == 3 {
				VMOVUPS(place, v)
			} else {
				v = in.load(at + 8*k)
			}
			q[k] = YMM()
			VMULPS(invs, v, q[k])
			VCVTPS2DQ(q[k], q[k]) // to nearest even, as MXCSR is in Go
			if in.operands == 3 {
				d := YMM()
				VCVTDQ2PS(q[k], d)
				VMULPS(scales, d, d)
				VSUBPS(d, v, v)
				VMOVUPS(v, place)
			}
		}
		in.fetch(at)
		VPACKSSDW(q[1], q[0], q[0]) // within halves
		VPACKSSDW(q[3], q[2], q[2])
		VPACKSSWB(q[2], q[0], q[0])
		VPERMD(q[0], order, q[0])
		VMOVDQU(q[0], Mem{Base: dst, Disp: 4 + at})
	}
}

// fetch asks for numbers of a later block. Memory would have nothing to do while one is
// quantised.
func (in formInput) fetch(at int) {
	for _, p := range []Register{in.x, in.y, in.residual}[:in.operands] {
		for line := range 2 {
			PREFETCHT0(in.at(p, formAhead+at+16*line))
		}
	}
}

func formDecodeInt8() {
	dst, src, n := formDecoder("Int8")
	formLoop("", n, 256, func() {
		scale, left := YMM(), GP64()
		VBROADCASTSS(Mem{Base: src}, scale)
		ADDQ(U8(4), src)
		MOVQ(U32(256), left)
		formLoop("quantised", left, 32, func() {
			for i := range 4 {
				x := YMM()
				VPMOVSXBD(Mem{Base: src, Disp: 8 * i}, x)
				VCVTDQ2PS(x, x)
				VMULPS(scale, x, x)
				VMOVUPS(x, Mem{Base: dst, Disp: 32 * i})
			}
			ADDQ(U8(32), src)
			ADDQ(U32(128), dst)
		})
	})
	formEnd()
}

// formOrder undoes what packing within halves does to the order of groups of four.
func formOrder() VecVirtual {
	r, y := GP64(), YMM()
	MOVQ(U64(0x0703060205010400), r)
	VMOVQ(r, y.AsX())
	VPMOVZXBD(y.AsX(), y)
	return y
}
