package transport

import (
	"context"
	"sync"
)

// turns is a lock for each peer that can be waited for with a context. It keeps
// no more of them than are in use. The zero value is ready.
type turns struct {
	mu     sync.Mutex
	locks  map[string]*lock
	closed chan struct{}
	shut   bool
}

// A lock is in use by those who have it or wait for it.
type lock struct {
	taken chan struct{} // full: somebody has it
	users int
}

// A turn is one peer's lock, taken.
type turn struct {
	*lock
	turns  *turns
	peer   string
	closed <-chan struct{} // closed by turns.close
}

// enter waits for the turn of a peer.
func (t *turns) enter(ctx context.Context, peer string) (turn, error) {
	if ctx.Err() != nil {
		return turn{}, context.Cause(ctx)
	}
	own := t.of(peer)
	select {
	case own.taken <- struct{}{}:
		return own, nil
	case <-own.closed:
		own.forgo()
		return turn{}, ErrClosed
	case <-ctx.Done():
		own.forgo()
		return turn{}, context.Cause(ctx)
	}
}

func (t turn) leave() {
	<-t.taken
	t.forgo()
}

// forgo ends a use of the lock.
func (t turn) forgo() {
	t.turns.mu.Lock()
	defer t.turns.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(t.turns.locks, t.peer)
	}
}

// close makes those who wait for a turn return ErrClosed.
func (t *turns) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	if !t.shut {
		t.shut = true
		close(t.closed)
	}
}

func (t *turns) of(peer string) turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	l := t.locks[peer]
	if l == nil {
		l = &lock{taken: make(chan struct{}, 1)}
		t.locks[peer] = l
	}
	l.users++
	return turn{l, t, peer, t.closed}
}

func (t *turns) begin() {
	if t.locks == nil {
		t.locks, t.closed = make(map[string]*lock), make(chan struct{})
	}
}
