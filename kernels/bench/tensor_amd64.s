//go:build gc && !purego

#include "textflag.h"

// dst = x OP y, 32 elements a turn, each result stored as it is in PyTorch: through
// the cache.
#define VECTORS(OP) \
	MOVQ dst_base+0(FP), DI; \
	MOVQ dst_len+8(FP), CX; \
	MOVQ x_base+24(FP), SI; \
	MOVQ y_base+48(FP), DX; \
	SHRQ $5, CX; \
	JZ   end; \
loop: \
	VMOVUPS (SI), Y0; \
	VMOVUPS 32(SI), Y1; \
	VMOVUPS 64(SI), Y2; \
	VMOVUPS 96(SI), Y3; \
	OP      (DX), Y0, Y0; \
	OP      32(DX), Y1, Y1; \
	OP      64(DX), Y2, Y2; \
	OP      96(DX), Y3, Y3; \
	VMOVUPS Y0, (DI); \
	VMOVUPS Y1, 32(DI); \
	VMOVUPS Y2, 64(DI); \
	VMOVUPS Y3, 96(DI); \
	ADDQ $128, SI; \
	ADDQ $128, DX; \
	ADDQ $128, DI; \
	DECQ CX; \
	JNZ  loop; \
end: \
	VZEROUPPER; \
	RET

// dst = x OP a.
#define NUMBER(OP) \
	MOVQ dst_base+0(FP), DI; \
	MOVQ dst_len+8(FP), CX; \
	MOVQ x_base+24(FP), SI; \
	VBROADCASTSS a+48(FP), Y4; \
	SHRQ $5, CX; \
	JZ   end; \
loop: \
	VMOVUPS (SI), Y0; \
	VMOVUPS 32(SI), Y1; \
	VMOVUPS 64(SI), Y2; \
	VMOVUPS 96(SI), Y3; \
	OP      Y4, Y0, Y0; \
	OP      Y4, Y1, Y1; \
	OP      Y4, Y2, Y2; \
	OP      Y4, Y3, Y3; \
	VMOVUPS Y0, (DI); \
	VMOVUPS Y1, 32(DI); \
	VMOVUPS Y2, 64(DI); \
	VMOVUPS Y3, 96(DI); \
	ADDQ $128, SI; \
	ADDQ $128, DI; \
	DECQ CX; \
	JNZ  loop; \
end: \
	VZEROUPPER; \
	RET

// func addAVX2(dst, x, y []float32)
TEXT ·addAVX2(SB), NOSPLIT, $0-72
	VECTORS(VADDPS)

// func subAVX2(dst, x, y []float32)
TEXT ·subAVX2(SB), NOSPLIT, $0-72
	VECTORS(VSUBPS)

// func mulAVX2(dst, x []float32, a float32)
TEXT ·mulAVX2(SB), NOSPLIT, $0-52
	NUMBER(VMULPS)

// func divAVX2(dst, x []float32, a float32)
TEXT ·divAVX2(SB), NOSPLIT, $0-52
	NUMBER(VDIVPS)
