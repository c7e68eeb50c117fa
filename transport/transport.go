package transport

import (
	"context"
	"errors"
	"fmt"
)

// ErrClosed is returned by operations on a closed Transport.
var ErrClosed = errors.New("transport: closed")

// ErrUnreachable is returned by Send when there is no link to the peer now. It
// is no reason to give up: a Linked event follows when there is one.
var ErrUnreachable = errors.New("transport: peer unreachable")

// A Transport is one node's end of the network. It moves opaque frames and
// knows nothing of what is in them.
//
// While a link is up, the frames sent on it arrive whole, once and in order.
// When it breaks, frames on the way may be lost; when it is up, for the first
// time or again, both ends receive a Linked event before any later frame.
//
// All methods are safe for concurrent use.
type Transport interface {
	// Send hands one frame to the network: the bytes of its parts, one after the
	// other. Parts may be empty or nil. The caller may change them when Send has
	// returned. Send waits while the way is full, and does not wait for the
	// peer's Recv: both ends may send before either receives.
	//
	// No parts at all is a frame of no bytes. It is delivered like any other, so
	// a node can ask with it whether there is a link.
	//
	// Send returns [ErrUnreachable] (wrapped, with the peer's name) if there is
	// no link to the peer, [ErrClosed] after Close, or context.Cause(ctx).
	Send(ctx context.Context, to string, parts ...[]byte) error
	// Recv waits for the next event. It returns [ErrClosed] after Close, or
	// context.Cause(ctx).
	Recv(ctx context.Context) (Event, error)
	// Close releases the node's end and makes blocked calls return [ErrClosed].
	// Closing again does nothing.
	Close() error
}

// An Event is a frame from Peer or, if Linked, news that the link to Peer is up.
type Event struct {
	Peer   string // the Transport answers for it: it has authenticated the peer
	Linked bool
	// Frame is lent to the caller, who may also change it, until Release. Without
	// a Release it is the caller's for good.
	Frame []byte
	// Release gives the memory of Frame back. Call it once, when nobody reads
	// Frame any more; from any goroutine, also after the link's end and after
	// Close. The bytes of frames that are not released count against what the
	// node may land, and at some point hold its senders back. A frame that is
	// never released is never reused. nil: there is nothing to give back.
	Release func()
}

// size returns the length of the frame that has these parts.
func size(parts [][]byte) (n int) {
	for _, p := range parts {
		n += len(p)
	}
	return n
}

func unreachable(peer string) error { return fmt.Errorf("%w: %q", ErrUnreachable, peer) }

// decorates returns an error if a decorator has nothing to decorate.
func decorates(decorator string, inner Transport) error {
	if inner == nil {
		return fmt.Errorf("transport: %s.Transport is nil: want the Transport that it decorates", decorator)
	}
	return nil
}
