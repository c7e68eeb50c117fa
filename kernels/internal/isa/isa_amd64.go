//go:build gc && !purego

package isa

import "golang.org/x/sys/cpu"

// has heeds GODEBUG=cpu.avx2=off and cpu.avx512f=off. F16C is for [kernels.Float16].
func has(l Level) bool {
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasF16C
	return l == AVX2 && avx2 || l == AVX512 && avx2 && cpu.X86.HasAVX512F
}
