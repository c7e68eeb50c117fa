package gpu

import (
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// Run implements [kernels.Backend]. In two cases it is slow, as the vectors come to the
// host and go back:
//
//   - There is no kernel: for means with OnePass, and for AdamW with BLAS.
//   - With OnePass, vectors on the GPU begin at different distances from a multiple of 16
//     bytes, as parts of vectors may.
//
// A packed vector goes to the GPU as float32, four bytes an element, if the kernel does
// not read its form, and always with BLAS.
func (e *Engine) Run(c backend.Call) {
	f := e.find(&c)
	if f.n == 0 || e.gpu.lost() {
		return
	}
	if !f.resident() {
		panic("gpu: no vector of the call is here")
	}
	switch {
	case f.op == backend.OpCopy && f.form == 0 && f.at[1] == 0:
		e.bring(f.at[0], f.host[1])
	case f.op == backend.OpCopy && f.form == 0 && f.at[0] == 0:
		e.fetch(&e.bus, f.host[0], f.at[1], e.work)
	case !e.can(&f):
		e.runOnHost(&f)
	case f.mixed():
		e.runPieces(&f)
	default:
		e.apply(&f, f.at, f.n)
	}
}

// can reports whether f can be done on the GPU.
func (e *Engine) can(f *call) bool {
	switch {
	case f.op == backend.OpCopy:
		return true
	case e.set == BLAS:
		return f.op != backend.OpAdamW
	}
	return f.kernel[0] != "" && !f.uneven
}

// asPacked reports whether the kernel reads what is packed.
func (f *call) asPacked() bool {
	return f.form != 0 && f.kernel[f.form] != "" && f.offset == 0 && !f.uneven
}

// runPieces does f with vectors in ordinary memory, and what it changes there.
func (e *Engine) runPieces(f *call) {
	var blocks [6]int
	for i := range f.vectors {
		if f.at[i] == 0 {
			blocks[i] = 4 * cut
		}
	}
	if f.asPacked() {
		blocks[f.vectors-1] = f.form.Size(cut)
	}
	r, l := &e.bus, share(e.slot, blocks)
	r.mu.Lock()
	defer r.mu.Unlock()
	for lo := 0; lo < f.n && !e.gpu.lost(); lo += l.step {
		e.runPiece(f, &l, lo, min(lo+l.step, f.n))
	}
	r.finish()
}

func (e *Engine) runPiece(f *call, l *layout, lo, hi int) {
	s := e.bus.take()
	at := f.at
	e.gpu.wait(e.in, s.used)
	for i := range f.vectors {
		if at[i] != 0 {
			at[i] += 4 * uint64(lo)
			continue
		}
		from := l.at[i] + int(f.offset)
		at[i] = s.twin + uint64(from)
		if part := f.fill(s.pinned[from:], i, lo, hi); len(part) > 0 {
			e.gpu.copyIn(e.in, at[i], part)
		}
	}
	e.gpu.record(s.moved, e.in)
	e.gpu.wait(e.work, s.moved)
	e.apply(f, at, hi-lo)
	e.gpu.record(s.used, e.work)
	if !f.returns() {
		return // stream out does not wait, nor a Read of a snapshot there
	}
	e.gpu.wait(e.out, s.used)
	for i := range f.changed {
		if f.at[i] == 0 {
			from := l.at[i] + int(f.offset)
			e.gpu.copyOut(e.out, s.pinned[from:][:4*(hi-lo)], at[i])
			s.due[i] = due{at: from, floats: f.host[i][lo:hi]}
		}
	}
	e.gpu.record(s.moved, e.out)
}

// returns reports whether a result goes to ordinary memory.
func (f *call) returns() bool {
	for i := range f.changed {
		if f.at[i] == 0 {
			return true
		}
	}
	return false
}

// fill writes elements lo to hi of vector i, which is in ordinary memory, to pinned
// and returns what it has written: nothing if the vector is not read.
func (f *call) fill(pinned []byte, i, lo, hi int) []byte {
	if f.unread[i] {
		return nil
	}
	if i < f.vectors-1 || f.form == 0 {
		part := pinned[:4*(hi-lo)]
		kernels.Copy(floats(part), f.host[i][lo:hi])
		return part
	}
	packed := f.packed[f.form.Size(lo):f.form.Size(hi)]
	if f.asPacked() {
		part := pinned[:len(packed)]
		move(part, packed)
		return part
	}
	part := pinned[:4*(hi-lo)]
	kernels.Decode(floats(part), f.form, packed)
	return part
}

// apply queues f on n elements that are at the addresses at.
func (e *Engine) apply(f *call, at [6]uint64, n int) {
	switch {
	case f.asPacked():
		e.launch(f.kernel[f.form], n, at[:f.vectors], f.scalars[:f.numbers])
	case f.op == backend.OpCopy:
		if at[0] != at[1] {
			e.gpu.copyWithin(e.work, at[0], at[1], 4*uint64(n))
		}
	case e.set == BLAS:
		e.blas(f, at, n)
	default:
		e.launchFrom(int(f.offset/4), f.kernel[0], n, at[:f.vectors], f.scalars[:f.numbers])
	}
}

// bring queues a copy of src to the GPU.
func (e *Engine) bring(dst uint64, src []float32) {
	r := &e.bus
	r.mu.Lock()
	defer r.mu.Unlock()
	for step := e.slot / 4; len(src) > 0 && !e.gpu.lost(); src = src[min(step, len(src)):] {
		s := r.take()
		part := s.pinned[:4*min(step, len(src))]
		kernels.Copy(floats(part), src[:len(part)/4])
		e.gpu.copyIn(e.work, dst, part)
		e.gpu.record(s.moved, e.work)
		dst += uint64(len(part))
	}
}

// fetch sets dst to what is at src in the order of stream, by way of r.
func (e *Engine) fetch(r *ring, dst []float32, src, stream uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for step := e.slot / 4; len(dst) > 0 && !e.gpu.lost(); dst = dst[min(step, len(dst)):] {
		s := r.take()
		n := min(step, len(dst))
		e.gpu.copyOut(stream, s.pinned[:4*n], src)
		e.gpu.record(s.moved, stream)
		s.due[0] = due{floats: dst[:n]}
		src += 4 * uint64(n)
	}
	r.finish()
}
