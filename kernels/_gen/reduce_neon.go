package main

// dotLanes writes the function that adds products to the 16 lanes of a block, which
// are V0 to V7.
func (x *neon) dotLanes() {
	x.text("dotLanesVector", "lane *[16]float64, x, y []float32", "", 56)
	x.op("MOVD", "lane+0(FP), R0")
	x.op("MOVD", "x_len+16(FP), R1")
	x.op("MOVD", "x_base+8(FP), R2")
	x.op("MOVD", "y_base+32(FP), R3")
	for j := 0; j < 8; j += 2 {
		x.op("FLDPQ", "%d(R0), (F%d, F%d)", 16*j, j, j+1)
	}
	x.label("group")
	x.op("CMP", "$16, R1")
	x.op("BLT", "done")
	for v := range 2 {
		for j := 0; j < 4; j += 2 {
			x.op("FLDPQ", "%d(R%d), (F%d, F%d)", 16*j, 2+v, 8+4*v+j, 9+4*v+j)
		}
	}
	for j := range 8 { // the elements of V8 and up to V16 and up
		x.word(encoding{0x0E617800, "FCVTL", "2D", "2S"}, 16+2*j, 8+j)
		x.word(encoding{0x4E617800, "FCVTL2", "2D", "4S"}, 17+2*j, 8+j)
	}
	for j := range 8 {
		x.word(encoding{0x6E60DC00, "FMUL", "2D", "2D"}, 16+j, 16+j, 24+j)
	}
	for j := range 8 {
		x.word(encoding{0x4E60D400, "FADD", "2D", "2D"}, j, j, 16+j)
	}
	x.op("ADD", "$64, R2")
	x.op("ADD", "$64, R3")
	x.op("SUB", "$16, R1")
	x.op("B", "group")
	x.label("done")
	for j := 0; j < 8; j += 2 {
		x.op("FSTPQ", "(F%d, F%d), %d(R0)", j, j+1, 16*j)
	}
	x.ret()
}

// finite writes the function that looks for an exponent of all ones, which as an
// integer is the largest, in whole groups of 32 elements.
func (x *neon) finite() {
	x.text("finiteVector", "x []float32", " bool", 25)
	x.op("MOVD", "x_base+0(FP), R0")
	x.op("MOVD", "x_len+8(FP), R1")
	x.op("MOVD", "$0x7F800000, R2")
	x.op("VDUP", "R2, V8.S4")
	x.op("VEOR", "V9.B16, V9.B16, V9.B16")
	x.label("group")
	x.op("CMP", "$32, R1")
	x.op("BLT", "done")
	for j := 0; j < 8; j += 2 {
		x.op("FLDPQ", "%d(R0), (F%d, F%d)", 16*j, j, j+1)
	}
	for j := range 8 {
		x.op("VAND", "V8.B16, V%d.B16, V%d.B16", j, j)
	}
	for w := 4; w > 0; w /= 2 {
		for j := range w {
			x.op("VUMAX", "V%d.S4, V%d.S4, V%d.S4", j+w, j, j)
		}
	}
	x.op("VUMAX", "V0.S4, V9.S4, V9.S4")
	x.op("ADD", "$128, R0")
	x.op("SUB", "$32, R1")
	x.op("B", "group")
	x.label("done")
	x.op("VCMEQ", "V8.S4, V9.S4, V9.S4")
	x.op("VMOV", "V9.D[0], R0")
	x.op("VMOV", "V9.D[1], R1")
	x.op("ORR", "R0, R1")
	x.op("CMP", "$0, R1")
	x.op("CSET", "EQ, R1")
	x.op("MOVB", "R1, ret+24(FP)")
	x.ret()
}
