package cuda

import "unsafe"

// maxArgs is the most parameters that a kernel may have.
const maxArgs = 16

// A driver is libcuda with one context. All methods may be called from any goroutine
// and set the context for themselves; the caller sees to it that release is the last.
// Handles and addresses of the device are numbers here. Sizes are bytes, and none is
// 0. The package has one implementation, and on other systems none.
type driver interface {
	count() (int, error)            // before all others but release
	info(ordinal int) (Info, error) // also before retain
	retain(ordinal int) error       // once
	release() error                 // once; frees the driver itself, also without retain
	synchronize() error             // all streams
	memory() (free, total uint64, err error)
	holder(p uint64) (ordinal int, host bool, err error) // of any memory of CUDA in this process

	alloc(bytes uint64) (uint64, error)
	free(p uint64) error // these two wait for all streams
	freePinned(p uint64) error
	allocPinned(bytes uint64) (unsafe.Pointer, error)

	newStream() (uint64, error)
	closeStream(s uint64) error
	newEvent() (uint64, error)
	closeEvent(e uint64) error
	recordEvent(event, stream uint64) error
	waitEvent(stream, event uint64) error
	syncEvent(e uint64) error

	copyIn(stream, dst uint64, src unsafe.Pointer, bytes uint64) error
	copyOut(stream uint64, dst unsafe.Pointer, src, bytes uint64) error
	copyWithin(stream, dst, src, bytes uint64) error
	zero(stream, dst, bytes uint64) error

	loadModule(ptx string) (uint64, error)
	function(module uint64, name string) (uint64, error)
	unloadModule(m uint64) error
	launch(stream, f uint64, grid, block uint32, args [maxArgs]uint64) error

	newBLAS(stream uint64) (blas, error)
}

// blas is cuBLAS with one handle, for one stream. One call at a time.
type blas interface {
	axpy(n int, a float32, x, y uint64) error
	geam(n int, a float32, x uint64, b float32, y, dst uint64) error
	dot(n int, x, y uint64) (float32, error)
	close() error // once; frees the library itself
}
