package main

import (
	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // and its operands
	"github.com/mmcloughlin/avo/reg"
)

// dotLanes writes the function that adds products to the 16 lanes of a block. There is
// none for AVX-512: half as many sums in flight wait for each other.
func dotLanes() {
	TEXT("dotLanesVector", NOSPLIT, "func(lane *[16]float64, x, y []float32)")
	Pragma("noescape")
	lane := Load(Param("lane"), GP64())
	x, y := Load(Param("x").Base(), GP64()), Load(Param("y").Base(), GP64())
	n := Load(Param("x").Len(), GP64())
	sums := make([]reg.VecVirtual, 4)
	for j := range sums {
		sums[j] = YMM()
		VMOVUPD(Mem{Base: lane, Disp: 32 * j}, sums[j])
	}
	group := func(name string, end string, product func(j int) reg.VecVirtual) {
		Label(name)
		SUBQ(Imm(16), n)
		JL(LabelRef(end))
		for j, sum := range sums {
			VADDPD(product(j), sum, sum)
		}
		ADDQ(Imm(64), x)
		ADDQ(Imm(64), y)
		JMP(LabelRef(name))
	}
	wide := func(from reg.Register, j int) reg.VecVirtual {
		v := YMM()
		VCVTPS2PD(Mem{Base: from, Disp: 16 * j}, v)
		return v
	}
	CMPQ(x, y)
	JE(LabelRef("square")) // one vector, read once
	group("product", "done", func(j int) reg.VecVirtual {
		a, b := wide(x, j), wide(y, j)
		VMULPD(b, a, a)
		return a
	})
	group("square", "done", func(j int) reg.VecVirtual {
		a := wide(x, j)
		VMULPD(a, a, a)
		return a
	})
	Label("done")
	for j, sum := range sums {
		VMOVUPD(sum, Mem{Base: lane, Disp: 32 * j})
	}
	VZEROUPPER()
	RET()
}

// finite writes the function that looks for an exponent of all ones in whole groups
// of 32 elements.
func finite() {
	TEXT("finiteVector", NOSPLIT, "func(x []float32) bool")
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
