package cuda

import "unsafe"

// maxArgs is the most parameters that a kernel may have.
const maxArgs = 32

// facts are what does not change about a device.
type facts struct {
	name         string
	major, minor int
	processors   int
}

// A driver is libcuda with one context. All methods may be called from any goroutine
// and set the context for themselves; the caller sees to it that release is the last.
// Handles and addresses of the device are numbers here. Sizes are bytes. The package
// has one implementation, and on other systems none.
type driver interface {
	count() (int, error)
	retain(ordinal int) (facts, error) // once, after count
	release() error                    // once; frees the driver itself, also without retain
	synchronize() error                // all streams
	memory() (free, total uint64, err error)

	alloc(bytes uint64) (uint64, error) // zeros
	free(p uint64) error
	allocPinned(bytes uint64) (unsafe.Pointer, error)
	freePinned(p uint64) error
	copyIn(dst uint64, src []float32) error // src and dst of these two are not empty
	copyOut(dst []float32, src uint64) error
	queueIn(stream, dst uint64, src unsafe.Pointer, bytes uint64) error
	queueOut(stream uint64, dst unsafe.Pointer, src, bytes uint64) error

	newStream() (uint64, error)
	syncStream(s uint64) error
	waitEvent(stream, event uint64) error
	closeStream(s uint64) error
	newEvent() (uint64, error)
	recordEvent(event, stream uint64) error
	syncEvent(e uint64) error
	elapsed(begin, end uint64) (ms float32, err error)
	closeEvent(e uint64) error

	loadModule(ptx string) (uint64, error)
	function(module uint64, name string) (f uint64, params, widest int, err error) // params is -1 if the driver cannot tell
	unloadModule(m uint64) error
	launch(stream, f uint64, grid, block uint32, args [maxArgs]uint64) error

	newBLAS(stream uint64) (blas, error)
}

// blas is cuBLAS with one handle, for one stream. One call at a time.
type blas interface {
	axpy(n int, a float32, x, y uint64) error
	geam(n int, a float32, x uint64, b float32, y, dst uint64) error
	dot(n int, x, y uint64) (float32, error)
	nrm2(n int, x uint64) (float32, error)
	close() error // once; frees the library itself
}
