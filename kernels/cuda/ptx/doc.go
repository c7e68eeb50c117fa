// Package ptx holds the updates of package kernels as programs for NVIDIA GPUs, in
// PTX, which the driver compiles for its card when it is loaded.
//
// Each goes over its vectors once, so that its speed is that of memory, and gives the
// bits of the Go function of its name: the order of operations is the same, and each
// is rounded by itself.
//
// The one freedom is which NaN a NaN is. Arithmetic on a GPU makes 0x7fffffff of all
// that is not a number, where a processor passes on the NaN that it was given, or
// makes one of its own. So a difference that is NaN is 0x7fff in BFloat16. What is
// moved and not computed keeps its bits: decodeBFloat16 and encoding without y treat a
// NaN as [kernels.BFloat16] says.
//
// The text is made from kernels.cu by generate.sh, which needs a compiler, clang-19,
// but nothing of CUDA; what is committed is what it writes. It is for cards from
// compute capability 7.0 on and drivers from CUDA 11.0 on.
//
// # Launching
//
// The arguments of a kernel are the addresses of its vectors, the number of their
// elements as uint64, and its float32 numbers, as [Kernels] lists them. An address is
// a multiple of 16; for an Op on less than four elements, without a Form, one of 4 is
// enough. Vectors do not overlap, but that dst of delta may be x or y. Blocks are of
// one dimension and of a multiple of 32 threads, up to 256. Any number of threads gives
// the same bits: each works on from its elements by the size of the grid.
//
// In encodeDelta the addresses of residual and y may be 0: nothing is remembered, and
// it is x that is encoded.
//
// Two more kernels, which [Kernels] does not list, make one number, or a few, of a
// vector:
//
//	dot(x, y, sums, count)  // sums[b] is the float64 of block b of kernels.Dot, 4096 elements
//	finite(x, flag, count)  // sets flag, a uint32, to 1 if x has a NaN or an infinity
//
// x and y are vectors, and may be one; count is their number of elements, a uint64.
// sums has one element for each block, the last of which may be shorter, to be added in
// order. flag must be 0 before; finite leaves it alone if all is well.
package ptx
