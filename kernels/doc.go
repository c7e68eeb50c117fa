// Package kernels holds the loops over float32 vectors that every update of the
// library is made of.
//
// The doc comment of a function is its loop. Its order of operations is part of
// the definition: each product, quotient, sum and root is rounded to float32 by
// itself, nothing is fused, nothing is reordered. So an implementation with
// vector instructions, one on a GPU and the plain Go loop give the same bits, on
// every machine and with any number of threads. (The one freedom is which of
// several NaN patterns a NaN has.)
//
// Element i of an elementwise result depends on element i of the operands only,
// so a vector may be cut anywhere, and the pieces done in any order or at the
// same time. [Dot] and [Norm] are sums; their order is fixed by blocks.
//
// # Who does the work
//
// On amd64 with AVX2 or AVX-512 and on arm64 the loops are assembly, chosen when the
// program starts; elsewhere, or built with the tag purego, they are Go. The wire forms
// ([Form]) have assembly for AVX2 only. GODEBUG=cpu.avx2=off turns it off. The Go
// loops are always there, and the tests compare.
//
// A vector of more than 65,536 elements is shared among goroutines, at most
// GOMAXPROCS or [Limit]; see [Split]. They end before the function returns.
//
// Most functions are as fast as memory is. Their time depends on how many bytes they
// read and write for each parameter. To call several on the same vectors, call them
// piece by piece in Split. All functions take any slices; vectors from [Make] lie in huge
// pages and are cleared faster.
//
// # Elsewhere
//
// Vectors may be in another [Backend] than ordinary memory, such as a GPU: package
// kernels/cuda. All functions take them, find by the address where they are, and let
// the Backend do the work there; gradients and global models may come from ordinary
// memory. In another Backend a call costs more than the work on a small piece: cut
// vectors for Split or the cache only if [Where] of them is CPU{}. Package
// kernels/backend is for those who write a Backend. Package kerneltest has the tests of
// one, and a Backend for tests in which no program can read or write an element itself.
//
// # Range
//
// A result beyond the largest float32 is an infinity. So is a result that is computed
// from one: base[i] of [MixCarry], for example, where local[i] - base[i] is beyond it.
// Elements of at most 2^125 and hyper-parameters of at most 1 make no infinities on the
// way; for [AdamW], which squares them, gradients of at most 2^63. [Mean], [Dot], [Norm]
// and [Clip] have no such limit.
//
// # Rules
//
// Hyper-parameters are float64 and are rounded to float32 once, before the loop;
// what is computed from them is computed in float64 first.
//
// Slices are lent: nothing is kept. The slice that changes comes first. The
// slices of one call must not overlap, unless the function says which may be the
// same. Nothing is written past a slice's length. Nothing is allocated but buffers that
// are kept for reuse. Lengths that differ are a mistake of the program: the function
// panics before it has changed anything.
// Functions may be called from any goroutine as long as no two calls touch the same
// memory.
package kernels

const lengths = "kernels: vectors differ in length"

// same panics unless all lengths are equal.
func same(a, b int) {
	if a != b {
		panic(lengths)
	}
}
