package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"sync"
	"time"
)

// maxFrame is the longest frame believed.
const maxFrame = min(1<<32, math.MaxInt)

// A landing is the memory in which a node's frames land. Readers wait in line for
// room, and Release gives it back.
type landing struct {
	limit uint64
	first chan struct{} // full: somebody is the first in line
	freed chan struct{} // there is more room

	mu   sync.Mutex
	used uint64
	idle [][]byte // memory of released frames
}

const (
	most = 4       // idle buffers: a frame is as large as a model
	step = 1 << 20 // what is allocated for a length before bytes have come
)

func newLanding(limit uint64) landing {
	return landing{limit: cmp.Or(limit, 256<<20), first: make(chan struct{}, 1), freed: make(chan struct{}, 1)}
}

// frame reads one frame from conn, when there is room for it.
func (l *landing) frame(ctx context.Context, conn net.Conn) (frame []byte, release func(), err error) {
	size, err := readSize(conn)
	if err == nil && size > maxFrame {
		err = fmt.Errorf("a frame of %d bytes: want at most %d", size, uint64(maxFrame))
	}
	if err != nil {
		return nil, nil, err
	}
	if err := l.enter(ctx, size); err != nil {
		return nil, nil, err
	}
	frame, err = read(conn, l.take(int(size)), int(size))
	release = sync.OnceFunc(func() { l.leave(size, frame) })
	if err != nil {
		release()
	}
	return frame, release, err
}

// enter waits for room. A node that holds nothing takes a frame of any size.
func (l *landing) enter(ctx context.Context, size uint64) error {
	select {
	case l.first <- struct{}{}:
		defer func() { <-l.first }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for !l.fits(size) {
		select {
		case <-l.freed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (l *landing) fits(size uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	fits := size == 0 || l.used == 0 || l.used+size <= l.limit
	if fits {
		l.used += size
	}
	return fits
}

// leave gives room back, and memory.
func (l *landing) leave(size uint64, b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used -= size
	if cap(b) >= step {
		l.idle = append(l.idle, b)
		l.idle = slices.Delete(l.idle, 0, max(0, len(l.idle)-most))
	}
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

// take returns idle memory that fits, or nil.
func (l *landing) take(size int) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.idle, func(b []byte) bool { return cap(b) >= size && cap(b)/2 <= size })
	if i < 0 {
		return nil
	}
	b := l.idle[i]
	l.idle = slices.Delete(l.idle, i, i+1)
	return b
}

// read reads size bytes into b or, if that is too short, into memory that grows with
// what has come: a length alone costs little.
func read(conn net.Conn, b []byte, size int) ([]byte, error) {
	if cap(b) < size {
		b = make([]byte, min(size, step))
	}
	b = b[:min(size, cap(b))]
	_, err := io.ReadFull(conn, b)
	for err == nil && len(b) < size {
		had := len(b)
		b = append(make([]byte, 0, had+min(size-had, had)), b...)
		b = b[:cap(b)]
		_, err = io.ReadFull(conn, b[had:])
	}
	return b, err
}

func readSize(conn net.Conn) (uint64, error) {
	var size [8]byte
	_, err := io.ReadFull(conn, size[:])
	return binary.LittleEndian.Uint64(size[:]), err
}

// hangUp ends what this end sends. The connection lives on a moment, so that the
// peer can read what is on the way.
func hangUp(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(linger))
	if c, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
}

// drain reads what still comes, until the peer hangs up too: to close a connection
// with unread bytes would make the peer lose what is on its way to it.
func drain(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
