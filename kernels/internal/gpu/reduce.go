package gpu

import (
	"encoding/binary"
	"math"

	"github.com/halos-go/sdk/kernels"
)

// block is the number of elements that [kernels.Dot] sums by themselves.
const block = 4096

// Dot implements [kernels.Backend]. With OnePass the bits are those of [kernels.Dot];
// vectors that begin elsewhere than at a multiple of 16 bytes come to the host. With
// BLAS it is a sum in float32, and where that is not finite the vectors come to the
// host. When the GPU is lost it is NaN.
func (e *Engine) Dot(x, y []float32) float64 {
	same(len(x), len(y))
	n := len(x)
	if n == 0 {
		return 0
	}
	at, to := e.must(x), e.must(y)
	var sum float64
	switch {
	case e.set == BLAS:
		if sum = float64(e.gpu.dot(n, at, to)); sum-sum != 0 {
			sum = e.dotOnHost(at, to, n)
		}
	case (at|to)%16 == 0:
		sum = e.dotBlocks(at, to, n)
	default:
		sum = e.dotOnHost(at, to, n)
	}
	if e.gpu.lost() {
		return math.NaN()
	}
	return sum
}

func (e *Engine) dotOnHost(x, y uint64, n int) float64 {
	v, w := e.local(x, n), e.local(y, n)
	defer kernels.Recycle(v)
	defer kernels.Recycle(w)
	return kernels.Dot(v, w)
}

// dotBlocks adds the sums of the blocks in order.
func (e *Engine) dotBlocks(x, y uint64, n int) (sum float64) {
	r, step := &e.bus, e.slot/8*block
	r.mu.Lock()
	defer r.mu.Unlock()
	for lo := 0; lo < n && !e.gpu.lost(); lo += step {
		s, n := r.take(), min(step, n-lo)
		at, bytes := 4*uint64(lo), (n+block-1)/block*8
		e.launch("dot", n, []uint64{x + at, y + at, s.twin}, nil)
		e.result(s, bytes)
		e.gpu.sync(s.moved)
		for b := s.pinned[:bytes]; len(b) > 0; b = b[8:] {
			sum += math.Float64frombits(binary.NativeEndian.Uint64(b))
		}
	}
	return sum
}

// Finite implements [kernels.Backend]. With BLAS, and if x begins elsewhere than at a
// multiple of 16 bytes, x comes to the host. When the GPU is lost it is false.
func (e *Engine) Finite(x []float32) bool {
	n := len(x)
	if n == 0 {
		return true
	}
	at := e.must(x)
	var finite bool
	if e.set == OnePass && at%16 == 0 {
		finite = e.flag(at, n)
	} else {
		v := e.local(at, n)
		finite = kernels.Finite(v)
		kernels.Recycle(v)
	}
	return finite && !e.gpu.lost()
}

// flag runs the kernel, which sets a flag if it finds what is not finite.
func (e *Engine) flag(x uint64, n int) bool {
	r := &e.bus
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.take()
	e.gpu.zero(e.work, s.twin, 4)
	e.launch("finite", n, []uint64{x, s.twin}, nil)
	e.result(s, 4)
	e.gpu.sync(s.moved)
	return binary.NativeEndian.Uint32(s.pinned) == 0
}

// must returns the address of v, which is here.
func (e *Engine) must(v []float32) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live(v) == nil {
		panic("gpu: vector is not of this backend")
	}
	return address(v)
}
