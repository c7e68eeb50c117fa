package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/halos-go/sdk/transport"
)

// The laws about frames on a link that is up.

func linkedComesFirst(ctx context.Context, s *stage) error {
	_, _, err := s.meet(ctx, "a", "b")
	return err
}

func wholeOnceInOrder(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	return exchange(ctx, hub, leaves[0], 1000, func(i int) int { return i * i % 5003 })
}

// floodBothWays moves more than any buffer holds, in both directions at once.
func floodBothWays(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	return exchange(ctx, hub, leaves[0], 400, func(int) int { return 64 << 10 })
}

// exchange sends n frames each way at the same time, while both receive.
func exchange(ctx context.Context, x, y *node, n int, size func(i int) int) error {
	return together(ctx,
		func(ctx context.Context) error { return newStream(x, y.name).sendAll(ctx, n, size) },
		func(ctx context.Context) error { return newStream(y, x.name).sendAll(ctx, n, size) },
		func(ctx context.Context) error { return x.expectAll(ctx, n, y.name) },
		func(ctx context.Context) error { return y.expectAll(ctx, n, x.name) })
}

func (s *stream) sendAll(ctx context.Context, n int, size func(i int) int) error {
	for i := range n {
		if err := s.send(ctx, size(i)); err != nil {
			return err
		}
	}
	return nil
}

// senderKeepsItsParts looks at a frame only after the sender has overwritten
// the memory from which it was sent.
func senderKeepsItsParts(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	out := newStream(leaves[0], "hub")
	for range 20 {
		var e transport.Event
		err := together(ctx,
			func(ctx context.Context) error { return out.send(ctx, 2000) },
			func(ctx context.Context) (err error) {
				e, err = hub.receive(ctx, "a's frame")
				return err
			})
		if err != nil {
			return err
		}
		if err := wholeFrame(e.Frame); err != nil {
			return fmt.Errorf("overwriting the parts after Send changed what is received: %w", err)
		}
		release(e)
	}
	return nil
}

// receiverOwnsItsFrame holds many frames, of which two each were sent from the
// same memory, and overwrites them one after the other.
func receiverOwnsItsFrame(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	var held []loan
	for range 4 {
		frame := newStream(hub, "").next(2000)
		held = append(held, lent(transport.Event{Frame: frame}))
		for _, leaf := range leaves {
			got, err := pass(ctx, hub, leaf, frame)
			if err != nil {
				return err
			}
			if err := wholeFrame(got.Frame); err != nil {
				return err
			}
			held = append(held, lent(got))
		}
	}
	for i, l := range held {
		if err := intact(held[i:]); err != nil {
			return err
		}
		release(l.Event)
	}
	return nil
}

// pass sends a frame of any bytes, and returns it as received.
func pass(ctx context.Context, from, to *node, parts ...[]byte) (got transport.Event, err error) {
	err = together(ctx,
		func(ctx context.Context) error { return from.Send(ctx, to.name, parts...) },
		func(ctx context.Context) (err error) {
			got, err = to.receive(ctx, from.name+"'s frame")
			if err == nil && (got.Linked || got.Peer != from.name) {
				err = fmt.Errorf("%s: got %v, want a frame from %q", to.name, report{peer: got.Peer, linked: got.Linked, size: len(got.Frame)}, from.name)
			}
			return err
		})
	return got, err
}

func emptyAndLargeFrames(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	a := leaves[0]
	for _, small := range [][]byte{nil, {}, {1}, {1, 2, 3, 4, 5, 6, 7}} {
		for _, way := range [][2]*node{{a, hub}, {hub, a}} {
			got, err := pass(ctx, way[0], way[1], small)
			if err == nil && !slices.Equal(got.Frame, small) {
				err = fmt.Errorf("sent %v, received %v", small, got.Frame)
			}
			if err != nil {
				return err
			}
			release(got)
		}
	}
	sizes := []int{1 << 10, 1<<16 - 1, 1<<20 + 1, 8 << 20, 64 << 20}
	if testing.Short() {
		sizes = sizes[:4]
	}
	return exchange(ctx, hub, a, len(sizes), func(i int) int { return sizes[i] })
}

// concurrentSenders and receivers: each stream stays in order.
func concurrentSenders(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	const senders, frames = 4, 100
	size := func(i int) int { return 37 * i }
	jobs := []func(context.Context) error{func(ctx context.Context) error {
		for range senders * frames * len(leaves) {
			if _, err := hub.next(ctx, "a frame of a or b"); err != nil {
				return err
			}
		}
		return nil
	}}
	for _, leaf := range leaves {
		jobs = append(jobs, func(ctx context.Context) error { return leaf.expectAll(ctx, senders*frames, "hub") })
		for range senders {
			up, down := newStream(leaf, "hub"), newStream(hub, leaf.name)
			jobs = append(jobs,
				func(ctx context.Context) error { return up.sendAll(ctx, frames, size) },
				func(ctx context.Context) error { return down.sendAll(ctx, frames, size) })
		}
	}
	return together(ctx, jobs...)
}

// concurrentReceivers: each frame goes to one of them.
func concurrentReceivers(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	const frames = 200
	var mu sync.Mutex
	got := make(map[uint64]bool)
	all := errors.New("all are here")
	receive := func(ctx context.Context) error {
		for {
			e, err := hub.receive(ctx, "one of a's frames")
			if err != nil {
				return err
			}
			if err := wholeFrame(e.Frame); err != nil {
				return err
			}
			number := word(e.Frame, 1)
			release(e)
			mu.Lock()
			twice := got[number]
			got[number] = true
			full := len(got) == frames
			mu.Unlock()
			if twice {
				return fmt.Errorf("frame %d twice", number)
			}
			if full {
				return all
			}
		}
	}
	out := newStream(leaves[0], "hub")
	err = together(ctx, receive, receive, receive,
		func(ctx context.Context) error { return out.sendAll(ctx, frames, func(int) int { return 100 }) })
	if errors.Is(err, all) {
		return nil
	}
	return err
}

// wholeFrame is whole for a frame that may be of any length.
func wholeFrame(b []byte) error {
	if len(b) < header {
		return fmt.Errorf("a frame of %d bytes, want at least %d", len(b), header)
	}
	return whole(b)
}
