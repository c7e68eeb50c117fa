package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"   //nolint:revive // how avo is written
	. "github.com/mmcloughlin/avo/operand" //nolint:revive // and its operands
	"github.com/mmcloughlin/avo/reg"
)

// tileRows by 16 results are 12 of the 16 vector registers. Two hold a row of b, one an
// element of a, one a product.
const tileRows = 6

// tile writes the function tile1AVX2, tile2AVX2 and so on: so many rows and 16 columns
// of a matrix product, see tileGo.
func tile(rows int) {
	TEXT(fmt.Sprintf("tile%dAVX2", rows), NOSPLIT, "func(k int, a *float32, ai, al int, b, c *float32, ldc int, add bool)")
	Pragma("noescape")
	k := Load(Param("k"), GP64())
	low := Load(Param("a"), GP64())
	ai, al := Load(Param("ai"), GP64()), Load(Param("al"), GP64())
	b, c := Load(Param("b"), GP64()), Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	add := Load(Param("add"), GP8())
	for _, stride := range []reg.Register{ai, al, ldc} {
		SHLQ(U8(2), stride) // bytes
	}
	high := GP64() // of row 3
	LEAQ(Mem{Base: low, Index: ai, Scale: 2}, high)
	ADDQ(ai, high)

	sums := make([][2]reg.VecVirtual, rows)
	eachRow := func(do func(sum reg.VecVirtual, at Mem)) {
		at := GP64()
		MOVQ(c, at)
		for i := range sums {
			for half, sum := range sums[i] {
				do(sum, Mem{Base: at, Disp: 32 * half})
			}
			if i < rows-1 {
				ADDQ(ldc, at)
			}
		}
	}
	for i := range sums {
		sums[i] = [2]reg.VecVirtual{YMM(), YMM()}
		for _, sum := range sums[i] {
			VXORPS(sum, sum, sum)
		}
	}
	TESTB(add, add)
	JE(LabelRef("products"))
	eachRow(func(sum reg.VecVirtual, at Mem) { VMOVUPS(at, sum) })

	Label("products")
	rowB := [2]reg.VecVirtual{YMM(), YMM()}
	for half, to := range rowB {
		VMOVUPS(Mem{Base: b, Disp: 32 * half}, to)
	}
	for i := range sums {
		from := Mem{Base: low}
		if i >= 3 {
			from.Base = high
		}
		if i%3 > 0 {
			from.Index, from.Scale = ai, uint8(i%3)
		}
		element, product := YMM(), YMM()
		VBROADCASTSS(from, element)
		VMULPS(rowB[0], element, product)
		VADDPS(product, sums[i][0], sums[i][0])
		VMULPS(rowB[1], element, element)
		VADDPS(element, sums[i][1], sums[i][1])
	}
	ADDQ(al, low)
	if rows > 3 {
		ADDQ(al, high)
	}
	ADDQ(Imm(64), b)
	DECQ(k)
	JNE(LabelRef("products"))

	eachRow(func(sum reg.VecVirtual, at Mem) { VMOVUPS(sum, at) })
	VZEROUPPER()
	RET()
}
