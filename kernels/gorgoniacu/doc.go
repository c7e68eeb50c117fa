// Package gorgoniacu makes a [kernels.Backend] in a CUDA context of gorgonia.org/cu,
// for programs that own one already. Everything else is done better by package
// kernels/cuda, which has the same kernels and needs no headers, no build tag and no
// module of somebody else.
//
// With the build tag cuda, and cgo, the package has two functions: NewOnePass, whose
// results have the bits of package kernels, and NewBLAS, which computes with cuBLAS by
// cu/blas. Without the tag it is empty, so that builds of all packages pass everywhere.
//
// README.md says how to build with CUDA 13, and what comes with gorgonia.org/cu: a
// program that imports it does not start without libcuda, and ends in its init, before
// main, if there is no GPU.
package gorgoniacu
