package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // and its operands
	"github.com/mmcloughlin/avo/reg"
)

// dotLanes writes the function that adds products to the 16 lanes of a block.
func dotLanes(w width) {
	TEXT("dotLanes"+w.suffix, NOSPLIT, "func(lane *[16]float64, x, y []float32)")
	Pragma("noescape")
	lane := Load(Param("lane"), GP64())
	x, y := Load(Param("x").Base(), GP64()), Load(Param("y").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	sums := make([]reg.VecVirtual, 128/w.bytes)
	for j := range sums {
		sums[j] = w.new()
		VMOVUPD(Mem{Base: lane, Disp: w.bytes * j}, sums[j])
	}
	Label("group")
	SUBQ(Imm(16), n)
	JL(LabelRef("done"))
	for j, sum := range sums {
		a, b := w.new(), w.new()
		VCVTPS2PD(Mem{Base: x, Disp: w.bytes / 2 * j}, a)
		VCVTPS2PD(Mem{Base: y, Disp: w.bytes / 2 * j}, b)
		VMULPD(b, a, a)
		VADDPD(a, sum, sum)
	}
	ADDQ(Imm(64), x)
	ADDQ(Imm(64), y)
	JMP(LabelRef("group"))
	Label("done")
	for j, sum := range sums {
		VMOVUPD(sum, Mem{Base: lane, Disp: w.bytes * j})
	}
	VZEROUPPER()
	RET()
}

// finite writes the function that looks for an exponent of all ones in whole groups
// of 32 elements.
func finite() {
	TEXT("finiteAVX2", NOSPLIT, "func(x []float32) bool")
	Pragma("noescape")
	x := Load(Param("x").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	ones, exponent, found := GP32(), YMM(), YMM()
	MOVL(U32(0x7f800000), ones)
	VMOVD(ones, exponent.AsX())
	VPBROADCASTD(exponent.AsX(), exponent)
	VPXOR(found, found, found)
	Label("group")
	SUBQ(Imm(32), n)
	JL(LabelRef("done"))
	for j := range 4 {
		v := YMM()
		VPAND(Mem{Base: x, Disp: 32 * j}, exponent, v)
		VPCMPEQD(exponent, v, v)
		VPOR(v, found, found)
	}
	ADDQ(U32(128), x)
	JMP(LabelRef("group"))
	Label("done")
	VPTEST(found, found)
	result := GP8()
	SETEQ(result)
	Store(result, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
