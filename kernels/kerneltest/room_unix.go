//go:build linux || darwin

package kerneltest

import (
	"fmt"
	"syscall"
	"unsafe"
)

// addresses returns n elements that nobody can touch, and what gives them back.
func addresses(n int) (v []float32, free func() error, err error) {
	b, err := syscall.Mmap(-1, 0, 4*n, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("kerneltest: addresses of %d elements: %w", n, err)
	}
	v = unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n)
	return v, func() error { return syscall.Munmap(b) }, nil
}
