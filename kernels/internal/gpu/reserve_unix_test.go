//go:build unix

package gpu

import (
	"syscall"
	"testing"
	"unsafe"
)

const reserved = 1 << 30

// reserve returns addresses, so many bytes, at which there is no memory.
func reserve(t testing.TB) uint64 {
	t.Helper()
	b, err := syscall.Mmap(-1, 0, reserved, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(b); err != nil {
			t.Error(err)
		}
	})
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}
