package main

import "github.com/halos-go/sdk/kernels"

// Operations on tensors out of place, one at a time, as a tensor library does them:
// vectorised, each on all threads, each through memory. The assembly is that of
// AVX2, which is what such libraries use here.

// add is dst = x + y.
func add(dst, x, y []float32) {
	kernels.Split(len(dst), func(lo, hi int) { addPiece(dst[lo:hi], x[lo:hi], y[lo:hi]) })
}

// sub is dst = x - y.
func sub(dst, x, y []float32) {
	kernels.Split(len(dst), func(lo, hi int) { subPiece(dst[lo:hi], x[lo:hi], y[lo:hi]) })
}

// mul is dst = x * a.
func mul(dst, x []float32, a float32) {
	kernels.Split(len(dst), func(lo, hi int) { mulPiece(dst[lo:hi], x[lo:hi], a) })
}

// div is dst = x / a.
func div(dst, x []float32, a float32) {
	kernels.Split(len(dst), func(lo, hi int) { divPiece(dst[lo:hi], x[lo:hi], a) })
}

// zero is dst = 0.
func zero(dst []float32) {
	kernels.Split(len(dst), func(lo, hi int) { clear(dst[lo:hi]) })
}

// clone is dst = x.
func clone(dst, x []float32) {
	kernels.Split(len(dst), func(lo, hi int) { copy(dst[lo:hi], x[lo:hi]) })
}

func addPiece(dst, x, y []float32) {
	k := vectorised(len(dst))
	addAVX2(dst[:k], x[:k], y[:k])
	for i := k; i < len(dst); i++ {
		dst[i] = x[i] + y[i]
	}
}

func subPiece(dst, x, y []float32) {
	k := vectorised(len(dst))
	subAVX2(dst[:k], x[:k], y[:k])
	for i := k; i < len(dst); i++ {
		dst[i] = x[i] - y[i]
	}
}

func mulPiece(dst, x []float32, a float32) {
	k := vectorised(len(dst))
	mulAVX2(dst[:k], x[:k], a)
	for i := k; i < len(dst); i++ {
		dst[i] = x[i] * a
	}
}

func divPiece(dst, x []float32, a float32) {
	k := vectorised(len(dst))
	divAVX2(dst[:k], x[:k], a)
	for i := k; i < len(dst); i++ {
		dst[i] = x[i] / a
	}
}
