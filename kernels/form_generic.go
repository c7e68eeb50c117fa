package kernels

import (
	"encoding/binary"
	"math"
)

// Parts of a float32.
const (
	signBit  = 1 << 31
	infinity = 0xff << 23 // the bits of +Inf; more is a NaN
	quietNaN = 0x1ff << 22
)

// encodeDeltaGeneric writes (x-y)+residual, or x-y if residual is nil.
func encodeDeltaGeneric(dst []byte, f Form, x, y, residual []float32) {
	var buf [int8Block]float32
	for lo := 0; lo < len(x); lo += len(buf) {
		hi := min(lo+len(buf), len(x))
		v := buf[:hi-lo]
		if residual == nil {
			deltaGeneric(v, x[lo:hi], y[lo:hi])
		} else {
			v = residual[lo:hi]
			deltaAddGeneric(v, x[lo:hi], y[lo:hi])
		}
		encodeGeneric(dst[f.Size(lo):f.Size(hi)], f, v, residual != nil)
	}
}

func deltaAddGeneric(dst, x, y []float32) {
	dst, x = dst[:len(y)], x[:len(y)]
	for i, yi := range y {
		dst[i] = (x[i] - yi) + dst[i]
	}
}

// encodeGeneric writes v. If keep, what rounding leaves out takes its place.
func encodeGeneric(dst []byte, f Form, v []float32, keep bool) {
	switch f {
	case BFloat16:
		encodeBFloat16Generic(dst, v, keep)
	case Float16:
		encodeFloat16Generic(dst, v, keep)
	case Int8:
		encodeInt8Generic(dst, v, keep)
	}
}

func decodeGeneric(dst []float32, f Form, src []byte) {
	switch f {
	case BFloat16:
		decodeBFloat16Generic(dst, src)
	case Float16:
		decodeFloat16Generic(dst, src)
	case Int8:
		decodeInt8Generic(dst, src)
	}
}

func encodeBFloat16Generic(dst []byte, v []float32, keep bool) {
	for i, x := range v {
		h := toBFloat16(x)
		binary.LittleEndian.PutUint16(dst[2*i:], h)
		if keep {
			v[i] = leftOut(x, fromBFloat16(h))
		}
	}
}

func decodeBFloat16Generic(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = fromBFloat16(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func encodeFloat16Generic(dst []byte, v []float32, keep bool) {
	for i, x := range v {
		h := toFloat16(x)
		binary.LittleEndian.PutUint16(dst[2*i:], h)
		if keep {
			v[i] = leftOut(x, fromFloat16(h))
		}
	}
}

func decodeFloat16Generic(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = fromFloat16(binary.LittleEndian.Uint16(src[2*i:]))
	}
}

func toBFloat16(x float32) uint16 {
	u := math.Float32bits(x)
	if u&^signBit > infinity {
		return uint16(u>>16) | 0x40
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

func fromBFloat16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// toFloat16 lets the sum with 0.5 round what Float16 has as a denormal: there a
// float32 has the same steps of 2^-24.
func toFloat16(x float32) uint16 {
	const rebias = (127 - 15) << 23
	u := math.Float32bits(x)
	sign := uint16(u >> 16 & 0x8000)
	switch u &^= signBit; {
	case u > infinity: // a NaN
		return sign | 0x7e00 | uint16(u>>13&0x3ff)
	case u >= 0x477ff000: // 65520, which is as near to 65504 as to 65536
		return sign | 0x7c00
	case u >= rebias+1<<23: // 2^-14
		return sign | uint16((u-rebias+0xfff+u>>13&1)>>13)
	}
	return sign | uint16(math.Float32bits(math.Float32frombits(u)+0.5)-math.Float32bits(0.5))
}

func fromFloat16(h uint16) float32 {
	sign, u := uint32(h&0x8000)<<16, uint32(h&0x7fff)<<13
	switch {
	case h&0x7fff > 0x7c00:
		u |= quietNaN
	case h&0x7c00 == 0x7c00:
		u = infinity
	case h&0x7c00 == 0:
		u = math.Float32bits(float32(h&0x3ff) * 0x1p-24)
	default:
		u += (127 - 15) << 23
	}
	return math.Float32frombits(sign | u)
}

// leftOut is v - decoded, which is exact, or 0 if decoded is not finite.
func leftOut(v, decoded float32) float32 {
	r := v - decoded
	if math.Float32bits(r)&infinity == infinity {
		return 0
	}
	return r
}

// Int8, whose blocks have one scale.
const (
	int8Block    = 256
	int8MaxScale = 0x1.020406p+121 // the largest of which 127 times is finite
)

func encodeInt8Generic(dst []byte, v []float32, keep bool) {
	for len(v) > 0 {
		n := min(int8Block, len(v))
		encodeInt8BlockGeneric(dst[:4+n], v[:n], keep)
		dst, v = dst[4+n:], v[n:]
	}
}

func encodeInt8BlockGeneric(dst []byte, v []float32, keep bool) {
	var top uint32 // the bits of numbers without sign are in the order of the numbers
	for _, x := range v {
		top = max(top, math.Float32bits(x)&^signBit)
	}
	if top >= infinity {
		binary.LittleEndian.PutUint32(dst, quietNaN)
		clear(dst[4:])
		if keep {
			clear(v)
		}
		return
	}
	amax := math.Float32frombits(top)
	scale, inv := min(amax/127, int8MaxScale), 127/amax
	if inv > math.MaxFloat32 {
		scale, inv = 0, 0
	}
	binary.LittleEndian.PutUint32(dst, math.Float32bits(scale))
	dst = dst[4:]
	for i, x := range v {
		// Numbers of 2^23 and more have no fraction: the sum is rounded to an integer,
		// and q is its lowest byte.
		q := int8(math.Float32bits(float32(x*inv) + 0x1.8p23))
		dst[i] = byte(q)
		if keep {
			v[i] = x - float32(float32(q)*scale)
		}
	}
}

func decodeInt8Generic(dst []float32, src []byte) {
	for len(dst) > 0 {
		n := min(int8Block, len(dst))
		scale := math.Float32frombits(binary.LittleEndian.Uint32(src))
		for i, q := range src[4 : 4+n] {
			dst[i] = float32(int8(q)) * scale
		}
		dst, src = dst[n:], src[4+n:]
	}
}
