package main

import (
	"context"
	"io"
	"slices"
	"sync"
)

// A landing is where the frames of a node lie until they are released. It bounds
// their bytes, and keeps released memory for the next frames: to land in new
// memory costs several times as much.
type landing struct {
	limit int64
	turn  chan struct{} // full: a frame waits for room; the others queue here, in order
	room  chan struct{} // rung when something is released

	mu    sync.Mutex
	held  int64    // bytes of frames that are not released
	spare [][]byte // memory of large frames, limit bytes at most
	bytes int64    // in spare
}

func newLanding(limit int64) *landing {
	return &landing{limit: limit, turn: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// enter waits for room for a frame, or for the end of ctx. A frame has it if there
// is no other, however large it is.
func (a *landing) enter(ctx context.Context, size int) error {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for !a.reserve(int64(size)) {
		select {
		case <-a.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (a *landing) reserve(size int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held > 0 && size > a.limit-a.held {
		return false
	}
	a.held += size
	return true
}

// small is how much memory a frame gets on its length alone. That of frames which
// need no more is left to the garbage collector.
const small = 1 << 20

// leave ends the stay of a frame of size bytes in block.
func (a *landing) leave(size int, block []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held -= int64(size)
	if len(block) > small {
		a.spare = append(a.spare, block)
		for a.bytes += int64(len(block)); a.bytes > a.limit && len(a.spare) > 1; a.spare = a.spare[1:] {
			a.bytes -= int64(len(a.spare[0]))
		}
	}
	select {
	case a.room <- struct{}{}:
	default: // rung already
	}
}

// take returns spare memory for a frame, not much more than it needs; or nil.
func (a *landing) take(size int) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.spare, func(b []byte) bool { return len(b) >= size && len(b)/2 < size })
	if i < 0 {
		return nil
	}
	block := a.spare[i]
	a.spare = slices.Delete(a.spare, i, i+1)
	a.bytes -= int64(len(block))
	return block
}

// read reads a frame for which there is room, into spare memory or else into new
// memory that grows with what has come: a length that is not true costs little.
// The memory is returned with an error too.
func (a *landing) read(r io.Reader, size int) (block []byte, err error) {
	if block = a.take(size); block == nil {
		block = make([]byte, min(size, small))
	}
	for at := 0; ; {
		n, err := io.ReadFull(r, block[at:min(len(block), size)])
		if at += n; at == size || err != nil {
			return block, err
		}
		more := make([]byte, min(2*len(block), size))
		copy(more, block)
		block = more
	}
}
