//go:build cuda && cgo

package gorgoniacu

/*
#cgo LDFLAGS: -lcublas -lcuda
#include <stdlib.h>
#include <cuda.h>
#include <cublas_v2.h>

enum { LOG = 16 << 10 };
*/
import "C"

import (
	"errors"
	"reflect"
	"unsafe"

	"gorgonia.org/cu"
	cublas "gorgonia.org/cu/blas"
)

// What gorgonia.org/cu has no functions for.

// hostAlloc returns memory of the host that the device reads and writes by itself.
func hostAlloc(bytes int) (p unsafe.Pointer, err error) {
	err = result(cu.Success, C.cuMemHostAlloc(&p, C.size_t(bytes), 0))
	return p, err
}

// result is code as an error of cu, whose type is that of success and is not exported.
func result[T interface {
	~int
	error
}](success T, code C.CUresult) error {
	if T(code) == success {
		return nil
	}
	return T(code)
}

// newLog returns room for a text of the driver: C memory full of zero bytes, since cu
// passes its address behind an integer.
func newLog() (log []byte, free func()) {
	p := C.calloc(1, C.LOG)
	return unsafe.Slice((*byte)(p), C.LOG), func() { C.free(p) }
}

// setStream makes b queue its work on s. Its handle is in a field that is not exported.
func setStream(b *cublas.Standard, s cu.Stream) error {
	h := reflect.ValueOf(b).Elem().FieldByName("h")
	if h.Kind() != reflect.Pointer {
		return errors.New("this version of gorgonia.org/cu/blas keeps its handle elsewhere, want v0.9.6")
	}
	code := C.cublasSetStream(C.cublasHandle_t(h.UnsafePointer()), C.cudaStream_t(unsafe.Pointer(s.C())))
	if code != C.CUBLAS_STATUS_SUCCESS {
		return cublas.Status(code)
	}
	return nil
}
