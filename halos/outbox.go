package halos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/transport"
)

// A frame is a message on its way to a peer. It is filled by the loop, completed by the
// completer, and given back by the sender.
type frame struct {
	to     string
	header []byte
	body   *body // nil: none, or it is small and in the header's memory
	minor  bool  // it takes no other frame's place: a refusal, as of a former life's request
}

var frames = sync.Pool{New: func() any { return new(frame) }}

// release ends a frame, sent or not.
func (f *frame) release() {
	if f.body != nil {
		f.body.release()
	}
	*f = frame{header: f.header[:0]}
	frames.Put(f)
}

// An outbox has what waits to be sent: at most one frame for each peer, as a node never
// has two unanswered messages at one peer; a later frame replaces an unsent earlier one.
// A peer has a goroutine, its sender, only while there is something to send to it.
type outbox struct {
	net    transport.Transport
	ctx    context.Context // of the senders
	cancel context.CancelCauseFunc
	fail   func(error)
	tell   func(peer string, reached bool) // what became of the link to a peer: see mark

	mu      sync.Mutex // guards what follows
	sending map[string]*sending
	away    map[string]bool // peers to which there was no link
	senders sync.WaitGroup
}

// sending is the state of one sender.
type sending struct {
	next   *frame // nil: none
	probe  bool   // if there is no frame, see whether there is a link
	cancel context.CancelFunc
}

func newOutbox(ctx context.Context, net transport.Transport, fail func(error), tell func(string, bool)) *outbox {
	o := &outbox{net: net, fail: fail, tell: tell, sending: make(map[string]*sending), away: make(map[string]bool)}
	o.ctx, o.cancel = context.WithCancelCause(ctx)
	return o
}

// put leaves f to be sent, in place of an unsent one. Of a minor one and another the
// other is sent.
func (o *outbox) put(f *frame) {
	o.post(f.to, func(s *sending) {
		if s.next != nil && !s.next.minor && f.minor {
			f.release()
			return
		}
		if s.next != nil {
			s.next.release()
		}
		s.next = f
	})
}

// probe sends a frame of no bytes to a peer, to see whether there is a link.
func (o *outbox) probe(peer string) { o.post(peer, func(s *sending) { s.probe = true }) }

func (o *outbox) post(peer string, add func(*sending)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.sending[peer]
	if s != nil {
		add(s)
		return
	}
	ctx, cancel := context.WithCancel(o.ctx)
	s = &sending{cancel: cancel}
	add(s)
	o.sending[peer] = s
	o.senders.Go(func() { o.send(ctx, peer, s) })
}

// send empties the box of one peer.
func (o *outbox) send(ctx context.Context, peer string, s *sending) {
	defer s.cancel()
	for {
		f, ok := o.take(peer, s)
		if !ok {
			return
		}
		var err error
		switch {
		case f == nil:
			err = o.net.Send(ctx, peer)
		case f.body == nil:
			err = o.net.Send(ctx, peer, f.header)
		default:
			err = o.net.Send(ctx, peer, f.header, kernels.Bytes(f.body.v))
		}
		if f != nil {
			f.release()
		}
		o.judge(ctx, peer, err)
	}
}

// take returns what is next for a peer: a frame, or nil for a probe. If there is nothing
// the sender ends.
func (o *outbox) take(peer string, s *sending) (f *frame, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.next == nil && !s.probe {
		if o.sending[peer] == s {
			delete(o.sending, peer)
		}
		return nil, false
	}
	f = s.next
	s.next, s.probe = nil, false
	return f, true
}

// judge notes what became of a Send. A frame that cannot be sent is dropped: the Linked
// that will follow makes whoever waits for an answer ask again.
func (o *outbox) judge(ctx context.Context, peer string, err error) {
	switch {
	case err == nil:
		o.mark(peer, false)
	case errors.Is(err, transport.ErrUnreachable):
		o.mark(peer, true)
	case ctx.Err() == nil:
		o.fail(fmt.Errorf("halos: send to %s: %w", peer, err))
	}
}

// mark tells that a peer is away, each time, as the loop may have heard from it since; and
// that it is there, if it was away.
func (o *outbox) mark(peer string, away bool) {
	o.mu.Lock()
	news := away || o.away[peer]
	if away {
		o.away[peer] = true
	} else {
		delete(o.away, peer)
	}
	o.mu.Unlock()
	if news {
		o.tell(peer, !away)
	}
}

// drop ends what is on its way to a peer that is not counted on any more.
func (o *outbox) drop(peer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.away, peer)
	if s := o.sending[peer]; s != nil {
		if s.next != nil {
			s.next.release()
			s.next = nil
		}
		s.cancel()
		delete(o.sending, peer) // a later message has a sender of its own
	}
}

// forget forgets who was away, but for those who are counted on.
func (o *outbox) forget(counted func(peer string) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for peer := range o.away {
		if !counted(peer) {
			delete(o.away, peer)
		}
	}
}

// close waits until all is sent, or until stop says so: then what is left is not sent.
func (o *outbox) close(stop <-chan time.Time, cause error) {
	done := make(chan struct{})
	go func() { // ends when the senders do, which is before close returns
		o.senders.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-stop:
		o.cancel(cause)
		<-done
	}
	o.cancel(nil)
}
