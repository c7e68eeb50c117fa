package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/reg"     //nolint:revive // how avo is written
)

// forms emits the loops of the wire forms for AVX2 (and F16C). The order of operations
// is that of form_generic.go. Lengths are multiples of 16 elements, of Int8 256.
func forms() {
	for operands := 1; operands <= 3; operands++ {
		formEncodeBFloat16(operands)
		formEncodeFloat16(operands)
		formEncodeInt8(operands)
	}
	formDecodeHalf("BFloat16", func(from Mem, x VecVirtual) {
		VPMOVZXWD(from, x)
		VPSLLD(U8(16), x, x)
	})
	formDecodeHalf("Float16", func(from Mem, x VecVirtual) { VCVTPH2PS(from, x) })
	formDecodeInt8()
}

// A formInput is what a loop writes: x, x-y or (x-y)+residual. In the last case the
// loop leaves in residual what rounding left out.
type formInput struct {
	operands       int
	x, y, residual Register
	i, n           Register // the element
}

func formEncodeBFloat16(operands int) {
	dst, in := formEncoder("BFloat16", operands)
	one, half, quiet := formWords(1), formWords(0x7fff), formWords(0x40)
	in.loop(16, func() {
		h := [2]VecVirtual{}
		for k := range h {
			v := in.load(8 * k)
			t, nan := YMM(), YMM()
			h[k] = YMM()
			VPSRLD(U8(16), v, h[k])
			VPAND(one, h[k], t)
			VPADDD(half, t, t)
			VPADDD(v, t, t)
			VPSRLD(U8(16), t, t)
			VCMPPS(U8(3), v, v, nan) // unordered
			VPOR(quiet, h[k], h[k])
			VPBLENDVB(nan, h[k], t, h[k])
			if operands == 3 {
				d := YMM()
				VPSLLD(U8(16), h[k], d)
				in.leave(8*k, v, d)
			}
		}
		VPACKUSDW(h[1], h[0], h[0]) // within halves
		VPERMQ(U8(0b11_01_10_00), h[0], h[0])
		VMOVDQU(h[0], Mem{Base: dst, Index: in.i, Scale: 2})
	})
}

func formEncodeFloat16(operands int) {
	dst, in := formEncoder("Float16", operands)
	in.loop(16, func() {
		for k := range 2 {
			v, h := in.load(8*k), XMM()
			VCVTPS2PH(U8(0), v, h) // to nearest even, whatever MXCSR says
			VMOVDQU(h, Mem{Base: dst, Index: in.i, Scale: 2, Disp: 16 * k})
			if operands == 3 {
				d := YMM()
				VCVTPH2PS(h, d)
				in.leave(8*k, v, d)
			}
		}
	})
}

func formDecodeHalf(form string, widen func(from Mem, x VecVirtual)) {
	dst, src, n := formDecoder(form)
	formLoop("", n, 16, func() {
		for k := range 2 {
			x := YMM()
			widen(Mem{Base: src, Disp: 16 * k}, x)
			VMOVUPS(x, Mem{Base: dst, Disp: 32 * k})
		}
		ADDQ(U8(32), src)
		ADDQ(U8(64), dst)
	})
	formEnd()
}

// formEncoder begins a function that writes a vector to dst.
func formEncoder(form string, operands int) (dst Register, in formInput) {
	name := []string{"encode", "delta", "feedback"}[operands-1] + form + "AVX2"
	params := []string{"x", "x, y", "x, y, residual"}[operands-1]
	what := []string{"x", "x-y", "(x-y)+residual"}[operands-1]
	TEXT(name, NOSPLIT, "func(dst []byte, "+params+" []float32)")
	Doc(name + " writes " + what + " to dst.")
	if operands == 3 {
		Doc(name + " writes " + what + " to dst and leaves in residual what rounding left out.")
	}
	Pragma("noescape")
	dst = Load(Param("dst").Base(), GP64())
	in = formInput{operands: operands, i: GP64(), n: Load(Param("x").Len(), GP64())}
	in.x = Load(Param("x").Base(), GP64())
	if operands > 1 {
		in.y = Load(Param("y").Base(), GP64())
	}
	if operands > 2 {
		in.residual = Load(Param("residual").Base(), GP64())
	}
	XORQ(in.i, in.i)
	return dst, in
}

// loop emits the rest of the function.
func (in formInput) loop(step uint32, body func()) {
	JMP(LabelRef("test"))
	Label("loop")
	body()
	ADDQ(U32(step), in.i)
	Label("test")
	CMPQ(in.i, in.n)
	JB(LabelRef("loop"))
	formEnd()
}

// at is element i+k.
func (in formInput) at(p Register, k int) Mem {
	return Mem{Base: p, Index: in.i, Scale: 4, Disp: 4 * k}
}

// load computes 8 numbers from element i+k on.
func (in formInput) load(k int) VecVirtual {
	v := YMM()
	VMOVUPS(in.at(in.x, k), v)
	if in.operands > 1 {
		VSUBPS(in.at(in.y, k), v, v)
	}
	if in.operands > 2 {
		VADDPS(in.at(in.residual, k), v, v)
	}
	return v
}

// leave writes v-d to residual, or 0 where that less itself is a NaN: it is not finite.
func (in formInput) leave(k int, v, d VecVirtual) {
	finite := YMM()
	VSUBPS(d, v, d)
	VSUBPS(d, d, finite)
	VCMPPS(U8(7), finite, finite, finite) // ordered
	VANDPS(finite, d, d)
	VMOVUPS(d, in.at(in.residual, k))
}

// formDecoder begins a function that reads src into dst.
func formDecoder(form string) (dst, src, n Register) {
	name := "decode" + form + "AVX2"
	TEXT(name, NOSPLIT, "func(dst []float32, src []byte)")
	Doc(name + " reads src into dst.")
	Pragma("noescape")
	return Load(Param("dst").Base(), GP64()), Load(Param("src").Base(), GP64()), Load(Param("dst").Len(), GP64())
}

func formEnd() {
	VZEROUPPER()
	RET()
}

// formLoop emits a loop that counts n down to 0.
func formLoop(name string, n Register, step uint32, body func()) {
	Label(name + "loop")
	SUBQ(U32(step), n)
	JB(LabelRef(name + "end"))
	body()
	JMP(LabelRef(name + "loop"))
	Label(name + "end")
}

// formWords is a vector of 8 equal words.
func formWords(w uint32) VecVirtual {
	r, y := GP32(), YMM()
	MOVL(U32(w), r)
	VMOVD(r, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}
