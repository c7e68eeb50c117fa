//go:build race

package kernels

import (
	"runtime"
	"unsafe"
)

const raceEnabled = true

// The race detector sees what Go code touches, but not what assembly does: the
// functions below tell it.

func raceRead(v []float32) { runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(v)), 4*len(v)) }

func raceWrite(v []float32) { runtime.RaceWriteRange(unsafe.Pointer(unsafe.SliceData(v)), 4*len(v)) }

func raceReadBytes(b []byte) { runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(b)), len(b)) }

func raceWriteBytes(b []byte) { runtime.RaceWriteRange(unsafe.Pointer(unsafe.SliceData(b)), len(b)) }
