// Package ptx holds the updates of package kernels as programs for NVIDIA GPUs, in
// PTX, which the driver compiles for its card when it is loaded.
//
// Each goes over its vectors once, so that its speed is that of memory, and gives the
// bits of the Go function of its name: the order of operations is the same, and each
// is rounded by itself. The one freedom is which NaN a NaN is: a GPU knows only
// 0x7fffffff, which BFloat16 writes as 0x7fff.
//
// The text is made from kernels.cu by generate.sh, which needs a compiler, clang-19,
// but nothing of CUDA; what is committed is what it writes. It is for cards from
// compute capability 7.0 on and drivers from CUDA 11.0 on.
//
// # Launching
//
// The arguments of a kernel are the addresses of its vectors, the number of their
// elements as uint64, and its float32 numbers, as [Kernels] lists them. An address is
// a multiple of 16; vectors do not overlap, but that dst of delta may be x or y. Blocks
// are of one dimension and of a multiple of 32 threads. Any number of threads gives
// the same bits: each works on from its elements by the size of the grid.
package ptx
