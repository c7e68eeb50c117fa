//go:build race

package kernels

import (
	"runtime"
	"unsafe"
)

const raceEnabled = true

// The race detector sees what Go code touches, but not what assembly does: the
// functions below tell it.

func raceRead(v []float32) { runtime.RaceReadRange(here(v), 4*len(v)) }

func raceWrite(v []float32) { runtime.RaceWriteRange(here(v), 4*len(v)) }

func raceReadBytes(b []byte) { runtime.RaceReadRange(here(b), len(b)) }

func raceWriteBytes(b []byte) { runtime.RaceWriteRange(here(b), len(b)) }

// here is where v lies, hidden from escape analysis: the detector keeps nothing, but
// does not say so, and buffers would move to the heap.
func here[T any](v []T) unsafe.Pointer {
	address := uintptr(unsafe.Pointer(unsafe.SliceData(v)))
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}
