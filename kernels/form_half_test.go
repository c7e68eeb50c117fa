package kernels

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// A half is a 16-bit form by the definition of such numbers.
type half struct {
	form     Form
	mantissa int       // its bits
	values   []float64 // of the codes from 0; that of infinity is the next power of two
}

var halves = []half{newHalf(BFloat16, 7, 127), newHalf(Float16, 10, 15)}

func newHalf(f Form, mantissa, bias int) half {
	h := half{form: f, mantissa: mantissa}
	for code := 0; code <= h.infinity(); code++ {
		exp, m := code>>mantissa, code&(1<<mantissa-1)
		if exp > 0 {
			m += 1 << mantissa
		}
		h.values = append(h.values, math.Ldexp(float64(m), max(exp, 1)-bias-mantissa))
	}
	return h
}

func (h half) infinity() int { return (1<<(15-h.mantissa) - 1) << h.mantissa }
func (h half) quiet() uint16 { return 1 << (h.mantissa - 1) }

// value is what a code means.
func (h half) value(code uint16) float32 {
	sign, rest := uint32(code>>15)<<31, int(code&0x7fff)
	if rest == h.infinity() {
		return math.Float32frombits(sign | 0x7f800000)
	}
	if rest > h.infinity() {
		if h.form == Float16 {
			rest |= int(h.quiet())
		}
		return math.Float32frombits(sign | 0x7f800000 | uint32(rest-h.infinity())<<(23-h.mantissa))
	}
	return math.Float32frombits(sign | math.Float32bits(float32(h.values[rest])))
}

// code finds the nearest of all values, the even one of two.
func (h half) code(x float32) uint16 {
	u := math.Float32bits(x)
	sign, inf := uint16(u>>31<<15), uint16(h.infinity())
	if x != x {
		return sign | inf | h.quiet() | uint16(u<<9>>9>>(23-h.mantissa))
	}
	a := math.Abs(float64(x))
	above := uint16(min(sort.SearchFloat64s(h.values, a), h.infinity()))
	if above == 0 || a >= h.values[above] {
		return sign | above
	}
	up, down := h.values[above]-a, a-h.values[above-1]
	if up < down || up == down && above%2 == 0 {
		return sign | above
	}
	return sign | (above - 1)
}

// Every code: what it means, in bits, and that it comes back.
func TestHalfCodes(t *testing.T) {
	onLevels(t, func(t *testing.T) {
		for _, h := range halves {
			src := make([]byte, 2<<16)
			for code := range 1 << 16 {
				binary.LittleEndian.PutUint16(src[2*code:], uint16(code))
			}
			v, back := make([]float32, 1<<16), make([]byte, 2<<16)
			Decode(v, h.form, src)
			Encode(back, h.form, v)
			for i, x := range v {
				code := uint16(i)
				if got, want := math.Float32bits(x), math.Float32bits(h.value(code)); got != want {
					t.Fatalf("%v %#04x is %#08x, want %#08x", h.form, code, got, want)
				}
				if x != x {
					code |= h.quiet()
				}
				if got := binary.LittleEndian.Uint16(back[2*i:]); got != code {
					t.Fatalf("%v %#04x comes back as %#04x, want %#04x", h.form, i, got, code)
				}
			}
		}
	})
}

// hard draws a number that is likely to be hard to round for a 16-bit form.
func hard(r *rand.Rand) float32 {
	switch r.IntN(4) {
	case 0: // half-way in one of the forms, or beside that
		shift := []int{13, 16}[r.IntN(2)]
		u := r.Uint32()>>shift<<shift | 1<<(shift-1)
		return math.Float32frombits(u + uint32(r.IntN(3)) - 1)
	case 1: // a denormal of Float16, or less
		return float32(math.Ldexp(r.Float64()-0.5, -13-r.IntN(14)))
	case 2: // half-way between two of these
		return float32(math.Ldexp(float64(r.IntN(4096)-2048)+0.5, -24))
	}
	return math.Float32frombits(r.Uint32())
}

func TestHalfRounding(t *testing.T) {
	v := slices.Clone(specials)
	for _, u := range []uint32{
		0x7f7f7fff, 0x7f7f8000, // the last that is finite as BFloat16, the first that is not
		0x477fefff, 0x477ff000, // as Float16
		0x33000000, 0x33000001, 0x387fdfff, 0x387fe000, 0x387fefff, 0x387ff000, 0x387fffff, // its denormals
		0x7f800001, 0xff80ffff, 0x7fbfffff, 0xffc12345, 0x7fffffff, // NaNs
	} {
		v = append(v, math.Float32frombits(u))
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		v = append(v, hard(r))
	}
	onLevels(t, func(t *testing.T) {
		for _, h := range halves {
			dst := make([]byte, 2*len(v))
			left := kept(dst, h.form, v)
			for i, x := range v {
				got, want := binary.LittleEndian.Uint16(dst[2*i:]), h.code(x)
				if got != want {
					t.Fatalf("%v of %g (%#08x) is %#04x, want %#04x", h.form, x, math.Float32bits(x), got, want)
				}
				rest := float64(x) - float64(h.value(want))
				if math.IsNaN(rest) || math.IsInf(rest, 0) {
					rest = 0
				}
				if float64(left[i]) != rest {
					t.Fatalf("%v of %g leaves out %g, want %g", h.form, x, left[i], rest)
				}
			}
		}
	})
}
