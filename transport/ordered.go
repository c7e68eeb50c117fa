package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
)

// ErrDisorder is returned by [Ordered.Recv] when the transport inside has
// broken its contract.
var ErrDisorder = errors.New("transport: contract broken")

// Ordered checks that the transport inside keeps the contract: that frames
// arrive once and in order, that none is missing unless Linked came since the
// one before it, and that Linked came before the first. Wrap both ends of every
// link: each frame carries a header of 64 bytes, which the other end takes off
// without a copy. It is so long that a frame keeps its alignment.
//
// The contract of Ordered itself holds as long as that of the inner transport
// does; then Recv returns [ErrDisorder], wrapped with what was wrong, and goes
// on doing so. One Recv, and one Send to each peer, goes on at a time.
//
// Ordered is for tests: it keeps some words for each name, and for each life of
// each peer, that it has ever heard from or sent to.
type Ordered struct {
	Transport

	turns turns // "to NAME" for each peer, and "recv"

	mu  sync.Mutex // guards out and own; what out points to belongs to its turn
	out map[string]*sending
	own uint64 // this end, as no other and no former life of it

	in     map[string]*receiving // Recv's turn
	failed error                 // Recv's turn
}

// sending is what has been sent to a peer.
type sending struct {
	last, sure uint64 // the last number given; the last that Send accepted
	header     [orderedHeader]byte
	parts      [][]byte // of the frame being sent
}

// receiving is what has been received from a peer.
type receiving struct {
	linked bool              // Linked came after the last frame
	life   uint64            // of the peer, now
	lives  map[uint64]uint64 // the last number of each
}

const orderedHeader = 64 // life, number, last number that is sure to have been sent before; zeros

// Send implements [Transport].
func (o *Ordered) Send(ctx context.Context, to string, parts ...[]byte) error {
	if err := decorates("Ordered", o.Transport); err != nil {
		return err
	}
	turn, err := o.turns.enter(ctx, "to "+to)
	if err != nil {
		return err
	}
	defer turn.leave()
	life, s := o.sending(to)
	s.last++
	for i, v := range []uint64{life, s.last, s.sure} {
		binary.LittleEndian.PutUint64(s.header[8*i:], v)
	}
	s.parts = append(append(s.parts[:0], s.header[:]), parts...)
	defer clear(s.parts) // they are the caller's
	if err := o.Transport.Send(ctx, to, s.parts...); err != nil {
		return err // perhaps sent, perhaps not: the number is used up, but not sure
	}
	s.sure = s.last
	return nil
}

// Recv implements [Transport].
func (o *Ordered) Recv(ctx context.Context) (Event, error) {
	if err := decorates("Ordered", o.Transport); err != nil {
		return Event{}, err
	}
	turn, err := o.turns.enter(ctx, "recv")
	if err != nil {
		return Event{}, err
	}
	defer turn.leave()
	if o.failed != nil {
		return Event{}, o.failed
	}
	e, err := o.Transport.Recv(ctx)
	if err != nil {
		return Event{}, err
	}
	if err := o.receiving(e.Peer).check(&e); err != nil {
		o.failed = fmt.Errorf("%w: from %q: %w", ErrDisorder, e.Peer, err)
		if e.Release != nil {
			e.Release()
		}
		return Event{}, o.failed
	}
	return e, nil
}

// Close implements [Transport].
func (o *Ordered) Close() error {
	if err := decorates("Ordered", o.Transport); err != nil {
		return err
	}
	o.turns.close()
	return o.Transport.Close()
}

func (o *Ordered) sending(to string) (life uint64, s *sending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.out == nil {
		o.out, o.own = make(map[string]*sending), rand.Uint64()
	}
	if o.out[to] == nil {
		o.out[to] = new(sending)
	}
	return o.own, o.out[to]
}

func (o *Ordered) receiving(from string) *receiving {
	if o.in == nil {
		o.in = make(map[string]*receiving)
	}
	if o.in[from] == nil {
		o.in[from] = &receiving{lives: make(map[uint64]uint64)}
	}
	return o.in[from]
}

// check takes the header off a frame and judges it.
func (r *receiving) check(e *Event) error {
	if e.Linked {
		r.linked = true
		return nil
	}
	if len(e.Frame) < orderedHeader {
		return fmt.Errorf("a frame of %d bytes has no number: wrap the other end too", len(e.Frame))
	}
	life := binary.LittleEndian.Uint64(e.Frame)
	number := binary.LittleEndian.Uint64(e.Frame[8:])
	sure := binary.LittleEndian.Uint64(e.Frame[16:])
	e.Frame = e.Frame[orderedHeader:]
	last, known := r.lives[life]
	switch {
	case len(r.lives) == 0 && !r.linked:
		return fmt.Errorf("frame %d before Linked", number)
	case known && number <= last:
		return fmt.Errorf("frame %d after %d: twice or out of order", number, last)
	case known && life != r.life:
		return fmt.Errorf("frame %d of an earlier life", number)
	case !known && !r.linked:
		return fmt.Errorf("frame %d of a new life without Linked", number)
	case sure > last && !r.linked:
		return fmt.Errorf("frame %d after %d: %d was sent, and there was no Linked", number, last, sure)
	}
	r.linked, r.life, r.lives[life] = false, life, number
	return nil
}
