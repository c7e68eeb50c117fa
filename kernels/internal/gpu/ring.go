package gpu

import (
	"sync"
	"unsafe"

	"github.com/halos-go/sdk/kernels"
)

// cut is what pieces of vectors are multiples of: a block of [kernels.Int8].
const cut = 256

// A ring is pinned slots, which are used in turn, so that one is filled or emptied
// here while others are on their way.
type ring struct {
	mu    sync.Mutex // one call at a time
	e     *Engine
	slots []slot
	next  int
}

// A slot is pinned memory and, in the bus, its twin on the GPU, as large.
type slot struct {
	pinned []byte
	twin   uint64
	moved  uint64 // event: the last copy to or from pinned
	used   uint64 // event: the last kernel with twin
	due    [3]due // what the last copy from the GPU brought
}

// due is a part of pinned that is to be copied to ordinary memory.
type due struct {
	at     int
	floats []float32 // one of these
	bytes  []byte
}

func (r *ring) open(e *Engine, slots int, twins bool) (err error) {
	d := e.gpu.driver
	r.e, r.slots = e, make([]slot, slots)
	for i := range r.slots {
		s := &r.slots[i]
		if s.pinned, err = d.AllocPinned(e.slot); err != nil {
			return err
		}
		if s.moved, err = d.NewEvent(); err != nil {
			return err
		}
		if !twins {
			continue
		}
		if s.used, err = d.NewEvent(); err != nil {
			return err
		}
		if s.twin, err = d.Alloc(uint64(e.slot)); err != nil {
			return err
		}
	}
	return nil
}

// take returns the next slot. It waits until nothing copies to or from it, and delivers
// what is due.
func (r *ring) take() *slot {
	s := &r.slots[r.next]
	r.next = (r.next + 1) % len(r.slots)
	r.e.gpu.sync(s.moved)
	s.deliver()
	return s
}

// deliver copies to ordinary memory what is in pinned now.
func (s *slot) deliver() {
	for _, d := range s.due {
		if d.floats != nil {
			kernels.Copy(d.floats, floats(s.pinned[d.at:])[:len(d.floats)])
		}
		move(d.bytes, s.pinned[d.at:][:len(d.bytes)])
	}
	s.due = [3]due{}
}

// move copies src to dst, which is as long. Where both are aligned it is kernels.Copy, on
// several goroutines: a single one is slower than the bus.
func move(dst, src []byte) {
	var n int
	if aligned(dst) && aligned(src) {
		n = len(src) / 4
		kernels.Copy(floats(dst)[:n], floats(src)[:n])
	}
	copy(dst[4*n:], src[4*n:])
}

func aligned(b []byte) bool { return uintptr(unsafe.Pointer(unsafe.SliceData(b)))%4 == 0 }

// finish waits for all that is due.
func (r *ring) finish() {
	for range r.slots {
		s := &r.slots[r.next]
		if s.owes() {
			r.take()
		} else {
			r.next = (r.next + 1) % len(r.slots)
		}
	}
}

func (s *slot) owes() bool {
	for _, d := range s.due {
		if d.floats != nil || d.bytes != nil {
			return true
		}
	}
	return false
}

// A layout says how pieces of several vectors share a slot.
type layout struct {
	step int    // elements of a piece, a multiple of cut
	at   [6]int // where the part of each vector begins, a multiple of 256
}

// share lays out a slot of so many bytes for vectors of which cut elements take
// blocks[i] bytes, or 0 if they need no part. A part has room for 12 bytes more, so
// that its elements may begin as far from a multiple of 16 as others do.
func share(slot int, blocks [6]int) (l layout) {
	parts, all := 0, 0
	for _, b := range blocks {
		parts += min(b, 1)
		all += b
	}
	l.step = (slot - (12+255)*parts) / all * cut
	at := 0
	for i, b := range blocks {
		l.at[i] = at
		if b > 0 {
			at += (b*(l.step/cut) + 12 + 255) &^ 255
		}
	}
	return l
}
