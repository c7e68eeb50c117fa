package ptx

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda/ptx/internal/ptxi"
)

var formKernels = []struct {
	form           kernels.Form
	encode, decode string
}{
	{kernels.BFloat16, "encodeDeltaBFloat16", "decodeBFloat16"},
	{kernels.Int8, "encodeDeltaInt8", "decodeInt8"},
}

// A difference is written, and what is left out remembered, as EncodeDelta does.
func TestEncodeDelta(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, f := range formKernels {
		for _, n := range sizes {
			for _, v := range [][3][]float32{
				{values(r, n), values(r, n), values(r, n)},
				{finite(r, n, 1), finite(r, n, 1), finite(r, n, 0.01)},
				{finite(r, n, 0x1p127), finite(r, n, 0x1p127), finite(r, n, 1)},
				{finite(r, n, 0x1p-126), finite(r, n, 0x1p-130), make([]float32, n)},
				{make([]float32, n), make([]float32, n), make([]float32, n)},
				{halfway(r, n), make([]float32, n), make([]float32, n)},
				{largest(n), make([]float32, n), make([]float32, n)},
			} {
				encodeDelta(t, f.form, f.encode, v[0], v[1], v[2])
				encodeDelta(t, f.form, f.encode, v[0], v[1], nil)
			}
		}
	}
}

func encodeDelta(t *testing.T, f kernels.Form, name string, x, y, residual []float32) {
	t.Helper()
	n := len(x)
	got, left := bytes.Repeat([]byte{0xa5}, f.Size(n)), toBytes(residual)
	var m ptxi.Memory
	arguments := []uint64{m.Add(got), 0, m.Add(toBytes(x)), m.Add(toBytes(y)), uint64(n)}
	if residual != nil {
		arguments[1] = m.Add(left)
	}
	want := make([]byte, f.Size(n))
	kernels.EncodeDelta(want, f, x, y, residual)
	threads := 64 // Int8 is encoded by whole warps
	if f == kernels.BFloat16 {
		threads = block(n)
	}
	if err := parsed(t)[name].Launch(&m, 1+n%2, threads, arguments...); err != nil {
		t.Fatalf("%s, %d elements: %v", name, n, err)
	}
	if f == kernels.BFloat16 {
		oneNaN(got)
		oneNaN(want)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s, %d elements:\n% x, want\n% x", name, n, got, want)
	}
	compare(t, name+" residual", toFloats(left), residual)
	if m.Written(arguments[0]) != len(got) || m.Written(arguments[1]) != len(left) || m.Written(arguments[2])+m.Written(arguments[3]) != 0 {
		t.Fatalf("%s, %d elements: not all is written, or too much", name, n)
	}
}

// All bytes are read as Decode reads them.
func TestDecode(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, f := range formKernels {
		for _, n := range sizes {
			src, dst, want := make([]byte, f.form.Size(n)), make([]byte, 4*n), make([]float32, n)
			for i := range src {
				src[i] = byte(r.Uint32())
			}
			kernels.Decode(want, f.form, src)
			var m ptxi.Memory
			to, from := m.Add(dst), m.Add(src)
			if err := parsed(t)[f.decode].Launch(&m, 1+n%3, block(n), to, from, uint64(n)); err != nil {
				t.Fatalf("%s, %d elements: %v", f.decode, n, err)
			}
			compare(t, f.decode, toFloats(dst), want)
			if m.Written(to) != 4*n || m.Written(from) != 0 {
				t.Fatalf("%s, %d elements: not all is written, or too much", f.decode, n)
			}
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

// finite draws numbers of one magnitude, of which differences may be infinite.
func finite(r *rand.Rand, n int, scale float32) []float32 {
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

func toBytes(v []float32) []byte {
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
