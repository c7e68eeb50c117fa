// Package cuda is a thin binding to NVIDIA's driver: devices, memory, streams,
// events, and kernels given as PTX text. It has no kernels of its own.
//
// It needs neither the CUDA toolkit nor its headers to build, and no driver to start:
// [Open] and [Devices] look for libcuda at run time and return an error if there is
// none. Nothing of the driver is touched before that. A binary must not be linked
// statically (-extldflags -static): the C library cannot load others then.
//
// The real thing is compiled on linux/amd64 and linux/arm64 with cgo. Elsewhere the
// package has the same names, and Open says why there is no device.
//
// # Rules
//
// All methods of all types may be called from any goroutine at the same time, and no
// goroutine has to stay on its thread: each call names its context. What several
// streams do to the same memory is in no order unless the caller makes one, with
// [Stream.Wait] or [Stream.Sync].
//
// Everything made from a [Device] must be given back by its Free or Close, or goes
// with [Device.Close]. To give back twice does nothing. To use what has been given
// back is [ErrClosed]. What a call under way still uses is given back when the call
// returns.
//
// Lengths and positions are elements of 4 bytes if not called bytes. Lengths that
// differ, ranges that do not fit and things of two devices in one call are mistakes
// of the program: the call panics before it has asked the driver for anything.
//
// A failure of the driver is an [*Error]. After some of them, like an address that a
// kernel should not have touched, the driver answers nothing else in this process.
// The device is lost then: see [Device.Err].
//
// # Libraries
//
// The driver is libcuda.so.1 where the system finds it, in /usr/local/nvidia/lib64 or
// in /usr/lib/wsl/lib. cuBLAS, which only [Device.NewBLAS] asks for, is libcublas.so
// with the version 13, 12 or 11, or in /usr/local/cuda/lib64. The environment
// variables HALOS_LIBCUDA and HALOS_LIBCUBLAS are the paths of others, say of a cuBLAS
// that came with a Python package; where one is set nothing else is tried.
package cuda
