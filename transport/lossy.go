package transport

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"sync"
)

// Lossy loses frames the only way the contract allows: with the link. A lost
// frame is what Send reports as sent when the connection is reset a moment
// later: it is gone, with whatever else was on the link in either direction,
// and both ends hear Linked. So the contract holds, and a program that stands
// still behind Lossy does not repeat what it must on Linked.
//
// Which frames are lost is decided by Seed, the peer's name, and the number of
// the frame among those to that peer; how goroutines interleave does not matter.
// It keeps a few words for each name it has ever sent to.
type Lossy struct {
	Transport
	// Rate is the share of frames lost, from 0 to 1. At 1 nothing arrives.
	Rate float64
	// Seed chooses which.
	Seed uint64
	// Break breaks this node's link to a peer so that it comes up again, and
	// reports whether there was one; if not, the frame goes the ordinary way.
	// On a [Mem] it is Mem.Break with the own name; on sockets, closing the
	// connection. Send fails without it.
	Break func(to string) bool

	dice dice
}

// Send implements [Transport].
func (l *Lossy) Send(ctx context.Context, to string, parts ...[]byte) error {
	if err := decorates("Lossy", l.Transport); err != nil {
		return err
	}
	if l.Break == nil {
		return errors.New("transport: Lossy.Break is nil: want a function that breaks the link to a peer")
	}
	if l.dice.roll(l.Seed, to) < l.Rate && ctx.Err() == nil && l.Break(to) {
		return nil
	}
	return l.Transport.Send(ctx, to, parts...)
}

// Recv implements [Transport].
func (l *Lossy) Recv(ctx context.Context) (Event, error) {
	if err := decorates("Lossy", l.Transport); err != nil {
		return Event{}, err
	}
	return l.Transport.Recv(ctx)
}

// Close implements [Transport].
func (l *Lossy) Close() error {
	if err := decorates("Lossy", l.Transport); err != nil {
		return err
	}
	return l.Transport.Close()
}

// dice is a stream of random numbers for each peer. The zero value is ready.
type dice struct {
	mu    sync.Mutex
	peers map[string]*rand.Rand
}

// roll returns the peer's next number, from 0 up to but not 1.
func (d *dice) roll(seed uint64, peer string) float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.peers == nil {
		d.peers = make(map[string]*rand.Rand)
	}
	r := d.peers[peer]
	if r == nil {
		h := fnv.New64a()
		h.Write([]byte(peer))
		r = rand.New(rand.NewPCG(seed, h.Sum64()))
		d.peers[peer] = r
	}
	return r.Float64()
}
