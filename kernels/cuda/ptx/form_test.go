package ptx

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda/ptx/internal/ptxi"
)

// A vector, or a difference, is written, and what is left out remembered, as Encode
// and EncodeDelta do.
func TestEncode(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, f := range []kernels.Form{kernels.BFloat16, kernels.Int8} {
		for _, n := range sizes {
			encodeAll(t, interpreter, r, f, n)
		}
	}
}

// encodeAll has n elements written, of all kinds and in all ways.
func encodeAll(t *testing.T, run machine, r *rand.Rand, f kernels.Form, n int) {
	t.Helper()
	for _, v := range [][3][]float32{
		{values(r, n), values(r, n), values(r, n)},
		{within(r, n, 1), within(r, n, 1), within(r, n, 0.01)},
		{within(r, n, 0x1p127), within(r, n, 0x1p127), within(r, n, 1)},
		{within(r, n, 0x1p-126), within(r, n, 0x1p-130), make([]float32, n)},
		{make([]float32, n), make([]float32, n), make([]float32, n)},
		{halfway(r, n), make([]float32, n), make([]float32, n)},
		{largest(n), make([]float32, n), make([]float32, n)},
	} {
		encode(t, run, f, v[0], nil, nil)
		encode(t, run, f, v[0], v[1], nil)
		encode(t, run, f, v[0], v[1], v[2])
	}
}

// encode has one thing done by a machine and by package kernels; y and residual may be
// nil. A NaN that is computed, in a difference, may be another.
func encode(t *testing.T, run machine, f kernels.Form, x, y, residual []float32) {
	t.Helper()
	n, name := len(x), "encodeDelta"+suffix(f)
	buffers := [][]byte{bytes.Repeat([]byte{0xa5}, f.Size(n)), toBytes(residual), toBytes(x), toBytes(y)}
	got, left := buffers[0], buffers[1]
	written := run(t, name, 1+n%2, 64, buffers, n, nil)
	want := make([]byte, f.Size(n))
	if y == nil {
		kernels.Encode(want, f, x)
	} else {
		kernels.EncodeDelta(want, f, x, y, residual)
	}
	if y != nil && f == kernels.BFloat16 {
		oneNaN(got)
		oneNaN(want)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s, %d elements, y %t:\n% x, want\n% x", name, n, y != nil, got, want)
	}
	compare(t, name+" residual", toFloats(left), residual)
	if written != nil && !slices.Equal(written, []int{len(got), len(left), 0, 0}) {
		t.Fatalf("%s, %d elements: %v bytes are written", name, n, written)
	}
}

// BFloat16 keeps the sign and the upper payload of a NaN where nothing is computed,
// and makes it quiet, in writing; reading moves bits. A difference that is NaN has all
// bits but the sign.
func TestNaNsOfBFloat16(t *testing.T) {
	var x []float32
	for upper := range uint32(1 << 16) {
		if upper&0x7fff > 0x7f80 {
			x = append(x, math.Float32frombits(upper<<16))
		}
	}
	x = append(x, math.Float32frombits(0x7f800001), math.Float32frombits(0xff80ffff)) // in the lower half alone
	encode(t, interpreter, kernels.BFloat16, x, nil, nil)

	n, src, read := len(x), make([]byte, 2*len(x)), make([]byte, 4*len(x))
	kernels.Encode(src, kernels.BFloat16, x)
	interpreter(t, "decodeBFloat16", 2, 64, [][]byte{read, src}, n, nil)
	for i := range n {
		if got, want := binary.LittleEndian.Uint32(read[4*i:]), binary.LittleEndian.Uint16(src[2*i:]); got != uint32(want)<<16 {
			t.Fatalf("%#x is read as %#x", want, got)
		}
	}

	same := toBytes(x)
	interpreter(t, "encodeDeltaBFloat16", 2, 64, [][]byte{src, nil, same, same}, n, nil)
	for i := range n {
		if h := binary.LittleEndian.Uint16(src[2*i:]); h != 0x7fff {
			t.Fatalf("%#x less itself is %#x, want 0x7fff", math.Float32bits(x[i]), h)
		}
	}
}

// parsed is the kernels of Text by name.
func parsed(t testing.TB) map[string]*ptxi.Kernel {
	t.Helper()
	byName, err := parse()
	if err != nil {
		t.Fatal(err)
	}
	return byName
}

var parse = sync.OnceValues(func() (map[string]*ptxi.Kernel, error) {
	list, err := ptxi.Parse(Text)
	byName := map[string]*ptxi.Kernel{}
	for _, k := range list {
		byName[k.Name] = k
	}
	return byName, err
})

// specials are the values at which loops go wrong.
var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, 0x1.fffffcp-127,
	math.MaxFloat32, -math.MaxFloat32, 1 + 0x1p-23, 1 - 0x1p-24,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// values draws numbers of any magnitude, now and then a special one.
func values(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		switch r.IntN(8) {
		case 0:
			v[i] = specials[r.IntN(len(specials))]
		case 1:
			v[i] = math.Float32frombits(r.Uint32())
		default:
			v[i] = float32(r.NormFloat64())
		}
	}
	return v
}

// within draws numbers of one magnitude, of which differences may be infinite.
func within(r *rand.Rand, n int, scale float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = scale * float32(2*r.Float64()-1)
	}
	return v
}

// halfway draws numbers that lie between two of BFloat16.
func halfway(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(math.Float32bits(float32(r.NormFloat64()))&^0xffff | 0x8000)
	}
	return v
}

// largest is the largest number, for which the scale of Int8 has a bound.
func largest(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.MaxFloat32 * float32(1-2*(i%2))
	}
	return v
}

// compare compares bits; all NaNs are one.
func compare(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, x := range want {
		if y := got[i]; math.Float32bits(x) != math.Float32bits(y) && (x == x || y == y) {
			t.Fatalf("%s[%d] is %g (%#x), want %g (%#x)", what, i, y, math.Float32bits(y), x, math.Float32bits(x))
		}
	}
}

// oneNaN makes all NaNs of BFloat16 one.
func oneNaN(b []byte) {
	for i := 0; i < len(b); i += 2 {
		if binary.LittleEndian.Uint16(b[i:])&0x7fff > 0x7f80 {
			b[i], b[i+1] = 0xc0, 0x7f
		}
	}
}

// toBytes returns the bytes of v; those of nil are nil.
func toBytes(v []float32) []byte {
	if v == nil {
		return nil
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func toFloats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}
