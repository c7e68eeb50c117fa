//go:build cgo && (amd64 || arm64)

package cuda

/*
#cgo LDFLAGS: -ldl
#cgo noescape halos_launch
#cgo nocallback halos_launch
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"errors"
	"os"
	"strings"
	"unsafe"
)

// library is the driver: a table of functions in C memory, with its context.
type library struct{ c *C.halos_driver }

func loadDriver() (driver, error) {
	paths := []string{"libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"}
	c, err := load("driver", "HALOS_LIBCUDA", paths, func(path, why *C.char, room C.size_t) *C.halos_driver {
		return C.halos_driver_load(path, why, room)
	})
	if err != nil {
		return nil, err
	}
	return library{c}, nil
}

func (l library) newBLAS(stream uint64) (blas, error) {
	paths := []string{"libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "/usr/local/cuda/lib64/libcublas.so"}
	c, err := load("cuBLAS", "HALOS_LIBCUBLAS", paths, func(path, why *C.char, room C.size_t) *C.halos_blas {
		return C.halos_blas_load(l.c, path, why, room)
	})
	if err != nil {
		return nil, err
	}
	b := blasLibrary{l, c}
	if err := b.err(C.halos_blas_open(c, C.uint64_t(stream))); err != nil {
		C.free(unsafe.Pointer(c))
		return nil, err
	}
	return b, nil
}

// load returns the first library that open takes, or what was wrong with each.
func load[T any](what, env string, paths []string, open func(path, why *C.char, room C.size_t) *T) (*T, error) {
	if path := os.Getenv(env); path != "" {
		paths = []string{path}
	}
	var all []string
	for _, path := range paths {
		var why [512]C.char
		name := C.CString(path)
		t := open(name, &why[0], C.size_t(len(why)))
		C.free(unsafe.Pointer(name))
		if t != nil {
			return t, nil
		}
		all = append(all, C.GoString(&why[0]))
	}
	return nil, errors.New("cuda: no " + what + ": " + strings.Join(all, "; "))
}

func (l library) err(f C.halos_fault) error {
	if f.code == 0 {
		return nil
	}
	t := C.halos_describe(l.c, f.code)
	return &Error{Call: C.GoString(f.call), Code: int(f.code), Name: C.GoString(t.name), Text: C.GoString(t.text)}
}

func (l library) count() (int, error) {
	var n C.int
	err := l.err(C.halos_count(l.c, &n))
	return int(n), err
}

func (l library) info(ordinal int) (Info, error) {
	var i C.halos_info
	err := l.err(C.halos_describe_device(l.c, C.int(ordinal), &i))
	return Info{ordinal, C.GoString(&i.name[0]), int(i.major), int(i.minor), int(i.processors), uint64(i.memory)}, err
}

func (l library) retain(ordinal int) error { return l.err(C.halos_retain(l.c, C.int(ordinal))) }

func (l library) release() error {
	err := l.err(C.halos_release(l.c))
	C.free(unsafe.Pointer(l.c))
	return err
}

func (l library) synchronize() error { return l.err(C.halos_synchronize(l.c)) }

func (l library) memory() (free, total uint64, err error) {
	var f, t C.uint64_t
	err = l.err(C.halos_memory(l.c, &f, &t))
	return uint64(f), uint64(t), err
}

func (l library) holder(p uint64) (ordinal int, host bool, err error) {
	var kind, i C.int
	err = l.err(C.halos_holder(l.c, C.uint64_t(p), &kind, &i))
	return int(i), kind == C.HALOS_HOST, err
}

func (l library) alloc(bytes uint64) (uint64, error) {
	var p C.uint64_t
	err := l.err(C.halos_alloc(l.c, &p, C.size_t(bytes)))
	return uint64(p), err
}

func (l library) free(p uint64) error { return l.err(C.halos_free(l.c, C.uint64_t(p))) }

func (l library) allocPinned(bytes uint64) (unsafe.Pointer, error) {
	m := C.halos_alloc_pinned(l.c, C.size_t(bytes))
	return m.p, l.err(m.fault)
}

func (l library) freePinned(p uint64) error {
	return l.err(C.halos_free_pinned(l.c, C.uint64_t(p)))
}

func (l library) copyIn(stream, dst uint64, src unsafe.Pointer, bytes uint64) error {
	return l.err(C.halos_copy_in(l.c, C.uint64_t(stream), C.uint64_t(dst), src, C.size_t(bytes)))
}

func (l library) copyOut(stream uint64, dst unsafe.Pointer, src, bytes uint64) error {
	return l.err(C.halos_copy_out(l.c, C.uint64_t(stream), dst, C.uint64_t(src), C.size_t(bytes)))
}

func (l library) copyWithin(stream, dst, src, bytes uint64) error {
	return l.err(C.halos_copy_within(l.c, C.uint64_t(stream), C.uint64_t(dst), C.uint64_t(src), C.size_t(bytes)))
}

func (l library) zero(stream, dst, bytes uint64) error {
	return l.err(C.halos_zero(l.c, C.uint64_t(stream), C.uint64_t(dst), C.size_t(bytes)))
}

func (l library) newStream() (uint64, error) {
	var s C.uint64_t
	err := l.err(C.halos_new_stream(l.c, &s))
	return uint64(s), err
}

func (l library) waitEvent(stream, event uint64) error {
	return l.err(C.halos_wait_event(l.c, C.uint64_t(stream), C.uint64_t(event)))
}

func (l library) closeStream(s uint64) error {
	return l.err(C.halos_close_stream(l.c, C.uint64_t(s)))
}

func (l library) newEvent() (uint64, error) {
	var e C.uint64_t
	err := l.err(C.halos_new_event(l.c, &e))
	return uint64(e), err
}

func (l library) recordEvent(event, stream uint64) error {
	return l.err(C.halos_record_event(l.c, C.uint64_t(event), C.uint64_t(stream)))
}

func (l library) syncEvent(e uint64) error { return l.err(C.halos_sync_event(l.c, C.uint64_t(e))) }

func (l library) closeEvent(e uint64) error { return l.err(C.halos_close_event(l.c, C.uint64_t(e))) }

func (l library) loadModule(ptx string) (uint64, error) {
	text := C.CString(ptx)
	defer C.free(unsafe.Pointer(text))
	var m C.uint64_t
	log := make([]C.char, 16<<10)
	err := l.err(C.halos_load_module(l.c, text, &m, &log[0], C.size_t(len(log)-1)))
	if e, ok := errors.AsType[*Error](err); ok {
		e.Log = strings.TrimSpace(C.GoString(&log[0]))
	}
	return uint64(m), err
}

func (l library) function(module uint64, name string) (uint64, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var f C.uint64_t
	err := l.err(C.halos_function(l.c, C.uint64_t(module), text, &f))
	return uint64(f), err
}

func (l library) unloadModule(m uint64) error {
	return l.err(C.halos_unload_module(l.c, C.uint64_t(m)))
}

func (l library) launch(stream, f uint64, grid, block uint32, args [maxArgs]uint64) error {
	var _ [C.HALOS_ARGS]uint64 = args
	return l.err(C.halos_launch(l.c, C.uint64_t(stream), C.uint64_t(f), C.uint(grid), C.uint(block), (*C.uint64_t)(&args[0])))
}

// blasLibrary is cuBLAS, likewise.
type blasLibrary struct {
	l library
	c *C.halos_blas
}

// err asks the driver about the codes of the driver.
func (b blasLibrary) err(f C.halos_fault) error {
	if f.code == 0 {
		return nil
	}
	call := C.GoString(f.call)
	if !strings.HasPrefix(call, "cublas") {
		return b.l.err(f)
	}
	t := C.halos_blas_describe(b.c, f.code)
	return &Error{Call: call, Code: int(f.code), Name: C.GoString(t.name), Text: C.GoString(t.text)}
}

func (b blasLibrary) axpy(n int, a float32, x, y uint64) error {
	return b.err(C.halos_axpy(b.c, C.int(n), C.float(a), C.uint64_t(x), C.uint64_t(y)))
}

func (b blasLibrary) geam(n int, xa float32, x uint64, yb float32, y, dst uint64) error {
	return b.err(C.halos_geam(b.c, C.int(n), C.float(xa), C.uint64_t(x), C.float(yb), C.uint64_t(y), C.uint64_t(dst)))
}

func (b blasLibrary) dot(n int, x, y uint64) (float32, error) {
	var sum C.float
	err := b.err(C.halos_dot(b.c, C.int(n), C.uint64_t(x), C.uint64_t(y), &sum))
	return float32(sum), err
}

func (b blasLibrary) close() error {
	err := b.err(C.halos_blas_close(b.c))
	C.free(unsafe.Pointer(b.c))
	return err
}
