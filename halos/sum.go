package halos

import (
	"hash/crc32"
	"sync/atomic"

	"github.com/halos-go/sdk/kernels"
)

// Checksums and the test for finite values are made piece by piece, in the cache, by the
// pass that reads or writes the bytes anyway, and on several goroutines.

const (
	grain = 1 << 16 // elements of a piece of kernels.Split
	sheet = 1 << 13 // elements that stay in a first-level cache
)

// A sweep is one pass over a vector and its little-endian bytes.
type sweep struct {
	v    []float32 // read; written first if x is not nil
	x    []float32 // if not nil, v becomes x
	y    []float32 // if not nil too, v becomes x - y
	sure bool      // v is finite: it need not be looked at
	sum  []uint32  // of the pieces
	bad  atomic.Bool
}

// piece does elements lo to hi, and returns the checksum of their bytes.
func (s *sweep) piece(lo, hi int) (sum uint32) {
	ok := true
	for ; lo < hi; lo += sheet {
		to := min(lo+sheet, hi)
		switch v := s.v[lo:to]; {
		case s.y != nil:
			kernels.Delta(v, s.x[lo:to], s.y[lo:to])
		case s.x != nil:
			kernels.Copy(v, s.x[lo:to])
		}
		ok = ok && (s.sure || kernels.Finite(s.v[lo:to]))
		sum = crc32.Update(sum, castagnoli, kernels.Bytes(s.v[lo:to]))
	}
	if !ok {
		s.bad.Store(true)
	}
	return sum
}

// run returns the checksum of all bytes and whether all values are finite.
func (s *sweep) run() (sum uint32, ok bool) {
	n := len(s.v)
	if n <= grain {
		return s.piece(0, n), !s.bad.Load()
	}
	s.sum = make([]uint32, (n+grain-1)/grain)
	kernels.Split(n, func(lo, hi int) { s.sum[lo/grain] = s.piece(lo, hi) })
	shift := power(4 * grain)
	sum = s.sum[0]
	for i, next := range s.sum[1:] {
		if i == len(s.sum)-2 {
			shift = power(uint64(4 * (n - (i+1)*grain)))
		}
		sum = multiply(sum, shift) ^ next
	}
	return sum, !s.bad.Load()
}

// inspect returns the CRC-32C of the bytes of v, and whether it is finite.
func inspect(v []float32) (sum uint32, ok bool) {
	if len(v) <= grain { // without an allocation
		s := sweep{v: v}
		return s.piece(0, len(v)), !s.bad.Load()
	}
	s := &sweep{v: v}
	return s.run()
}

// checksum returns the CRC-32C of b.
func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// The checksum of two texts one behind the other follows from theirs: a checksum is a
// polynomial over the field of two elements modulo that of Castagnoli, its first bit is
// the coefficient of x^0, and n bytes behind it multiply it by x^(8n).

// multiply returns a*b modulo the polynomial.
func multiply(a, b uint32) (p uint32) {
	for ; a != 0; a <<= 1 {
		if a>>31 == 1 {
			p ^= b
		}
		b = b>>1 ^ crc32.Castagnoli&-(b&1)
	}
	return p
}

// power returns x^(8n), by squaring.
func power(n uint64) uint32 {
	p, square := uint32(1)<<31, uint32(1)<<23 // x^0, x^8
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p = multiply(square, p)
		}
		square = multiply(square, square)
	}
	return p
}
