package halos

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/halos-go/sdk/kernels"
)

// A body is a vector on its way, in ordinary memory. The frames that carry it share it:
// it goes back to its store when the last of them has been sent.
type body struct {
	v        []float32
	snapshot kernels.Snapshot // if not nil, v is still to be read from it
	sum      uint32           // CRC-32C of v's bytes, if summed
	summed   bool
	err      error // of reading the snapshot, for all frames
	store    *store
	refs     atomic.Int32
}

// hold adds a reference.
func (b *body) hold() *body {
	b.refs.Add(1)
	return b
}

// release takes one away. Any goroutine may call it.
func (b *body) release() {
	if b.refs.Add(-1) == 0 {
		b.store.give(b)
	}
}

// complete waits for what is in another Backend, and makes the checksum. Only the
// goroutine that completes frames calls it.
func (b *body) complete() error {
	if b.snapshot != nil {
		if err := b.snapshot.Read(b.v); err != nil {
			b.err = fmt.Errorf("halos: reading a model: %w", err)
		}
		b.snapshot.Release()
		b.snapshot = nil
	}
	if b.err == nil && !b.summed {
		s := sweep{v: b.v, sure: true}
		b.sum, _ = s.run()
		b.summed = true
	}
	return b.err
}

// A store has the memory of bodies of one length. A body that nobody holds any more waits
// there for reuse.
type store struct {
	most  int           // bodies at a time; 0: any number
	freed chan struct{} // rung when one has come back, if not nil

	mu   sync.Mutex
	idle []*body
	out  int // bodies that somebody holds
}

// take returns a body of n elements with one reference, or nil if there is no room.
func (s *store) take(n int) *body {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most > 0 && s.out >= s.most {
		return nil
	}
	s.out++
	b := s.reuse(n)
	b.summed, b.err = false, nil
	b.refs.Store(1)
	return b
}

func (s *store) reuse(n int) *body {
	if last := len(s.idle) - 1; last >= 0 {
		b := s.idle[last]
		s.idle = s.idle[:last]
		if len(b.v) == n {
			return b
		}
		kernels.Recycle(b.v)
	}
	return &body{v: kernels.Make(n), store: s}
}

func (s *store) give(b *body) {
	poisonVector(b.v)
	s.mu.Lock()
	s.idle = append(s.idle, b)
	s.out--
	s.mu.Unlock()
	if s.freed != nil {
		select {
		case s.freed <- struct{}{}:
		default: // it rings already
		}
	}
}

// close gives the memory back, when nobody holds a body any more.
func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.idle {
		kernels.Recycle(b.v)
	}
	s.idle = nil
}
