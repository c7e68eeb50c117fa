package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/halos-go/sdk/kernels"
)

// A stage is where laws are tried, by one goroutine.
type stage struct {
	b     kernels.Backend
	p     Precision
	r     *rand.Rand
	short bool         // fewer calls, of no large vectors
	pool  []float32    // ordinary numbers
	homes [8][]float32 // vectors of b that operands are, or are parts of
}

func newStage(p Precision, b kernels.Backend, short bool, seed uint64) *stage {
	s := &stage{b: b, p: p, short: short, r: rand.New(rand.NewPCG(seed, 0)), pool: make([]float32, 1<<14)}
	for i := range s.pool {
		s.pool[i] = float32(math.Ldexp(s.r.NormFloat64(), s.r.IntN(9)-4))
	}
	return s
}

// values fills v with numbers of ordinary size and both signs; or about half of it
// with others.
func (s *stage) values(v []float32, special bool) {
	for rest := v; len(rest) > 0; {
		rest = rest[copy(rest, s.pool[s.r.IntN(len(s.pool)/2):]):]
	}
	if !special {
		return
	}
	for i := range v {
		if k := s.r.IntN(2 * len(specials)); k < len(specials) {
			v[i] = math.Float32frombits(specials[k])
		}
	}
}

// fresh returns n ordinary numbers in ordinary memory.
func (s *stage) fresh(n int) []float32 {
	v := make([]float32, n)
	s.values(v, false)
	return v
}

// specials are zeros, denormals, what is beside these and beside infinities, among
// the numbers of float32 and of Float16, infinities and NaNs.
var specials = []uint32{
	0, 1 << 31, 1, 1<<31 | 1, 1<<23 - 1, 1<<31 | (1<<23 - 1), 1 << 23, 1<<31 | 1<<23,
	0x7f7fffff, 0xff7fffff, 0x7effffff, 0x7f000000, 0x3f800000, 0xbf800000, 0x33800000,
	0x477fe000, 0x477ff000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fc12345,
}

// home returns a vector of n elements of the Backend, the i-th: a part of one that
// serves several trials, or all of a new one, until the next call for i.
func (s *stage) home(i, n int, whole bool) ([]float32, error) {
	if whole && len(s.homes[i]) != n || len(s.homes[i]) < n {
		s.b.Recycle(s.homes[i])
		s.homes[i] = nil
		size := n
		if !whole {
			size = max(n, 5000)
		}
		v, err := s.b.Make(size)
		if err != nil {
			return nil, fmt.Errorf("making %d elements: %w", size, err)
		}
		if len(v) != size {
			return nil, fmt.Errorf("made %d elements of %d", len(v), size)
		}
		s.homes[i] = v
	}
	return s.homes[i][:n], nil
}

// operand returns one of n ordinary numbers in the Backend, which is a part of home i.
func (s *stage) operand(name string, i, n int) (*operand, error) { return s.part(name, i, n, 0) }

// part is operand, which begins so many elements behind a multiple of 256 bytes.
func (s *stage) part(name string, i, n, at int) (*operand, error) {
	o := newOperand(name, margin+at, n, at+n+2*margin)
	home, err := s.home(i, len(o.all), false)
	if err != nil {
		return nil, err
	}
	o.all, o.memory = home, false
	s.values(o.twin(), false)
	o.put()
	return o, nil
}

// panics reports whether f does.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}
