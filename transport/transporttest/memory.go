package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/halos-go/sdk/transport"
)

// The laws about parts, the memory of frames, and its Release.

func partsAreOneFrame(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	many := make([][]byte, 2000) // more than a system call takes
	for i := range many {
		many[i] = bytes.Repeat([]byte{byte(i)}, i%7)
	}
	for _, parts := range [][][]byte{
		{[]byte("one")}, {[]byte("o"), []byte("ne")}, {nil, []byte("one")}, {[]byte("one"), nil}, {{}, []byte("o"), {}, nil, []byte("ne"), {}},
		{}, {nil}, {nil, {}, nil}, many, {make([]byte, 100_000), []byte("one")}, {[]byte("one"), make([]byte, 100_000)},
	} {
		for _, way := range [][2]*node{{leaves[0], hub}, {hub, leaves[0]}} {
			got, err := pass(ctx, way[0], way[1], parts...)
			if err != nil {
				return fmt.Errorf("a frame of %d parts: %w", len(parts), err)
			}
			if want := bytes.Join(parts, nil); !bytes.Equal(got.Frame, want) {
				return fmt.Errorf("%d parts of %d bytes in all arrived as a frame of %d bytes, or of other ones", len(parts), len(want), len(got.Frame))
			}
			release(got)
		}
	}
	return exchange(ctx, hub, leaves[0], 10, func(int) int { return 100 })
}

// intactUntilRelease holds frames of many sizes while others come, and releases
// them in another order than they came in.
func intactUntilRelease(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	const frames, holds = 400, 12
	sizes := [...]int{header, 100, 100, 3000, 70_000, 70_000, 200_000}
	out := newStream(leaves[0], "hub")
	chance := rand.New(rand.NewPCG(1, 2))
	return together(ctx,
		func(ctx context.Context) error {
			return out.sendAll(ctx, frames, func(i int) int { return sizes[i%len(sizes)] })
		},
		func(ctx context.Context) error {
			var held []loan
			for i := range frames {
				e, err := hub.receive(ctx, fmt.Sprintf("a's frame %d of %d", i+1, frames))
				if err != nil {
					return err
				}
				if _, err := hub.check(e); err != nil {
					return err
				}
				if held = append(held, lent(e)); len(held) < holds {
					continue
				}
				if err := intact(held); err != nil {
					return err
				}
				j := chance.IntN(len(held))
				release(held[j].Event)
				held[j] = held[holds-1]
				held = held[:holds-1]
			}
			for _, l := range held {
				release(l.Event)
			}
			return nil
		})
}

// A loan is an event with the frame of a stream, and which frame it was.
type loan struct {
	transport.Event
	stream, number uint64
}

func lent(e transport.Event) loan { return loan{e, word(e.Frame, 0), word(e.Frame, 1)} }

// intact reports what has changed in the frames of loans.
func intact(loans []loan) error {
	for _, l := range loans {
		err := wholeFrame(l.Frame)
		if now := lent(l.Event); err == nil && (now.stream != l.stream || now.number != l.number) {
			err = fmt.Errorf("it is now frame %d of stream %d and was frame %d of stream %d", now.number, now.stream, l.number, l.stream)
		}
		if err != nil {
			return fmt.Errorf("a frame changed before its Release: %w", err)
		}
	}
	return nil
}

// releaseLate releases frames from another goroutine, after the end of their
// link, and after Close.
func releaseLate(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	var held []loan
	out := newStream(leaves[0], "hub")
	err = together(ctx,
		func(ctx context.Context) error { return out.sendAll(ctx, 4, func(int) int { return 2000 }) },
		func(ctx context.Context) error {
			for range 4 {
				e, err := hub.receive(ctx, "a's frame")
				if err != nil {
					return err
				}
				if err := wholeFrame(e.Frame); err != nil {
					return err
				}
				held = append(held, lent(e))
			}
			return nil
		})
	if err != nil {
		return err
	}
	drop := func(when string) error {
		if err := intact(held); err != nil {
			return err
		}
		e := held[0].Event
		held = held[1:]
		return together(ctx, func(context.Context) error {
			defer s.waiting("hub is waiting for Release %s", when)()
			release(e)
			return nil
		})
	}
	if err := drop("from another goroutine"); err != nil {
		return err
	}
	if err := s.leave(leaves[0]); err != nil {
		return err
	}
	if err := drop("after the end of the link"); err != nil {
		return err
	}
	if err := s.leave(hub); err != nil {
		return err
	}
	if err := drop("after Close"); err != nil {
		return err
	}
	if hub, err = s.join("hub"); err != nil {
		return err
	}
	if err := hear(ctx, hub, leaves[1]); err != nil {
		return err
	}
	if err := exchange(ctx, hub, leaves[1], 10, func(int) int { return 2000 }); err != nil {
		return err
	}
	return drop("after Close and another Join")
}

// unreleasedHoldsBack sends more than the receiver may land and sees what comes
// before it releases anything; then it releases all, and the rest must come.
func unreleasedHoldsBack(ctx context.Context, s *stage) error {
	if s.net.Landing == 0 {
		return noLanding
	}
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	const size = 64 << 10
	frames := int(3*s.net.Landing/size) + 1
	out := newStream(leaves[0], "hub")
	return together(ctx,
		func(ctx context.Context) error { return out.sendAll(ctx, frames, func(int) int { return size }) },
		func(ctx context.Context) error {
			held, err := hub.hoard(ctx, s.net.Landing)
			if err != nil {
				return err
			}
			for _, e := range held {
				release(e)
			}
			return hub.expectAll(ctx, frames-len(held), "a")
		})
}

// hoard receives frames and releases none until no more come.
func (n *node) hoard(ctx context.Context, landing int64) (held []transport.Event, err error) {
	var bytes int64
	for {
		waiting, cancel := context.WithTimeoutCause(ctx, full, errQuiet)
		e, err := n.receive(waiting, "what it may land")
		cancel()
		if errors.Is(err, errQuiet) && len(held) > 0 {
			return held, nil
		}
		if errors.Is(err, errQuiet) {
			continue
		}
		if err == nil {
			_, err = n.check(e)
		}
		if err != nil {
			return nil, err
		}
		if e.Release == nil {
			return nil, noRelease
		}
		held = append(held, e)
		if bytes += int64(len(e.Frame)); bytes > landing+int64(len(e.Frame)) {
			return nil, fmt.Errorf("%s: received %d bytes and released none: want its senders held back at %d", n.name, bytes, landing)
		}
	}
}

var errQuiet = errors.New("no more comes")

// lostFramesMakeRoom breaks a link again and again while it is full, and wants
// what was lost with it to count no more.
func lostFramesMakeRoom(ctx context.Context, s *stage) error {
	if s.net.Landing == 0 {
		return noLanding
	}
	if s.net.Cut == nil || s.net.Heal == nil {
		return noCut
	}
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	a := leaves[0]
	for i := range 4 { // few large frames fill the memory, many small ones a queue
		size := int(s.net.Landing) / [...]int{4, 100}[i%2]
		err := newStream(a, "hub").floodOf(ctx, size, func() { s.net.Cut("hub", "a") })
		if err := wants("a Send that was waiting when the link was cut", err, transport.ErrUnreachable); err != nil {
			return err
		}
		s.net.Heal("hub", "a")
		if err := a.hears(ctx, map[string]bool{"hub": true}); err != nil {
			return err
		}
		if err := hub.hears(ctx, map[string]bool{"a": true}); err != nil { // after what came before the cut
			return err
		}
	}
	return exchange(ctx, hub, a, 4, func(int) int { return int(s.net.Landing) }) // each has room alone
}

// sendDoesNotWaitForRecv has both ends send before either receives.
func sendDoesNotWaitForRecv(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	a := leaves[0]
	sizes := [...]int{100, 1 << 20, 5000, 5000}
	send := func(from *node, to string) func(context.Context) error {
		out := newStream(from, to)
		return func(ctx context.Context) error {
			return out.sendAll(ctx, len(sizes), func(i int) int { return sizes[i] })
		}
	}
	if err := together(ctx, send(hub, "a"), send(a, "hub")); err != nil {
		return err
	}
	return together(ctx,
		func(ctx context.Context) error { return hub.expectAll(ctx, len(sizes), "a") },
		func(ctx context.Context) error { return a.expectAll(ctx, len(sizes), "hub") })
}
