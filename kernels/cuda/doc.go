// Package cuda finds a GPU of NVIDIA's for package kernels: a [kernels.Backend] whose
// vectors lie in the memory of the GPU and are worked on there.
//
//	b, why, err := cuda.Select("auto")
//	if err != nil {
//		return err
//	}
//	defer b.Close()
//	logger.Info("backend", "why", why)
//
// [Select] has the names that a flag or a configuration may have. auto takes a GPU
// where there is one that works, else ordinary memory, and why says which and, in the
// second case, what was in the way. A name of a GPU is that GPU or an error.
//
// # Vectors
//
// b.Make returns a []float32 that the functions of package kernels take like any
// other, together with gradients in ordinary memory. Its elements are not there for
// Go: a program that reads or writes one, by an index, a range loop or copy, is ended
// by the system with a fault that cannot be recovered. [kernels.Copy] and b.Snapshot
// move elements out.
//
// A part of a vector is a vector. Some calls are right but slow, as all that they touch
// comes to the host and goes back: those on parts that begin at different distances from
// a multiple of 16 bytes, encoding as Float16, means with the kernels; with cuBLAS also
// AdamW, Finite and all encoding.
//
// Work is queued and done in the order of the calls that ask for it. With the
// one-pass kernels of package ptx, results have the bits that they have in ordinary
// memory; with cuBLAS they differ by roundings.
//
// # Failures
//
// Open, Select, Make and Close return errors. What fails in between shows in b.Err,
// and then b does not recover: see [backend.Backend]. The first failure of the
// driver or of cuBLAS is an [*Error] in the chain. After some of them, like an address
// that no kernel should have touched, the driver answers nothing else in this process;
// then only another process gets the GPU to work again. A GPU that is full is no such
// failure: Make returns [ErrNoRoom], and what is there remains.
//
// # Other libraries
//
// A program that uses the GPU by another library too, in the same process, uses [Open]
// in place of Select: see [Device]. [Device.View] is for gradients that are on the GPU
// already, in memory of that library.
//
// # What it takes
//
// It needs neither the CUDA toolkit nor its headers to build, and no driver to start:
// that is looked for when Select, Open or [Devices] is called, and nothing is touched
// before. It works on linux/amd64 and linux/arm64, built with cgo. Elsewhere the
// package has the same names, auto is ordinary memory, and the other names say why
// there is no GPU. A binary must not be linked statically (-extldflags -static): the C
// library cannot load others then.
//
// The driver is libcuda.so.1 where the system finds it, in /usr/local/nvidia/lib64 or
// in /usr/lib/wsl/lib. It must be of CUDA 11.0 or later, the GPU of compute capability
// 7.0. cuBLAS, which only the names cublas ask for, and auto if the driver refuses the
// kernels, is libcublas.so with the version 13, 12 or 11, or in /usr/local/cuda/lib64.
// The environment variables HALOS_LIBCUDA and HALOS_LIBCUBLAS are the paths of others,
// say of a cuBLAS that came with a Python package; where one is set nothing else is
// tried.
package cuda
