package gpu

import (
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// What has no kernel is done by package kernels on pinned memory, which is ordinary
// memory to it: the pieces of all vectors come out of the GPU, and those that are
// changed go back.

// runOnHost does f on the host.
func (e *Engine) runOnHost(f *call) {
	e.eachOnHost(f, func(v [6][]float32, lo, hi int) {
		c := backend.Call{Op: f.op, Vectors: v, Numbers: f.scalars, Form: f.form}
		if f.form != 0 {
			c.Packed = f.packed[f.form.Size(lo):f.form.Size(hi)]
		}
		kernels.CPU{}.Run(c)
	})
}

// eachOnHost calls do with pieces of the vectors of f in ordinary memory, in order.
func (e *Engine) eachOnHost(f *call, do func(v [6][]float32, lo, hi int)) {
	var blocks [6]int
	for i, at := range f.at {
		if at != 0 {
			blocks[i] = 4 * cut
		}
	}
	r, l := &e.bus, share(e.slot, blocks)
	r.mu.Lock()
	defer r.mu.Unlock()
	for lo := 0; lo < f.n && !e.gpu.lost(); lo += l.step {
		e.pieceOnHost(f, &l, lo, min(lo+l.step, f.n), do)
	}
}

func (e *Engine) pieceOnHost(f *call, l *layout, lo, hi int, do func(v [6][]float32, lo, hi int)) {
	s := e.bus.take()
	var v [6][]float32
	var parts [6][]byte
	for i, at := range f.at {
		switch {
		case at != 0:
			parts[i] = s.pinned[l.at[i]:][:4*(hi-lo)]
			v[i] = floats(parts[i])
			if !f.unread[i] {
				e.gpu.copyOut(e.work, parts[i], at+4*uint64(lo))
			}
		case f.host[i] != nil:
			v[i] = f.host[i][lo:hi]
		}
	}
	e.gpu.record(s.moved, e.work)
	e.gpu.sync(s.moved)
	do(v, lo, hi)
	for i := range f.changed {
		if f.at[i] != 0 {
			e.gpu.copyIn(e.work, f.at[i]+4*uint64(lo), parts[i])
		}
	}
	e.gpu.record(s.moved, e.work)
}

// local returns a copy of the vector at an address of the GPU.
func (e *Engine) local(at uint64, n int) []float32 {
	v := kernels.Make(n)
	e.fetch(&e.bus, v, at, e.work)
	return v
}
