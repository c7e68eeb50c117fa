package transport

import (
	"context"
	"maps"
	"sync"
)

// Meter counts what a node sends and receives. The contract holds. It keeps the
// counters of every name that it has ever heard from or sent to.
type Meter struct {
	Transport

	mu    sync.Mutex
	peers map[string]Traffic
}

// Traffic is what went between a node and one peer since the [Meter] was made.
type Traffic struct {
	Sent     Volume // frames that Send accepted
	Received Volume // frames that Recv returned
	Linked   uint64 // times Recv said that the link was up
}

// A Volume is a number of frames and the bytes in them.
type Volume struct{ Frames, Bytes uint64 }

// Traffic returns the counters of all peers as they are at one moment. The
// caller owns the map.
func (m *Meter) Traffic() map[string]Traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.peers)
}

// Send implements [Transport].
func (m *Meter) Send(ctx context.Context, to string, parts ...[]byte) error {
	if err := decorates("Meter", m.Transport); err != nil {
		return err
	}
	n := size(parts)
	err := m.Transport.Send(ctx, to, parts...)
	if err == nil {
		m.count(to, func(t *Traffic) { t.Sent.add(n) })
	}
	return err
}

// Recv implements [Transport].
func (m *Meter) Recv(ctx context.Context) (Event, error) {
	if err := decorates("Meter", m.Transport); err != nil {
		return Event{}, err
	}
	e, err := m.Transport.Recv(ctx)
	switch {
	case err != nil:
	case e.Linked:
		m.count(e.Peer, func(t *Traffic) { t.Linked++ })
	default:
		m.count(e.Peer, func(t *Traffic) { t.Received.add(len(e.Frame)) })
	}
	return e, err
}

// Close implements [Transport].
func (m *Meter) Close() error {
	if err := decorates("Meter", m.Transport); err != nil {
		return err
	}
	return m.Transport.Close()
}

func (m *Meter) count(peer string, add func(*Traffic)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.peers == nil {
		m.peers = make(map[string]Traffic)
	}
	t := m.peers[peer]
	add(&t)
	m.peers[peer] = t
}

func (v *Volume) add(size int) {
	v.Frames++
	v.Bytes += uint64(size)
}
