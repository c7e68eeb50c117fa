package cuda

import (
	"math"
	"sync"
)

// BLAS is cuBLAS, for what it does as fast as a kernel of one's own could. It rounds
// in an order of its own: what it computes agrees with package kernels to within
// rounding, not bit for bit.
type BLAS struct {
	r      *resource
	stream *Stream
	piece  int // most elements of a call; cuBLAS counts in 32 bits

	mu   sync.Mutex // one call at a time
	blas blas
}

// NewBLAS loads cuBLAS if it is there and returns a handle that queues its work on s,
// which must outlive it. The caller closes it.
func (d *Device) NewBLAS(s *Stream) (*BLAS, error) {
	if err := d.begin(s.r); err != nil {
		return nil, err
	}
	defer d.end(s.r)
	lib, err := d.driver.newBLAS(s.r.id)
	if err != nil {
		return nil, d.note(err)
	}
	r := d.own(0, func(driver, uint64) error { return lib.close() })
	return &BLAS{r: r, stream: s, piece: 1 << 30, blas: lib}, nil
}

// Close gives the handle back.
func (b *BLAS) Close() { b.r.close() }

// Axpy queues y[i] += a * x[i].
func (b *BLAS) Axpy(y *Vector, a float32, x *Vector) error {
	return b.each(func(lo, n int) error {
		return b.blas.axpy(n, a, x.at(lo), y.at(lo))
	}, y, x)
}

// Geam queues dst[i] = xa*x[i] + yb*y[i]. dst may be x or y, but not overlap them
// otherwise.
func (b *BLAS) Geam(dst *Vector, xa float32, x *Vector, yb float32, y *Vector) error {
	return b.each(func(lo, n int) error {
		return b.blas.geam(n, xa, x.at(lo), yb, y.at(lo), dst.at(lo))
	}, dst, x, y)
}

// Dot returns the sum of x[i]*y[i] after all that was queued on the stream.
func (b *BLAS) Dot(x, y *Vector) (float64, error) {
	var sum float64
	err := b.each(func(lo, n int) error {
		s, err := b.blas.dot(n, x.at(lo), y.at(lo))
		sum += float64(s)
		return err
	}, x, y)
	return sum, err
}

// Nrm2 returns the square root of the sum of x[i]*x[i] after all that was queued on
// the stream.
func (b *BLAS) Nrm2(x *Vector) (float64, error) {
	var norm float64
	err := b.each(func(lo, n int) error {
		s, err := b.blas.nrm2(n, x.at(lo))
		norm = math.Hypot(norm, float64(s))
		return err
	}, x)
	return norm, err
}

// each calls f for the pieces of the vectors.
func (b *BLAS) each(f func(lo, n int) error, vs ...*Vector) error {
	d, rs := b.r.device, []*resource{b.r, b.stream.r}
	for _, v := range vs {
		if v.n != vs[0].n {
			panic(lengths)
		}
		rs = append(rs, v.r)
	}
	if err := d.begin(rs...); err != nil {
		return err
	}
	defer d.end(rs...)
	b.mu.Lock()
	defer b.mu.Unlock()
	for lo := 0; lo < vs[0].n; lo += b.piece {
		if err := f(lo, min(b.piece, vs[0].n-lo)); err != nil {
			return d.note(err)
		}
	}
	return nil
}

func (v *Vector) at(i int) uint64 { return v.address + 4*uint64(i) }
