//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// guard is the number of elements behind a vector that nothing may touch.
const guard = 64

// poison is in what must be written. No update makes it of the numbers of a stand.
const poison = -0x1.5a5a5ap+107

var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1, 1 + 0x1p-23, 1 - 0x1p-24,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, -0x1p-126, 0x1.fffffcp-127,
	math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// A place is where the last vector of a call is, which is not changed: with the others,
// or in ordinary memory.
type place bool

const (
	resident place = false
	host     place = true
)

// A stand has vectors of n elements, and the guard behind them, in a Backend and the
// same in ordinary memory. What the Backend makes of them must be what the CPU makes.
type stand struct {
	b      kernels.Backend
	n      int
	r      *rand.Rand
	here   [6][]float32 // operands
	there  [6][]float32
	want   [3][]float32 // copies, to be changed
	got    [3][]float32 // in the Backend
	fill   []float32    // poison, in the Backend
	back   []float32    // room to look at something of the Backend
	packed map[kernels.Form][]byte
}

var forms = []kernels.Form{kernels.BFloat16, kernels.Float16, kernels.Int8}

// newStand draws new numbers, other ones in each run of the program.
func newStand(t testing.TB, b kernels.Backend, n int) *stand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%d elements: seed %d", n, seed)
		}
	})
	s := &stand{b: b, n: n, r: rand.New(rand.NewPCG(seed, 0)), packed: map[kernels.Form][]byte{}}
	for i := range s.here {
		s.here[i], s.there[i] = kernels.Make(n+guard), vector(t, b, n+guard)
		draw(s.here[i], seed+uint64(i))
		kernels.Copy(s.there[i], s.here[i])
	}
	for i := range s.want {
		s.want[i], s.got[i] = kernels.Make(n+guard), vector(t, b, n+guard)
	}
	s.back, s.fill = kernels.Make(n+guard), vector(t, b, n+guard)
	kernels.Split(len(s.back), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.back[i] = poison
		}
	})
	kernels.Copy(s.fill, s.back)
	for _, f := range forms {
		s.packed[f] = make([]byte, f.Size(n))
		kernels.Encode(s.packed[f], f, s.here[5][:n])
	}
	return s
}

// draw fills v. Of each 256 elements, a block of Int8, all are of one magnitude, or any
// bits and special values are among them.
func draw(v []float32, seed uint64) {
	kernels.Split(len(v), func(lo, hi int) {
		r := rand.New(rand.NewPCG(seed, uint64(lo)))
		var wild bool
		var scale float64
		for i := lo; i < hi; i++ {
			if i == lo || i%256 == 0 {
				wild, scale = r.IntN(4) == 0, math.Ldexp(1, r.IntN(24)-12)
			}
			v[i] = number(r, wild, scale)
		}
	})
}

func number(r *rand.Rand, wild bool, scale float64) float32 {
	bits := r.Uint64()
	switch {
	case wild && bits>>61 == 0:
		return specials[bits%uint64(len(specials))]
	case wild && bits>>61 == 1:
		return math.Float32frombits(uint32(bits))
	}
	return float32(scale * (float64(int64(bits)) * 0x1p-63)) // both signs
}

// numbers draws those of an op, in the ranges in which it is used.
func (s *stand) numbers(op backend.Op) (all [8]float32) {
	for i, name := range op.Numbers() {
		all[i] = float32(s.r.Float64()) // of a share, a decay, a momentum, a bias
		switch name {
		case "n":
			all[i] = float32(1 + s.r.IntN(9))
		case "eps":
			all[i] *= 1e-6
		case "lr", "lr0", "lr1", "lr2", "lr3":
			all[i] = 2*all[i] - 0.5
		}
	}
	return all
}

// op runs op in both places and compares what has changed, and that no more has. The
// last vector is at a place, or packed if f is not 0.
func (s *stand) op(op backend.Op, at place, f kernels.Form) error {
	here, there := s.calls(op, s.numbers(op), at, f)
	kernels.CPU{}.Run(here)
	s.b.Run(there)
	return s.compare(op, sameBits)
}

// calls returns the same call on copies of the vectors in both places.
func (s *stand) calls(op backend.Op, numbers [8]float32, at place, f kernels.Form) (here, there backend.Call) {
	here.Op, here.Numbers = op, numbers
	there = here
	names := op.Vectors()
	for i := range names {
		h, t := s.here[i], s.there[i]
		if i < op.Changed() {
			h, t = s.want[i], s.got[i]
			kernels.Copy(h, s.here[i])
			kernels.Copy(t, s.there[i])
			if !op.Reads(i) {
				kernels.Copy(t[:s.n], s.fill[:s.n])
			}
		} else if at == host && i == len(names)-1 {
			t = h
		}
		here.Vectors[i], there.Vectors[i] = h[:s.n], t[:s.n]
	}
	if last := len(names) - 1; f != 0 {
		here.Form, here.Packed, here.Vectors[last] = f, s.packed[f], nil
		there.Form, there.Packed, there.Vectors[last] = f, s.packed[f], nil
	}
	return here, there
}

// compare looks at the vectors that op has changed.
func (s *stand) compare(op backend.Op, same func(got, want []float32) (int, bool)) error {
	for i := range op.Changed() {
		kernels.Copy(s.back, s.got[i])
		if at, ok := same(s.back, s.want[i]); !ok {
			got, want := s.back[at], s.want[i][at]
			return fmt.Errorf("%s[%d] of %d is %g (%#x), want %g (%#x)", op.Vectors()[i], at, s.n, got, math.Float32bits(got), want, math.Float32bits(want))
		}
	}
	return s.b.Err()
}

// encode writes a difference in both places, with what is left of it and without.
func (s *stand) encode(f kernels.Form, residual bool) error {
	got, want := bytes.Repeat([]byte{0xa5}, f.Size(s.n)), make([]byte, f.Size(s.n))
	var there, here []float32
	if residual {
		kernels.Copy(s.want[0], s.here[0])
		kernels.Copy(s.got[0], s.there[0])
		there, here = s.got[0][:s.n], s.want[0][:s.n]
	}
	kernels.EncodeDelta(want, f, s.here[1][:s.n], s.here[2][:s.n], here)
	s.b.Encode(got, f, s.there[1][:s.n], s.there[2][:s.n], there)
	if i := differ(f, got, want); i >= 0 {
		return fmt.Errorf("byte %d of %d is %#x, want %#x", i, len(want), got[i], want[i])
	}
	if !residual {
		return s.b.Err()
	}
	kernels.Copy(s.back, s.got[0])
	if at, ok := sameBits(s.back, s.want[0]); !ok {
		return fmt.Errorf("residual[%d] of %d is %g, want %g", at, s.n, s.back[at], s.want[0][at])
	}
	return s.b.Err()
}

// differ returns the first byte that differs, or -1. NaNs of a half are all one.
func differ(f kernels.Form, got, want []byte) int {
	if bytes.Equal(got, want) {
		return -1
	}
	for i := range want {
		if got[i] != want[i] && (f == kernels.Int8 || !halfNaN(f, got[i&^1:]) || !halfNaN(f, want[i&^1:])) {
			return i
		}
	}
	return -1
}

func halfNaN(f kernels.Form, b []byte) bool {
	infinity := map[kernels.Form]uint16{kernels.BFloat16: 0x7f80, kernels.Float16: 0x7c00}[f]
	return binary.LittleEndian.Uint16(b)&0x7fff > infinity
}
