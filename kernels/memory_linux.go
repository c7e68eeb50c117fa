package kernels

import (
	"syscall"
	"unsafe"
)

// hugePages asks for huge pages behind v, which is whole ones. It is a wish: a
// system that has none, or always gives them, refuses or ignores it.
func hugePages(v []float32) {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE)
}
