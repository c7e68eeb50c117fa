package kernels

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

var allForms = []Form{BFloat16, Float16, Int8}

// onLevels runs a test with the loops of every level that this machine has.
func onLevels(t *testing.T, test func(t *testing.T)) {
	for _, l := range isa.All() {
		t.Run(l.String(), func(t *testing.T) {
			on(t, l)
			test(t)
		})
	}
}

// kept writes v as a difference, which it is to the bit, and returns what is left out.
func kept(dst []byte, f Form, v []float32) (residual []float32) {
	residual = slices.Repeat([]float32{float32(math.Copysign(0, -1))}, len(v))
	EncodeDelta(dst, f, v, make([]float32, len(v)), residual)
	return residual
}

// sameForm writes a vector in all ways and reads data, on all levels and at an offset
// from alignment, and compares with the loops in Go.
func sameForm(t *testing.T, f Form, x []float32, data []byte, offset int) {
	t.Helper()
	was := isa.Now
	defer func() { isa.Now = was }()
	n := len(x)
	y, r := slices.Clone(x), append(slices.Clone(x[n/2:]), x[:n/2]...)
	slices.Reverse(y)
	for _, in := range [][3][]float32{{x}, {x, y}, {x, y, r}} {
		want, wantLeft := make([]byte, f.Size(n)), slices.Clone(in[2])
		if in[1] == nil {
			encodeGeneric(want, f, slices.Clone(x), false)
		} else {
			encodeDeltaGeneric(want, f, x, y, wantLeft)
		}
		for _, isa.Now = range isa.All() {
			var vs [3][]float32
			var intact [3]func() bool
			for k := range in {
				vs[k], intact[k] = guarded(n, (offset+3*k)%16)
				copy(vs[k], in[k])
				if in[k] == nil {
					vs[k] = nil
				}
			}
			all := bytes.Repeat([]byte{0xa5}, offset+f.Size(n)+64)
			dst := all[offset : offset+f.Size(n)]
			encodeForm(dst, f, vs[0], vs[1], vs[2])
			if !bytes.Equal(dst, want) && (in[1] == nil || !sameNumbers(f, n, dst, want)) {
				t.Fatalf("%v on %s, %d elements at %d: bytes differ from those in Go", f, isa.Now, n, offset)
			}
			if !slices.EqualFunc(vs[2], wantLeft, equal) {
				t.Fatalf("%v on %s, %d elements at %d: the residual differs from that in Go", f, isa.Now, n, offset)
			}
			if !bytes.Equal(Bytes(vs[0]), Bytes(x)) || in[1] != nil && !bytes.Equal(Bytes(vs[1]), Bytes(y)) {
				t.Fatalf("%v on %s, %d elements at %d: x or y changed", f, isa.Now, n, offset)
			}
			if bytes.Count(all[:offset], []byte{0xa5}) != offset || bytes.Count(all[offset+len(dst):], []byte{0xa5}) != 64 ||
				!intact[0]() || !intact[1]() || !intact[2]() {
				t.Fatalf("%v on %s, %d elements at %d: written outside", f, isa.Now, n, offset)
			}
		}
	}
	want := make([]float32, n)
	decodeGeneric(want, f, data)
	for _, isa.Now = range isa.All() {
		got, intact := guarded(n, offset%5)
		decodeForm(got, f, append(make([]byte, offset), data...)[offset:])
		bits := f != Int8 && bytes.Equal(Bytes(got), Bytes(want))
		if !bits && (f != Int8 || !slices.EqualFunc(got, want, equal)) || !intact() {
			t.Fatalf("%v on %s, %d elements at %d: read otherwise than in Go", f, isa.Now, n, offset)
		}
	}
}

// sameNumbers compares bytes up to which NaN a sum of NaNs is.
func sameNumbers(f Form, n int, a, b []byte) bool {
	x, y := make([]float32, n), make([]float32, n)
	decodeGeneric(x, f, a)
	decodeGeneric(y, f, b)
	return f != Int8 && slices.EqualFunc(x, y, equal)
}

func TestFormLevels(t *testing.T) {
	r, step := rand.New(rand.NewPCG(7, 8)), 1
	if testing.Short() {
		step = 5
	}
	for _, f := range allForms {
		for n := range 600 {
			if n > 130 && n%31 > 2 && n%256 > 2 {
				continue
			}
			v, data := make([]float32, n), make([]byte, f.Size(n))
			for i := range v {
				v[i] = hard(r)
				if f == Int8 && n%3 > 0 {
					v[i] = float32(r.NormFloat64())
				}
			}
			for i := range data {
				data[i] = byte(r.Uint32())
			}
			for offset := n % step; offset < 16; offset += step {
				sameForm(t, f, v, data, offset)
			}
		}
	}
}

func FuzzForms(f *testing.F) {
	f.Add(uint8(2), []byte("0123456789abcdef0123456789abcdef"), uint16(40))
	f.Fuzz(func(t *testing.T, which uint8, data []byte, repeat uint16) {
		form := allForms[int(which)%len(allForms)]
		if len(data) == 0 {
			return
		}
		// A long vector from few bytes, so that the assembly has something to do.
		data = bytes.Repeat(data, 1+int(repeat)%1024/len(data)*4)
		n := len(data) / 4
		v := make([]float32, n)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		if form.Size(n) > len(data) { // 1 to 3 elements of Int8
			return
		}
		sameForm(t, form, v, data[:form.Size(n)], int(which)%16)
	})
}

// After many rounds, what was sent and what is still to be sent make up what was to
// be sent; without a residual the errors add up.
func TestErrorFeedback(t *testing.T) {
	const n, rounds = 1000, 100
	for _, f := range allForms {
		r := rand.New(rand.NewPCG(9, 10))
		x, y, g, residual := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
		sent, want, forgetful := make([]float64, n), make([]float64, n), make([]float64, n)
		dst := make([]byte, f.Size(n))
		for range rounds {
			for i := range x {
				x[i], y[i] = float32(r.NormFloat64()), float32(i%7)/3
				want[i] += float64(x[i]) - float64(y[i])
			}
			EncodeDelta(dst, f, x, y, residual)
			Decode(g, f, dst)
			for i := range g {
				sent[i] += float64(g[i])
			}
			EncodeDelta(dst, f, x, y, nil)
			Decode(g, f, dst)
			for i := range g {
				forgetful[i] += float64(g[i])
			}
		}
		off, drift := 0.0, 0.0
		for i := range want {
			off = max(off, math.Abs(sent[i]+float64(residual[i])-want[i]))
			drift = max(drift, math.Abs(forgetful[i]-want[i]))
		}
		if off > rounds*1e-6 || drift < 20*off {
			t.Errorf("%v: off by %g with the residual counted, and by %g without one", f, off, drift)
		}
	}
}

// A message is the same for any number of threads and on every level, and so is what
// is left out and what is read.
func TestFormsOfLarge(t *testing.T) {
	t.Cleanup(func() { Limit(0) })
	on(t, isa.Generic)
	n := 2*grain + 1234
	x, y := vector(1, n), vector(2, n)
	for _, f := range allForms {
		v := make([]float32, n)
		Delta(v, x, y)
		want := make([]byte, f.Size(n))
		encodeGeneric(want, f, v, true)
		decoded := make([]float32, n)
		decodeGeneric(decoded, f, want)
		for _, isa.Now = range isa.All() {
			for most := range 4 {
				Limit(most)
				got, residual, back, each := make([]byte, f.Size(n)), make([]float32, n), make([]float32, n), make([]float32, n)
				EncodeDelta(got, f, x, y, residual)
				if !bytes.Equal(got, want) || !slices.Equal(residual, v) {
					t.Errorf("%v on %s, limit %d: the message or the residual differs", f, isa.Now, most)
				}
				EncodeDelta(got, f, x, y, nil)
				if !bytes.Equal(got, want) {
					t.Errorf("%v on %s, limit %d: the message without a residual differs", f, isa.Now, most)
				}
				Decode(back, f, got)
				if !slices.Equal(back, decoded) {
					t.Errorf("%v on %s, limit %d: read otherwise", f, isa.Now, most)
				}
				DecodeEach(f, got, n, func(lo, hi int, g []float32) {
					if lo%1024 != 0 || hi-lo != len(g) || hi != n && len(g) != 1024 {
						t.Errorf("piece of %d from %d to %d", len(g), lo, hi)
					}
					for i := range g {
						each[lo+i] += g[i]
						g[i] = 0
					}
				})
				if !slices.Equal(each, decoded) {
					t.Errorf("%v on %s, limit %d: pieces are read otherwise", f, isa.Now, most)
				}
				clear(got)
				Encode(got, f, decoded)
				Decode(back, f, got)
				if f != Int8 && (!bytes.Equal(got, want) || !slices.Equal(back, decoded)) {
					t.Errorf("%v on %s, limit %d: what was read is written otherwise", f, isa.Now, most)
				}
			}
		}
	}
}

// Pieces of a vector may be written and read by themselves.
func TestFormPieces(t *testing.T) {
	x := vector(3, 1000)
	for _, f := range allForms {
		whole := make([]byte, f.Size(1000))
		Encode(whole, f, x)
		for lo := 0; lo <= 768; lo += 256 {
			for _, hi := range []int{lo, min(lo+256, 1000), 1000} {
				if hi != 1000 && hi%256 != 0 {
					continue
				}
				piece := make([]byte, f.Size(hi-lo))
				Encode(piece, f, x[lo:hi])
				if !bytes.Equal(piece, whole[f.Size(lo):f.Size(hi)]) {
					t.Errorf("%v: elements %d to %d by themselves differ", f, lo, hi)
				}
			}
		}
	}
}

func TestFormSizes(t *testing.T) {
	for _, c := range []struct {
		f     Form
		name  string
		n     int
		bytes int
	}{
		{BFloat16, "bfloat16", 3, 6},
		{Float16, "float16", 257, 514},
		{Int8, "int8", 0, 0},
		{Int8, "int8", 1, 5},
		{Int8, "int8", 256, 260},
		{Int8, "int8", 257, 265},
	} {
		if got := c.f.Size(c.n); got != c.bytes || c.f.String() != c.name {
			t.Errorf("%v: %d elements have %d bytes, want %s and %d", c.f, c.n, got, c.name, c.bytes)
		}
	}
	if got := Form(9).String(); got != "Form(9)" {
		t.Errorf("an unknown form is called %s", got)
	}
	v, b := make([]float32, 4), make([]byte, 8)
	for what, do := range map[string]func(){
		"no form":        func() { Form(0).Size(1) },
		"Encode":         func() { Encode(b[:7], Float16, v) },
		"Decode":         func() { Decode(v[:3], BFloat16, b) },
		"DecodeEach":     func() { DecodeEach(BFloat16, b, 5, nil) },
		"EncodeDelta":    func() { EncodeDelta(b[:7], Int8, v, v, nil) },
		"y shorter":      func() { EncodeDelta(b, Int8, v, v[:3], nil) },
		"residual short": func() { EncodeDelta(b, Int8, v, v, v[:0]) },
	} {
		wantPanic(t, what, do)
	}
}

func TestFormsDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops what it is given, at random")
	}
	t.Cleanup(func() { Limit(0) })
	n := grain + 5000
	x, y, residual := vector(1, n), vector(2, n), make([]float32, n)
	use := func(lo, hi int, g []float32) { SGD(x[lo:hi], g, 0.1) }
	for _, f := range allForms {
		b := make([]byte, f.Size(n))
		for most := 1; most <= 2; most++ {
			Limit(most)
			if got := testing.AllocsPerRun(20, func() {
				Encode(b, f, x)
				EncodeDelta(b, f, x, y, residual)
				EncodeDelta(b, f, x, y, nil)
				Decode(y, f, b)
				DecodeEach(f, b, n, use)
			}); got >= 1 {
				t.Errorf("%v with %d goroutines: %v allocations", f, most, got)
			}
		}
	}
}

func BenchmarkForms(b *testing.B) {
	const n = 1 << 16
	x, y, residual, p := vector(1, n), vector(2, n), make([]float32, n), make([]float32, n)
	use := func(lo, hi int, g []float32) { SGD(p[lo:hi], g, 0.1) }
	for _, f := range allForms {
		buf := make([]byte, f.Size(n))
		for _, c := range []struct {
			name string
			do   func()
		}{
			{"Encode", func() { Encode(buf, f, x) }},
			{"EncodeDelta", func() { EncodeDelta(buf, f, x, y, residual) }},
			{"Decode", func() { Decode(p, f, buf) }},
			{"DecodeEach", func() { DecodeEach(f, buf, n, use) }},
		} {
			b.Run(f.String()+"/"+c.name, func(b *testing.B) {
				b.SetBytes(4 * n)
				b.ReportAllocs()
				for b.Loop() {
					c.do()
				}
			})
		}
	}
}
