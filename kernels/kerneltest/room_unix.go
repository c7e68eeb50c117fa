//go:build linux || darwin

package kerneltest

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// newRoom maps a file twice, once so that nobody can touch it. The file has no name:
// it goes when it is unmapped.
func newRoom(n int) (*room, error) {
	f, err := os.CreateTemp("", "kerneltest-untouchable-")
	if err != nil {
		return nil, fmt.Errorf("kerneltest: a file for %d elements: %w", n, err)
	}
	defer f.Close()
	if err := errors.Join(os.Remove(f.Name()), f.Truncate(4*int64(n))); err != nil {
		return nil, fmt.Errorf("kerneltest: a file for %d elements: %w", n, err)
	}
	vector, err := mapped(f, n, syscall.PROT_NONE)
	if err != nil {
		return nil, err
	}
	memory, err := mapped(f, n, syscall.PROT_READ|syscall.PROT_WRITE)
	if err != nil {
		return nil, errors.Join(err, syscall.Munmap(vector))
	}
	free := func() error { return errors.Join(syscall.Munmap(vector), syscall.Munmap(memory)) }
	return &room{floats(vector), floats(memory), free}, nil
}

func mapped(f *os.File, n, protection int) ([]byte, error) {
	b, err := syscall.Mmap(int(f.Fd()), 0, 4*n, protection, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("kerneltest: mapping %d elements: %w", n, err)
	}
	return b, nil
}

func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}
