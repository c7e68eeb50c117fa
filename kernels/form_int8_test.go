package kernels

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// int8Oracle is the comment of Int8, each operation in float64 and then rounded.
func int8Oracle(v []float32) (dst []byte, left []float32) {
	for b := range slices.Chunk(v, 256) {
		amax := float32(0)
		for _, x := range b {
			amax = max(amax, x, -x) // once a NaN, for ever
		}
		scale, inv := min(div(amax, 127), 0x1.020406p+121), div(127, amax)
		bad := inv == 0 || inv != inv
		switch {
		case bad:
			scale = math.Float32frombits(0x7fc00000)
		case math.IsInf(float64(inv), 0):
			scale, inv = 0, 0
		}
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(scale))
		for _, x := range b {
			if bad {
				dst, left = append(dst, 0), append(left, 0)
				continue
			}
			q := int8(math.RoundToEven(float64(mul(x, inv))))
			dst, left = append(dst, byte(q)), append(left, sub(x, mul(float32(q), scale)))
		}
	}
	return dst, left
}

// Blocks of all magnitudes, with and without numbers that are not finite: the bytes
// and what is left out are the oracle's, and the error is what the comment says.
func TestInt8(t *testing.T) {
	onLevels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for n := range 600 {
			v, size := make([]float32, n), r.IntN(280)-150
			for i := range v {
				v[i] = float32(math.Ldexp(r.NormFloat64(), size))
			}
			if n%7 == 3 {
				v[r.IntN(n)] = value(r)
			}
			dst, back := make([]byte, Int8.Size(n)), make([]float32, n)
			left := kept(dst, Int8, v)
			Decode(back, Int8, dst)
			wantDst, wantLeft := int8Oracle(v)
			if !bytes.Equal(dst, wantDst) || !slices.EqualFunc(left, wantLeft, equal) {
				t.Fatalf("%d elements of size 2^%d: bytes or what they leave out differ from the oracle", n, size)
			}
			for i := range v {
				scale := float64(math.Float32frombits(binary.LittleEndian.Uint32(dst[i/256*260:])))
				if scale == 0 && left[i] == v[i] || math.IsNaN(scale) && back[i] != back[i] && left[i] == 0 {
					continue
				}
				if e := math.Abs(float64(v[i]) - float64(back[i])); !(e <= scale/2*(1+1e-4)) {
					t.Fatalf("%g is read as %g, scale %g", v[i], back[i], scale)
				}
			}
		}
	})
}

// One block of each kind, its largest number first and last.
func TestInt8Edges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	tiny := float32(0x1.fc0002p-122) // the least of which 127 times the inverse is finite
	next := math.Nextafter32
	for _, c := range []struct {
		v     float32
		scale float32
		q     int8
		left  float32
	}{
		{0, 0, 0, 0},
		{127, 1, 127, 0},
		{-127, 1, -127, 0},
		{next(127, 128), next(1, 2), 127, -0x1p-17},
		{math.MaxFloat32, 0x1.020406p+121, 127, 0x1p+104},
		{math.SmallestNonzeroFloat32, 0, 0, math.SmallestNonzeroFloat32},
		{next(tiny, 0), 0, 0, next(tiny, 0)},
		{tiny, div(tiny, 127), 127, sub(tiny, mul(127, div(tiny, 127)))},
		{nan, nan, 0, 0},
		{-nan, nan, 0, 0},
		{inf, nan, 0, 0},
		{-inf, nan, 0, 0},
	} {
		onLevels(t, func(t *testing.T) {
			v, dst := make([]float32, 256), make([]byte, 260)
			v[0], v[1], v[255] = c.v, c.v/1000, c.v
			if c.scale == 1 {
				v[2], v[3] = 2.5, -3.5 // half-way
			}
			left := kept(dst, Int8, v)
			scale := math.Float32frombits(binary.LittleEndian.Uint32(dst))
			if !equal(scale, c.scale) {
				t.Errorf("%g: scale %g, want %g", c.v, scale, c.scale)
			}
			for _, i := range []int{0, 255} {
				if q := int8(dst[4+i]); q != c.q || left[i] != c.left {
					t.Errorf("%g at %d: q %d and left out %g, want %d and %g", c.v, i, q, left[i], c.q, c.left)
				}
			}
			if two, four := int8(dst[6]), int8(dst[7]); c.scale == 1 && (two != 2 || four != -4) {
				t.Errorf("2.5 and -3.5 became %d and %d", two, four)
			}
		})
	}
}

// The largest number of a block is found wherever it is.
func TestInt8Largest(t *testing.T) {
	onLevels(t, func(t *testing.T) {
		v, zeros, dst := make([]float32, 256), make([]float32, 256), make([]byte, 260)
		for i := range v {
			v[i] = 127
			for what, do := range map[string]func(){
				"Encode":                func() { Encode(dst, Int8, v) },
				"EncodeDelta":           func() { EncodeDelta(dst, Int8, v, zeros, nil) },
				"EncodeDelta, residual": func() { kept(dst, Int8, v) },
			} {
				do()
				if scale := math.Float32frombits(binary.LittleEndian.Uint32(dst)); scale != 1 || dst[4+i] != 127 {
					t.Errorf("%s, 127 at %d: scale %g and q %d, want 1 and 127", what, i, scale, dst[4+i])
				}
			}
			v[i] = 0.25
		}
	})
}
