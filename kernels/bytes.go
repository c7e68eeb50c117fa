package kernels

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// littleEndian reports whether this machine stores float32 as wires and files do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Bytes returns v in little-endian order, 4 bytes an element. On a little-endian
// machine it is v's own memory and shows every later change of v; on others, and of a
// vector in another [Backend], it is a copy. So read it before v changes, and never write to it.
func Bytes(v []float32) []byte {
	v = Ordinary(v)
	if !littleEndian {
		return encode(v)
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// Floats returns the vector that b holds in little-endian order, 4 bytes an
// element. If view, it is b's own memory, which the caller must keep and leave
// alone; else, on a big-endian machine or where b is not aligned for float32, it
// is a copy that the caller owns. It panics if len(b) is not a multiple of 4.
func Floats(b []byte) (v []float32, view bool) {
	if len(b)%4 != 0 {
		panic("kernels: bytes are not whole floats")
	}
	p := unsafe.SliceData(b)
	if !littleEndian || uintptr(unsafe.Pointer(p))%unsafe.Alignof(float32(0)) != 0 {
		return decode(b), false
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(p)), len(b)/4), true
}

func encode(v []float32) []byte {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
	}
	return b
}

func decode(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}
