//go:build gc && !purego

package main

import "github.com/halos-go/sdk/kernels/internal/isa"

// The bulk of a tensor operation with AVX2: x and y are as long as dst, which is a
// multiple of 32.

//go:noescape
func addAVX2(dst, x, y []float32)

//go:noescape
func subAVX2(dst, x, y []float32)

//go:noescape
func mulAVX2(dst, x []float32, a float32)

//go:noescape
func divAVX2(dst, x []float32, a float32)

// vectorised returns how many elements, from the first on, assembly takes of n.
func vectorised(n int) int {
	if isa.Now < isa.AVX2 {
		return 0
	}
	return n &^ 31
}
