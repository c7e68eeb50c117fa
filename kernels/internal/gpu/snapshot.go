package gpu

import (
	"errors"
	"sync/atomic"

	"github.com/halos-go/sdk/kernels"
)

// mostSnapshots is how many copies for snapshots there are at a time.
const mostSnapshots = 2

// A shot is a copy of a vector on the GPU, for one Snapshot or for several taken
// while the vector did not change.
type shot struct {
	event uint64 // the copy is made
	copy  *vector
	of    *vector // from it
	at    uint64  // from here on
	n     int     // so many elements
	refs  int     // snapshots not released
}

// Snapshot implements [kernels.Backend]. It queues a copy on the GPU, which is there
// until it is released. Snapshots of a vector that has not changed since share one
// copy. Otherwise there are two at a time: a third waits until one is released, and a
// goroutine that keeps two itself waits without end. If the GPU has no room for the copy,
// Read returns the error.
func (e *Engine) Snapshot(v []float32) kernels.Snapshot {
	n := len(v)
	if n == 0 {
		return &snapshot{e: e}
	}
	s, shared := e.shot(v)
	if shared {
		return &snapshot{e: e, shot: s, n: n}
	}
	c, err := e.take(n)
	if err != nil {
		e.free(s)
		return &snapshot{e: e, n: n, err: err}
	}
	e.gpu.copyWithin(e.work, c.address, s.at, 4*uint64(n))
	e.gpu.record(s.event, e.work)
	e.mu.Lock()
	s.copy, s.refs = c, 1
	s.of.latest = s
	e.mu.Unlock()
	return &snapshot{e: e, shot: s, n: n}
}

// shot returns the shot of v as it is now, or else one to be made, and waits for it.
func (e *Engine) shot(v []float32) (s *shot, shared bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o, at := e.live(v), address(v)
	if o == nil {
		panic("gpu: vector is not of this backend")
	}
	for {
		if s := o.latest; s != nil && s.at == at && s.n == len(v) {
			s.refs++
			return s, true
		}
		if last := len(e.shots) - 1; last >= 0 {
			s, e.shots = e.shots[last], e.shots[:last]
			s.of, s.at, s.n = o, at, len(v)
			return s, false
		}
		e.released.Wait()
	}
}

// free makes s ready for another Snapshot.
func (e *Engine) free(s *shot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.of, s.copy = nil, nil
	e.shots = append(e.shots, s)
	e.released.Broadcast()
}

// A snapshot is one reference to a shot.
type snapshot struct {
	e     *Engine
	shot  *shot // nil if n is 0 or err is not nil
	n     int
	err   error
	ended atomic.Bool
}

// errReleased is the error of Read after Release.
var errReleased = errors.New("gpu: snapshot is released")

// Read implements [kernels.Snapshot]. It goes on beside Run.
func (s *snapshot) Read(dst []float32) error {
	if s.ended.Load() {
		return errReleased
	}
	same(s.n, len(dst))
	if s.shot == nil {
		return s.err
	}
	s.e.gpu.wait(s.e.out, s.shot.event)
	s.e.fetch(&s.e.exit, dst, s.shot.copy.address, s.e.out)
	return s.e.Err()
}

// Release implements [kernels.Snapshot]. A second one panics.
func (s *snapshot) Release() {
	if s.ended.Swap(true) {
		panic("gpu: snapshot released twice")
	}
	if s.shot == nil {
		return
	}
	e := s.e
	e.mu.Lock()
	s.shot.refs--
	last := s.shot.refs == 0
	if last && s.shot.of.latest == s.shot {
		s.shot.of.latest = nil
	}
	e.mu.Unlock()
	if last {
		e.put(s.shot.copy)
		e.free(s.shot)
	}
}
