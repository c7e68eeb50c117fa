package transporttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/halos-go/sdk/transport"
)

// The laws about Send, Recv and Close: whom they wait for, and what ends them.

// full is how long a Send takes before its link counts as full.
const full = time.Second / 10

// flood sends until Send fails, and returns why. It calls blocked once, when
// the link is full; also if it is not after 1024 frames of 64 KiB, in case it never
// will be.
func (s *stream) flood(ctx context.Context, blocked func()) error {
	return s.floodOf(ctx, 64<<10, blocked)
}

// floodOf is flood with frames of a size for the first 1024.
func (s *stream) floodOf(ctx context.Context, size int, blocked func()) error {
	blocked = sync.OnceFunc(blocked)
	timer := time.AfterFunc(full, blocked)
	defer timer.Stop()
	for i := range 1 << 18 {
		if i >= 1<<10 {
			blocked()
			size = header
		}
		if err := s.send(ctx, size); err != nil {
			return err
		}
		timer.Reset(full)
	}
	return fmt.Errorf("%s: send to %q: it still succeeds", s.from.name, s.to)
}

// wants returns an error unless err is target.
func wants(what string, err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("%s returned nil, want %w", what, target)
	}
	return fmt.Errorf("%s returned %w, want %w", what, err, target)
}

func unknownPeer(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	for _, n := range []*node{hub, leaves[0]} {
		err := n.Send(ctx, "nobody", []byte("hello"))
		if err := wants(n.name+": Send to a node that does not exist", err, transport.ErrUnreachable); err != nil {
			return err
		}
		if !strings.Contains(err.Error(), "nobody") {
			return fmt.Errorf("the error does not name the peer: %w", err)
		}
	}
	return exchange(ctx, hub, leaves[0], 10, func(int) int { return 100 })
}

func busyPeerSilencesNobody(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	busy, quiet := newStream(leaves[0], "hub"), newStream(leaves[1], "hub")
	heard := errors.New("heard")
	err = together(ctx,
		func(ctx context.Context) error {
			for {
				if err := busy.send(ctx, 0); err != nil {
					return err
				}
			}
		},
		func(ctx context.Context) error { return quiet.sendAll(ctx, 10, func(int) int { return 100 }) },
		func(ctx context.Context) error {
			left := 10
			for range 1 << 18 {
				e, err := hub.next(ctx, fmt.Sprintf("b's frame %d of 10", 11-left))
				if err != nil {
					return err
				}
				if e.peer == "b" {
					left--
				}
				if left == 0 {
					return heard
				}
			}
			return fmt.Errorf("%d of 10 frames of one peer are missing after a quarter of a million of another", left)
		})
	if errors.Is(err, heard) {
		return nil
	}
	return err
}

func fullLinkHoldsUpNobody(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	blocked, done := make(chan struct{}), errors.New("done")
	err = together(ctx,
		func(ctx context.Context) error {
			err := newStream(hub, "a").flood(ctx, func() { close(blocked) })
			if context.Cause(ctx) != nil {
				return nil
			}
			return err
		},
		func(ctx context.Context) error {
			select {
			case <-blocked:
			case <-ctx.Done():
				return nil
			}
			if err := exchange(ctx, hub, leaves[1], 50, func(int) int { return 1000 }); err != nil {
				return fmt.Errorf("beside a full link: %w", err)
			}
			return done
		})
	if errors.Is(err, done) {
		return nil
	}
	return err
}

func contextEndsRecv(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	cause := errors.New("the cause")
	waiting, cancel := context.WithTimeoutCause(ctx, full/2, cause)
	defer cancel()
	if _, err := leaves[0].receive(waiting, "nothing"); !errors.Is(err, cause) {
		return wants("a Recv that was waiting when its context ended", err, cause)
	}
	if _, err := leaves[0].receive(waiting, "nothing"); !errors.Is(err, cause) {
		return wants("Recv with a context that had ended", err, cause)
	}
	return exchange(ctx, hub, leaves[0], 10, func(int) int { return 100 })
}

func contextEndsSend(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	cause := errors.New("the cause")
	ending, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := newStream(leaves[0], "hub")
	over, end := context.WithCancelCause(ctx)
	end(cause)
	for range 20 { // one may be refused by chance
		if err := wants("Send with a context that had ended", out.send(over, 100), cause); err != nil {
			return err
		}
	}
	err = out.flood(ending, func() { cancel(cause) })
	if err := wants("a Send that was waiting when its context ended", err, cause); err != nil {
		return err
	}
	return ask(ctx, leaves[0], hub)
}

func closeEndsRecv(ctx context.Context, s *stage) error {
	_, leaves, err := s.meet(ctx, "a")
	if err != nil {
		return err
	}
	a := leaves[0]
	timer := time.AfterFunc(full/2, func() { _ = a.Close() })
	defer timer.Stop()
	_, err = a.receive(ctx, "nothing, until Close")
	if err := wants("a Recv that was waiting at Close", err, transport.ErrClosed); err != nil {
		return err
	}
	return a.isClosed(ctx, "hub")
}

func closeEndsSend(ctx context.Context, s *stage) error {
	hub, leaves, err := s.meet(ctx, "a", "b")
	if err != nil {
		return err
	}
	a, b := leaves[0], leaves[1]
	err = newStream(hub, "b").flood(ctx, func() { _ = b.Close() })
	if err := wants("a Send that was waiting when the peer closed", err, transport.ErrUnreachable); err != nil {
		return err
	}
	err = newStream(a, "hub").flood(ctx, func() { _ = a.Close() })
	if err := wants("a Send that was waiting at Close", err, transport.ErrClosed); err != nil {
		return err
	}
	return a.isClosed(ctx, "hub")
}

// isClosed wants every call on a closed end to say so, and Close to do nothing.
func (n *node) isClosed(ctx context.Context, peer string) error {
	_, errRecv := n.receive(ctx, "nothing, after Close")
	errs := []error{
		wants("Send after Close", n.Send(ctx, peer, []byte("hello")), transport.ErrClosed),
		wants("Recv after Close", errRecv, transport.ErrClosed),
	}
	if err := n.Close(); err != nil {
		errs = append(errs, fmt.Errorf("a second Close returned %w", err))
	}
	return errors.Join(errs...)
}
