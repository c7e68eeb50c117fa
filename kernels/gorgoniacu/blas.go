//go:build cuda && cgo

package gorgoniacu

import (
	"errors"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	cublas "gorgonia.org/cu/blas"
)

// OpenBLAS makes a handle by Init: cublas.New would panic where there is an error.
func (d *driver) OpenBLAS(stream uint64) error {
	s, err := d.streams.get(stream)
	if err != nil {
		return err
	}
	err = d.do("cublasCreate", func() error {
		b := new(cublas.Standard)
		if err := b.Init(); err != nil {
			return err
		}
		d.blas = b
		return nil
	})
	if err != nil {
		return err
	}
	return d.do("cublasSetStream", func() error { return setStream(d.blas, s) })
}

func (d *driver) Axpy(n int, a float32, x, y uint64) error {
	return d.compute("cublasSaxpy", n, func(at uint64, n int) {
		d.blas.Saxpy(n, a, elements(x+at, n), 1, elements(y+at, n), 1)
	})
}

// Geam takes vectors for matrices of one column, whose length is the leading dimension.
func (d *driver) Geam(n int, a float32, x uint64, b float32, y, dst uint64) error {
	return d.compute("cublasSgeam", n, func(at uint64, n int) {
		d.blas.Sgeam(blas.NoTrans, blas.NoTrans, n, 1, a, elements(x+at, n), n, b, elements(y+at, n), n, elements(dst+at, n), n)
	})
}

func (d *driver) Dot(n int, x, y uint64) (float32, error) {
	var sum float64
	err := d.compute("cublasSdot", n, func(at uint64, n int) {
		sum += float64(d.blas.Sdot(n, elements(x+at, n), 1, elements(y+at, n), 1))
	})
	return float32(sum), err
}

// compute calls f for pieces of n elements, which begin at these bytes. After its first
// error cu/blas does nothing but return that.
func (d *driver) compute(call string, n int, f func(at uint64, n int)) error {
	d.blasMu.Lock()
	defer d.blasMu.Unlock()
	if d.blas == nil {
		return errors.New("gorgoniacu: " + call + " before OpenBLAS, or after Close")
	}
	return d.do(call, func() error {
		for lo := 0; lo < n; lo += d.piece {
			f(4*uint64(lo), min(d.piece, n-lo))
		}
		return d.blas.Err()
	})
}

func (d *driver) closeBLAS() error {
	d.blasMu.Lock()
	defer d.blasMu.Unlock()
	if d.blas == nil {
		return nil
	}
	b := d.blas
	d.blas = nil
	return d.do("cublasDestroy", b.Close)
}

// elements is n elements at an address of the device, for cu/blas, which wants slices
// and takes their address. Nothing of Go is there.
func elements(address uint64, n int) []float32 {
	p := uintptr(address)
	return unsafe.Slice(*(**float32)(unsafe.Pointer(&p)), n)
}
