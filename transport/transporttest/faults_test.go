package transporttest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halos-go/sdk/transport"
)

// A fault is a way to be wrong, and the laws that must notice.
type fault struct {
	name     string
	caughtBy []string
	make     func(t *testing.T) wrapper
	slow     bool
	says     string // in what the laws report; "": anything
}

// broken is a transport of which some methods have been replaced.
type broken struct {
	transport.Transport
	send  func(ctx context.Context, to string, parts ...[]byte) error
	recv  func(ctx context.Context) (transport.Event, error)
	close func() error
}

func (b *broken) Send(ctx context.Context, to string, parts ...[]byte) error {
	if b.send == nil {
		return b.Transport.Send(ctx, to, parts...)
	}
	return b.send(ctx, to, parts...)
}

func (b *broken) Recv(ctx context.Context) (transport.Event, error) {
	if b.recv == nil {
		return b.Transport.Recv(ctx)
	}
	return b.recv(ctx)
}

func (b *broken) Close() error {
	if b.close == nil {
		return b.Transport.Close()
	}
	return b.close()
}

// ends makes a wrapper that replaces methods of each end on its own.
func ends(replace func(b *broken)) func(*testing.T) wrapper {
	return func(*testing.T) wrapper {
		return func(end transport.Transport, _ string, _ *transport.Mem) transport.Transport {
			b := &broken{Transport: end}
			replace(b)
			return b
		}
	}
}

// sends makes a wrapper that replaces Send by one that also gets the number of
// the call, from 1.
func sends(send func(b *broken, ctx context.Context, n int64, to string, parts [][]byte) error) func(*testing.T) wrapper {
	return ends(func(b *broken) {
		var n atomic.Int64
		b.send = func(ctx context.Context, to string, parts ...[]byte) error { return send(b, ctx, n.Add(1), to, parts) }
	})
}

// hears makes a wrapper that changes what Recv returns, or drops it.
func hears(change func(e *transport.Event, n int) (keep bool)) func(*testing.T) wrapper {
	return ends(func(b *broken) {
		n := 0
		b.recv = func(ctx context.Context) (transport.Event, error) {
			for {
				e, err := b.Transport.Recv(ctx)
				n++
				if err != nil || change(&e, n) {
					return e, err
				}
			}
		}
	})
}

var faults = []fault{
	{name: "loses a frame", caughtBy: []string{"WholeOnceInOrder", "FloodBothWays"},
		make: sends(func(b *broken, ctx context.Context, n int64, to string, parts [][]byte) error {
			if n == 30 {
				return nil
			}
			return b.Transport.Send(ctx, to, parts...)
		})},
	{name: "loses the last frame", caughtBy: []string{"WholeOnceInOrder"},
		make: sends(func(b *broken, ctx context.Context, n int64, to string, parts [][]byte) error {
			if n == 1001 {
				return nil
			}
			return b.Transport.Send(ctx, to, parts...)
		})},
	{name: "duplicates frames", caughtBy: []string{"WholeOnceInOrder", "ConcurrentSenders", "ConcurrentReceivers", "CutsUnderTraffic"},
		make: ends(func(b *broken) { b.send = (&transport.Duplicate{Transport: b.Transport, Rate: 0.2}).Send })},
	{name: "reorders frames", caughtBy: []string{"WholeOnceInOrder"},
		make: func(t *testing.T) wrapper {
			return ends(func(b *broken) {
				var held []byte
				n := 0
				b.send = func(ctx context.Context, to string, parts ...[]byte) error {
					if n++; n == 20 {
						held = bytes.Join(parts, nil)
						return nil
					}
					err := b.Transport.Send(ctx, to, parts...)
					if err == nil && n == 21 {
						err = b.Transport.Send(ctx, to, held)
					}
					return err
				}
			})(t)
		}},
	{name: "cuts a byte off", caughtBy: []string{"WholeOnceInOrder", "ReceiverOwnsItsFrame"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			frame := bytes.Join(parts, nil)
			return b.Transport.Send(ctx, to, frame[:min(len(frame), len(frame)/2+900)])
		})},
	{name: "corrupts large frames", caughtBy: []string{"EmptyAndLargeFrames"},
		make: hears(func(e *transport.Event, _ int) bool {
			if len(e.Frame) > 1<<20 {
				e.Frame[1<<20]++
			}
			return true
		})},
	{name: "drops empty frames", caughtBy: []string{"EmptyAndLargeFrames"},
		make: hears(func(e *transport.Event, _ int) bool { return e.Linked || len(e.Frame) > 0 })},
	{name: "shares memory between sender and receivers", caughtBy: []string{"SenderKeepsItsParts", "ReceiverOwnsItsFrame"},
		make: sharing},
	{name: "receives into one buffer", caughtBy: []string{"ReceiverOwnsItsFrame"},
		make: ends(func(b *broken) {
			var buf []byte
			b.recv = func(ctx context.Context) (transport.Event, error) {
				e, err := b.Transport.Recv(ctx)
				buf = append(buf[:0], e.Frame...)
				e.Frame = buf
				return e, err
			}
		})},
	{name: "ignores Recv's context", caughtBy: []string{"ContextEndsRecv"},
		make: ends(func(b *broken) {
			b.recv = func(ctx context.Context) (transport.Event, error) {
				return b.Transport.Recv(context.WithoutCancel(ctx))
			}
		})},
	{name: "ignores Send's context", caughtBy: []string{"ContextEndsSend"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			return b.Transport.Send(context.WithoutCancel(ctx), to, parts...)
		})},
	{name: "returns ctx.Err and not the cause", caughtBy: []string{"ContextEndsRecv", "ContextEndsSend"},
		make: ends(func(b *broken) {
			errOf := func(ctx context.Context, err error) error {
				if err != nil && ctx.Err() != nil {
					return ctx.Err()
				}
				return err
			}
			b.recv = func(ctx context.Context) (transport.Event, error) {
				e, err := b.Transport.Recv(ctx)
				return e, errOf(ctx, err)
			}
			b.send = func(ctx context.Context, to string, parts ...[]byte) error {
				return errOf(ctx, b.Transport.Send(ctx, to, parts...))
			}
		})},
	{name: "does not say Linked", caughtBy: []string{"LinkedComesFirst", "AbsentPeer"},
		make: hears(func(e *transport.Event, _ int) bool { return !e.Linked })},
	{name: "says Linked only the first time", caughtBy: []string{"HubRestarts", "CutAndHeal"},
		make: hears(func(e *transport.Event, n int) bool { return !e.Linked || n <= 3 })},
	{name: "says Linked after the first frame", caughtBy: []string{"LinkedComesFirst"}, make: tardy},
	{name: "sends again after Linked what it sent before", caughtBy: []string{"CutAndHeal", "CutsUnderTraffic"}, make: resending},
	{name: "takes frames for anybody", caughtBy: []string{"UnknownPeer", "AbsentPeer"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			err := b.Transport.Send(ctx, to, parts...)
			if errors.Is(err, transport.ErrUnreachable) {
				return nil
			}
			return err
		})},
	{name: "does not name the peer", caughtBy: []string{"UnknownPeer"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			err := b.Transport.Send(ctx, to, parts...)
			if errors.Is(err, transport.ErrUnreachable) {
				return transport.ErrUnreachable
			}
			return err
		})},
	{name: "does not close", caughtBy: []string{"CloseEndsRecv", "CloseEndsSend", "LeafRestarts"},
		make: ends(func(b *broken) { b.close = func() error { return nil } })},
	{name: "does not close twice", caughtBy: []string{"CloseEndsRecv"},
		make: ends(func(b *broken) {
			closed := false
			b.close = func() error {
				if closed {
					return transport.ErrClosed
				}
				closed = true
				return b.Transport.Close()
			}
		})},
	{name: "confuses closed with unreachable", caughtBy: []string{"CloseEndsRecv", "CloseEndsSend"},
		make: sends(func(b *broken, ctx context.Context, _ int64, to string, parts [][]byte) error {
			err := b.Transport.Send(ctx, to, parts...)
			if errors.Is(err, transport.ErrClosed) {
				return transport.ErrUnreachable
			}
			return err
		})},
	{name: "leaves a goroutine", caughtBy: []string{"LinkedComesFirst"},
		make: ends(func(*broken) { go time.Sleep(time.Hour) })},
	{name: "sends to one peer at a time", caughtBy: []string{"FullLinkHoldsUpNobody"},
		make: ends(func(b *broken) {
			lock := make(chan struct{}, 1)
			b.send = func(ctx context.Context, to string, parts ...[]byte) error {
				lock <- struct{}{}
				defer func() { <-lock }()
				return b.Transport.Send(ctx, to, parts...)
			}
		})},
	{name: "starves a peer", caughtBy: []string{"BusyPeerSilencesNobody"}, slow: true,
		make: hears(func(e *transport.Event, n int) bool { return e.Peer != "b" || n <= 5 })},
}

// sharing hands frames of 2000 bytes over as they are: those that the laws on
// ownership look at, one goroutine at a time, so that this is no data race.
func sharing(*testing.T) wrapper {
	var frames sync.Map
	return func(end transport.Transport, _ string, _ *transport.Mem) transport.Transport {
		b := &broken{Transport: end}
		b.send = func(ctx context.Context, to string, parts ...[]byte) error {
			if len(parts) == 1 && len(parts[0]) == 2000 {
				frames.Store(string(parts[0]), parts[0])
			}
			return end.Send(ctx, to, parts...)
		}
		b.recv = func(ctx context.Context) (transport.Event, error) {
			e, err := end.Recv(ctx)
			if shared, ok := frames.Load(string(e.Frame)); ok {
				e.Frame = shared.([]byte)
			}
			return e, err
		}
		return b
	}
}

// tardy swaps Linked with the event after it, which it waits for.
func tardy(t *testing.T) wrapper {
	return ends(func(b *broken) {
		var late *transport.Event
		b.recv = func(ctx context.Context) (transport.Event, error) {
			if late != nil {
				e := *late
				late = nil
				return e, nil
			}
			e, err := b.Transport.Recv(ctx)
			if err == nil && e.Linked {
				late = &e
				return b.Transport.Recv(ctx)
			}
			return e, err
		}
	})(t)
}

// resending sends the last frame to a peer again after Linked, as if it knew
// that the frame was lost.
func resending(t *testing.T) wrapper {
	return ends(func(b *broken) {
		var mu sync.Mutex
		last := make(map[string][]byte)
		b.send = func(ctx context.Context, to string, parts ...[]byte) error {
			err := b.Transport.Send(ctx, to, parts...)
			if err == nil {
				mu.Lock()
				last[to] = bytes.Join(parts, nil)
				mu.Unlock()
			}
			return err
		}
		b.recv = func(ctx context.Context) (transport.Event, error) {
			e, err := b.Transport.Recv(ctx)
			mu.Lock()
			frame := last[e.Peer]
			mu.Unlock()
			if err == nil && e.Linked && frame != nil {
				_ = b.Transport.Send(ctx, e.Peer, frame)
			}
			return e, err
		}
	})(t)
}
