package gpu

import "github.com/halos-go/sdk/kernels"

// difference is the vectors of Encode: residual, x and y.
var difference = shape{vectors: 3, changed: 1}

// Encode implements [kernels.Backend]. It is slow, as all vectors come to the host,
// where there is no kernel: for Float16; if any of the vectors is in ordinary memory, or
// begins elsewhere than at a multiple of 16 bytes; and with BLAS.
func (e *Engine) Encode(dst []byte, form kernels.Form, x, y, residual []float32) {
	if len(dst) != form.Size(len(x)) {
		panic("gpu: bytes differ from the size of the form")
	}
	f := e.findDifference(x, y, residual)
	if f.n == 0 || e.gpu.lost() {
		return
	}
	if !f.resident() {
		panic("gpu: no vector of the call is here")
	}
	if f.mixed() || e.encode[form] == "" || f.uneven || f.offset != 0 {
		e.eachOnHost(&f, func(v [6][]float32, lo, hi int) {
			kernels.CPU{}.Encode(dst[form.Size(lo):form.Size(hi)], form, v[1], v[2], v[0])
		})
		return
	}
	e.encodePieces(dst, form, &f)
}

// findDifference finds what is not nil. Where y is nil the residual has no part in it.
func (e *Engine) findDifference(x, y, residual []float32) call {
	f := call{shape: &difference, n: len(x)}
	if y == nil {
		residual = nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, v := range [...][]float32{residual, x, y} {
		if v != nil {
			same(f.n, len(v))
			f.add(e, i, v, i == 0)
		}
	}
	return f
}

// encodePieces writes pieces to slots on the GPU, from where they are copied out while
// the next are written.
func (e *Engine) encodePieces(dst []byte, form kernels.Form, f *call) {
	r, step := &e.bus, e.slot/form.Size(cut)*cut
	r.mu.Lock()
	defer r.mu.Unlock()
	for lo := 0; lo < f.n && !e.gpu.lost(); lo += step {
		hi := min(lo+step, f.n)
		s := r.take()
		at := [4]uint64{s.twin}
		for i, v := range f.at[:3] {
			if v != 0 {
				at[1+i] = v + 4*uint64(lo)
			}
		}
		e.launch(e.encode[form], hi-lo, at[:], nil)
		part := dst[form.Size(lo):form.Size(hi)]
		e.result(s, len(part))
		s.due[0] = due{bytes: part}
	}
	r.finish()
}

// result queues a copy of the beginning of twin, where a kernel has written, to pinned.
func (e *Engine) result(s *slot, bytes int) {
	e.gpu.record(s.used, e.work)
	e.gpu.wait(e.out, s.used)
	e.gpu.copyOut(e.out, s.pinned[:bytes], s.twin)
	e.gpu.record(s.moved, e.out)
}
