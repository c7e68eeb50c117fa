package transport

import "slices"

// landing counts the bytes of the frames that one node has not released, and
// lets senders wait for room, first come, first served: neither a large frame
// nor a small one is overtaken. Guarded by Mem.mu.
type landing struct {
	limit, held int64
	queue       []*waiter
}

// A waiter is a frame that waits for room.
type waiter struct {
	size  int64
	ready chan struct{} // closed: it has room
}

// enter makes room for a frame. If it returns a waiter the frame must wait for it.
func (l *landing) enter(size int64) *waiter {
	if len(l.queue) == 0 && l.fits(size) {
		l.held += size
		return nil
	}
	w := &waiter{size: size, ready: make(chan struct{})}
	l.queue = append(l.queue, w)
	return w
}

// leave ends the stay of a frame.
func (l *landing) leave(size int64) {
	l.held -= size
	l.serve()
}

// abandon ends the wait of w, which may have got its room meanwhile.
func (l *landing) abandon(w *waiter) {
	if i := slices.Index(l.queue, w); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		l.serve() // it may have been in the way of others
		return
	}
	l.leave(w.size)
}

func (l *landing) serve() {
	for len(l.queue) > 0 && l.fits(l.queue[0].size) {
		l.held += l.queue[0].size
		close(l.queue[0].ready)
		l.queue = slices.Delete(l.queue, 0, 1)
	}
}

// fits reports whether there is room. One frame always has it, so that no frame
// is too large to be sent.
func (l *landing) fits(size int64) bool { return l.held == 0 || size <= l.limit-l.held }
