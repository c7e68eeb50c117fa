package transporttest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/halos-go/sdk/transport"
)

// Faults against the laws about parts, memory, waiting and hierarchies.
var moreFaults = []fault{
	{name: "sends the first part", caughtBy: []string{"PartsAreOneFrame", "WholeOnceInOrder"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			return b.Transport.Send(ctx, to, parts[:min(1, len(parts))]...)
		})},
	{name: "sends each part as a frame", caughtBy: []string{"PartsAreOneFrame", "WholeOnceInOrder"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) (err error) {
			for _, p := range parts {
				err = errors.Join(err, b.Transport.Send(ctx, to, p))
			}
			return err
		})},
	{name: "takes no parts for nothing to send", caughtBy: []string{"PartsAreOneFrame"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			if len(parts) == 0 {
				return nil
			}
			return b.Transport.Send(ctx, to, parts...)
		})},
	{name: "sends a thousand parts at most", caughtBy: []string{"PartsAreOneFrame"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			return b.Transport.Send(ctx, to, parts[:min(1000, len(parts))]...)
		})},
	{name: "reuses a frame before its Release", caughtBy: []string{"ReceiverOwnsItsFrame"},
		make: hears(func(e *transport.Event, _ int) bool {
			if e.Release != nil {
				e.Release()
				e.Release = func() {}
			}
			return true
		})},
	{name: "lands in a frame that is not released", caughtBy: []string{"IntactUntilRelease"},
		make: ends(func(b *broken) { // from Recv's goroutine, so that this is no data race
			last := make(map[int][]byte)
			b.recv = func(ctx context.Context) (transport.Event, error) {
				e, err := b.Transport.Recv(ctx)
				if err != nil || len(e.Frame) < 1000 {
					return e, err
				}
				n, release := len(e.Frame), e.Release
				copy(last[n], e.Frame)
				last[n] = e.Frame
				e.Release = func() {
					delete(last, n)
					release()
				}
				return e, nil
			}
		})},
	{name: "takes the memory of frames back at Close", caughtBy: []string{"ReleaseLate"},
		make: ends(func(b *broken) {
			var all []func()
			b.recv = func(ctx context.Context) (transport.Event, error) {
				e, err := b.Transport.Recv(ctx)
				if e.Release != nil {
					all = append(all, e.Release)
				}
				return e, err
			}
			b.close = func() error {
				for _, release := range all {
					release()
				}
				return b.Transport.Close()
			}
		})},
	{name: "releases the frame before", caughtBy: []string{"ReceiverOwnsItsFrame"},
		make: ends(func(b *broken) {
			last := func() {}
			b.recv = func(ctx context.Context) (transport.Event, error) {
				e, err := b.Transport.Recv(ctx)
				if err == nil && e.Release != nil {
					last()
					last, e.Release = e.Release, func() {}
				}
				return e, err
			}
		})},
	{name: "panics at Release after Close", caughtBy: []string{"ReleaseLate"},
		make: lateRelease(func() { panic("released after Close") })},
	{name: "waits in Release after Close", caughtBy: []string{"ReleaseLate"},
		make: lateRelease(func() { time.Sleep(time.Hour) })},
	{name: "counts nothing against the landing budget", caughtBy: []string{"UnreleasedHoldsBack"},
		make: hears(func(e *transport.Event, _ int) bool {
			if e.Release != nil {
				e.Frame = append([]byte(nil), e.Frame...)
				e.Release()
				e.Release = func() {}
			}
			return true
		})},
	{name: "forgets to make room at Release", caughtBy: []string{"UnreleasedHoldsBack"},
		make: hears(func(e *transport.Event, n int) bool {
			if e.Release != nil && n%2 == 0 {
				e.Release = func() {}
			}
			return true
		})},
	{name: "counts frames that were lost", caughtBy: []string{"LostFramesMakeRoom"},
		make: func(*testing.T) wrapper { return countingLost() }},
	{name: "waits in Send for Recv", caughtBy: []string{"SendDoesNotWaitForRecv"},
		make: func(*testing.T) wrapper { return rendezvous() },
	},
	{name: "has one link at a time", caughtBy: []string{"Chain", "ConcurrentSenders"},
		make: ends(func(b *broken) {
			var mu sync.Mutex
			first := ""
			b.send = func(ctx context.Context, to string, parts ...[]byte) error {
				mu.Lock()
				if first == "" {
					first = to
				}
				other := first != to
				mu.Unlock()
				if other {
					return transport.ErrUnreachable
				}
				return b.Transport.Send(ctx, to, parts...)
			}
		})},
	{name: "does not dial again after it was started again", caughtBy: []string{"ChainMiddleRestarts"},
		make: func(*testing.T) wrapper {
			starts := 0
			return func(end transport.Transport, name string, net *transport.Mem) transport.Transport {
				if name == "mid" {
					if starts++; starts > 1 {
						net.Cut("mid", "top")
					}
				}
				return end
			}
		}},
	{name: "breaks all links when one is cut", caughtBy: []string{"ChainCut"},
		make: func(*testing.T) wrapper {
			return func(end transport.Transport, name string, net *transport.Mem) transport.Transport {
				b := &broken{Transport: end}
				b.send = func(ctx context.Context, to string, parts ...[]byte) error {
					err := end.Send(ctx, to, parts...)
					if errors.Is(err, transport.ErrUnreachable) && name == "mid" {
						net.Break("mid", "low")
					}
					return err
				}
				return b
			}
		}},
	{name: "panics in Send", caughtBy: []string{"WholeOnceInOrder", "Chain", "ContextEndsSend"}, says: "panic: index out of range",
		make: sends(func(b *broken, ctx context.Context, n int64, to string, parts [][]byte) error {
			if n > 2 {
				panic("index out of range")
			}
			return b.Transport.Send(ctx, to, parts...)
		})},
	{name: "panics in Close", caughtBy: []string{"LinkedComesFirst"}, says: "panic: close of nil channel",
		make: ends(func(b *broken) { b.close = func() error { _ = b.Transport.Close(); panic("close of nil channel") } })},
	{name: "stops receiving", caughtBy: []string{"BusyPeerSilencesNobody", "WholeOnceInOrder"}, says: "is waiting for Recv of",
		make: ends(func(b *broken) {
			n := 0
			b.recv = func(ctx context.Context) (transport.Event, error) {
				if n++; n > 5 {
					<-ctx.Done()
					return transport.Event{}, context.Cause(ctx)
				}
				return b.Transport.Recv(ctx)
			}
		})},
}

// lateRelease calls late in each Release after Close.
func lateRelease(late func()) func(*testing.T) wrapper {
	return ends(func(b *broken) {
		var mu sync.Mutex
		closed := false
		b.close = func() error {
			mu.Lock()
			closed = true
			mu.Unlock()
			return b.Transport.Close()
		}
		b.recv = func(ctx context.Context) (transport.Event, error) {
			e, err := b.Transport.Recv(ctx)
			if release := e.Release; release != nil {
				e.Release = func() {
					mu.Lock()
					gone := closed
					mu.Unlock()
					if gone {
						late()
					}
					release()
				}
			}
			return e, err
		}
	})
}

// countingLost has room for some frames above 10 kB, each until its Release.
func countingLost() wrapper {
	var room chan struct{} // made in the bubble of the law, or its clock would stand still
	return func(end transport.Transport, _ string, _ *transport.Mem) transport.Transport {
		if room == nil {
			room = make(chan struct{}, 32)
		}
		b := &broken{Transport: end}
		b.send = func(ctx context.Context, to string, parts ...[]byte) error {
			if len(bytes.Join(parts, nil)) > 10_000 {
				select {
				case room <- struct{}{}:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return end.Send(ctx, to, parts...)
		}
		b.recv = func(ctx context.Context) (transport.Event, error) {
			e, err := end.Recv(ctx)
			if release := e.Release; len(e.Frame) > 10_000 {
				e.Release = func() { <-room; release() }
			}
			return e, err
		}
		return b
	}
}

// rendezvous lets Send return when the peer has received.
func rendezvous() wrapper {
	var mu sync.Mutex
	taken := make(map[string]chan struct{})
	lane := func(from, to string) chan struct{} {
		mu.Lock()
		defer mu.Unlock()
		if taken[from+to] == nil {
			taken[from+to] = make(chan struct{}, 1000)
		}
		return taken[from+to]
	}
	return func(end transport.Transport, name string, _ *transport.Mem) transport.Transport {
		b := &broken{Transport: end}
		b.send = func(ctx context.Context, to string, parts ...[]byte) error {
			if err := end.Send(ctx, to, parts...); err != nil {
				return err
			}
			select {
			case <-lane(name, to):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		b.recv = func(ctx context.Context) (transport.Event, error) {
			e, err := end.Recv(ctx)
			if err == nil && !e.Linked {
				lane(e.Peer, name) <- struct{}{}
			}
			return e, err
		}
		return b
	}
}
