package transport

import (
	"context"
	"slices"
	"sync"
)

// A memEnd is one node of a [Mem].
type memEnd struct {
	net  *Mem
	name string
	bell chan struct{} // rung when ready may have something for a waiting Recv
	done chan struct{} // closed by Close

	// guarded by net.mu
	links   map[string]*memLink
	absent  []*memLink // those whose other end is absent and that are not cut, the first to be so first
	ready   []*memLane // lanes with something in them, in the order of their turns
	landing landing
}

var _ Transport = (*memEnd)(nil)

// A passage is one direction of a link during one of its lives.
type passage struct {
	link *memLink
	life *memLife
	i    int // of the end it leads to
}

func (p passage) to() string { return p.link.names[p.i] }

// Send implements [Transport].
func (e *memEnd) Send(ctx context.Context, to string, parts ...[]byte) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	p, err := e.dial(to)
	if err != nil {
		return err
	}
	select {
	case p.life.slots[p.i] <- struct{}{}:
	case <-e.done:
		return ErrClosed
	case <-p.life.down:
		return e.why(ctx, p)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	f, err := e.land(ctx, p, parts)
	if err != nil {
		<-p.life.slots[p.i]
		return err
	}
	return e.put(p, f)
}

// dial returns the way to a peer.
func (e *memEnd) dial(to string) (passage, error) {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	if e.closed() {
		return passage{}, ErrClosed
	}
	link := e.links[to]
	if link == nil {
		link = e.net.link(e.name, to)
		e.net.raise(link)
	}
	if link.life == nil {
		return passage{}, unreachable(to)
	}
	return passage{link, link.life, link.toward(to)}, nil
}

// land waits for room at the end to which p leads, and copies a frame there.
func (e *memEnd) land(ctx context.Context, p passage, parts [][]byte) (memFrame, error) {
	n := size(parts)
	if n == 0 {
		return memFrame{}, nil
	}
	f := memFrame{landing: &p.life.ends[p.i].landing}
	e.net.mu.Lock()
	w := f.landing.enter(int64(n))
	e.net.mu.Unlock()
	if w != nil {
		if err := e.await(ctx, p, w); err != nil {
			e.net.mu.Lock()
			defer e.net.mu.Unlock()
			f.landing.abandon(w)
			return f, err
		}
	}
	f.block = e.net.take(n)
	f.bytes = f.block[:0:n]
	for _, part := range parts {
		f.bytes = append(f.bytes, part...)
	}
	return f, nil
}

func (e *memEnd) await(ctx context.Context, p passage, w *waiter) error {
	select {
	case <-w.ready:
		return nil
	case <-e.done:
	case <-p.life.down:
	case <-ctx.Done():
	}
	return e.why(ctx, p)
}

// why returns the reason for which a Send by way of p has given up.
func (e *memEnd) why(ctx context.Context, p passage) error {
	switch {
	case e.closed(): // which has ended the life as well
		return ErrClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return unreachable(p.to())
}

// take returns memory for n bytes, used if there is some.
func (n *Mem) take(size int) []byte {
	n.mu.Lock()
	b := n.pool.take(size)
	n.largest = max(n.largest, int64(blockSize(size)))
	n.mu.Unlock()
	if b == nil {
		b = newBlock(size)
	}
	return b
}

// put lays a frame, for which there is a slot, at the end of p, unless the link
// has been down since.
func (e *memEnd) put(p passage, f memFrame) error {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	if p.link.life != p.life {
		e.net.drop(f)
		if e.closed() {
			return ErrClosed
		}
		return unreachable(p.to())
	}
	lane := &p.link.lanes[p.i]
	lane.frames = append(lane.frames, f)
	p.life.ends[p.i].wake(lane)
	return nil
}

// Recv implements [Transport].
func (e *memEnd) Recv(ctx context.Context) (Event, error) {
	for {
		if ctx.Err() != nil {
			return Event{}, context.Cause(ctx)
		}
		if ev, ok, err := e.take(); ok || err != nil {
			return ev, err
		}
		select {
		case <-e.bell:
		case <-e.done:
		case <-ctx.Done():
		}
	}
}

// take takes the next event, if there is one.
func (e *memEnd) take() (Event, bool, error) {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	if e.closed() {
		return Event{}, false, ErrClosed
	}
	for len(e.ready) > 0 {
		lane := e.ready[0]
		e.ready[0], e.ready = nil, e.ready[1:]
		lane.queued = false
		if lane.empty() {
			continue // cut since
		}
		ev := e.takeFrom(lane)
		if !lane.empty() {
			e.wake(lane)
		}
		if len(e.ready) > 0 {
			e.ring()
		}
		return ev, true, nil
	}
	return Event{}, false, nil
}

func (e *memEnd) takeFrom(lane *memLane) Event {
	if lane.linked {
		lane.linked = false
		return Event{Peer: lane.from, Linked: true}
	}
	f := lane.frames[0]
	lane.frames = slices.Delete(lane.frames, 0, 1)
	link := e.links[lane.from]
	if link.life != nil {
		<-link.life.slots[link.toward(e.name)]
	}
	ev := Event{Peer: lane.from, Frame: f.bytes}
	if f.block != nil {
		ev.Release = e.net.releaser(f)
	}
	return ev
}

// releaser returns what drops f, once.
func (n *Mem) releaser(f memFrame) func() {
	return sync.OnceFunc(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.drop(f)
	})
}

// Close implements [Transport].
func (e *memEnd) Close() error {
	n := e.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if e.closed() {
		return nil
	}
	close(e.done)
	delete(n.ends, e.name)
	for _, link := range e.links {
		link.end()
		n.clear(&link.lanes[link.toward(e.name)])
		link.lanes[link.toward(e.name)].queued = false
		if link.waiting == e {
			link.waiting = nil
		}
		n.raise(link) // the peer waits for e, or neither does
	}
	if len(e.links) == 0 {
		delete(n.links, e.name)
	}
	e.absent, e.ready = nil, nil
	n.shrink()
	return nil
}

// wake gives lane, which leads here and has something in it, a turn.
func (e *memEnd) wake(lane *memLane) {
	if !lane.queued {
		lane.queued = true
		e.ready = append(e.ready, lane)
	}
	e.ring()
}

// ring wakes one waiting Recv, which rings again if it leaves something. A bell
// that is ringing already need not be rung.
func (e *memEnd) ring() {
	select {
	case e.bell <- struct{}{}:
	default:
	}
}

func (e *memEnd) closed() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}
