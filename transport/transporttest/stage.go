package transporttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/halos-go/sdk/transport"
)

// A stage is the network of one law with the nodes that have joined.
type stage struct {
	net     Network
	ends    map[string]*node
	streams atomic.Uint64 // how many there have been

	mu    sync.Mutex
	waits map[*string]bool // what is being waited for
}

// A node is an end that checks every frame of a [stream] it receives. Its
// receiving half is for one goroutine.
type node struct {
	transport.Transport
	stage *stage
	name  string
	peers map[string]*peer
}

func newStage(net Network) *stage {
	return &stage{net: net, ends: make(map[string]*node), waits: make(map[*string]bool)}
}

func (s *stage) join(name string) (*node, error) {
	end, err := s.net.Join(name)
	if err != nil {
		return nil, fmt.Errorf("join %s: %w", name, err)
	}
	n := &node{Transport: end, stage: s, name: name, peers: make(map[string]*peer)}
	s.ends[name] = n
	return n, nil
}

// leave closes the end of a node.
func (s *stage) leave(n *node) error {
	delete(s.ends, n.name)
	if err := n.Close(); err != nil {
		return fmt.Errorf("close %s: %w", n.name, err)
	}
	return nil
}

func (s *stage) close() error {
	var errs []error
	for _, n := range s.ends {
		errs = append(errs, s.leave(n))
	}
	return errors.Join(errs...)
}

// waiting notes that something is waited for, until done is called.
func (s *stage) waiting(format string, args ...any) (done func()) {
	what := fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits[&what] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waits, &what)
	}
}

// pending says what is being waited for.
func (s *stage) pending() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for what := range s.waits {
		list = append(list, *what)
	}
	if len(list) == 0 {
		return "nothing is waited for"
	}
	slices.Sort(list)
	return strings.Join(list, "; ")
}

// Send sends, and notes that it does.
func (n *node) Send(ctx context.Context, to string, parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	defer n.stage.waiting("%s is waiting for Send of %d bytes to %q", n.name, size, to)()
	return n.Transport.Send(ctx, to, parts...)
}

// receive receives an event with a frame that is not checked. what says what is
// expected.
func (n *node) receive(ctx context.Context, what string) (transport.Event, error) {
	defer n.stage.waiting("%s is waiting for Recv of %s", n.name, what)()
	e, err := n.Recv(ctx)
	if err != nil {
		return e, fmt.Errorf("%s: recv: %w", n.name, err)
	}
	return e, nil
}

// A report is an event that has been checked. Its frame has been released.
type report struct {
	peer   string
	linked bool
	size   int
	stream uint64 // 0: the frame is of no stream
}

// next receives an event, checks it, and overwrites and releases its frame.
func (n *node) next(ctx context.Context, what string) (report, error) {
	e, err := n.receive(ctx, what)
	if err != nil {
		return report{}, err
	}
	defer release(e)
	return n.check(e)
}

// check judges an event.
func (n *node) check(e transport.Event) (report, error) {
	p := n.peers[e.Peer]
	if p == nil {
		p = &peer{streams: make(map[uint64]arrived)}
		n.peers[e.Peer] = p
	}
	if err := p.check(e); err != nil {
		return report{}, fmt.Errorf("%s: from %q: %w", n.name, e.Peer, err)
	}
	r := report{peer: e.Peer, linked: e.Linked, size: len(e.Frame)}
	if len(e.Frame) >= header {
		r.stream = word(e.Frame, 0)
	}
	return r, nil
}

// release overwrites a frame, as whoever gets its memory next does, and releases it.
func release(e transport.Event) {
	scribble(e.Frame[:cap(e.Frame)])
	if e.Release != nil {
		e.Release()
	}
}

// expect wants a frame from a peer as the next event.
func (n *node) expect(ctx context.Context, from string) error { return n.expectAll(ctx, 1, from) }

// expectAll wants count frames from a peer as the next events.
func (n *node) expectAll(ctx context.Context, count int, from string) error {
	for i := range count {
		e, err := n.next(ctx, fmt.Sprintf("%s's frame %d of %d", from, i+1, count))
		if err == nil && (e.linked || e.peer != from) {
			err = fmt.Errorf("%s: got %v, want a frame from %q", n.name, e, from)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// expectLinked wants news of the link to a peer as the next event.
func (n *node) expectLinked(ctx context.Context, peer string) error {
	e, err := n.next(ctx, fmt.Sprintf("Linked for %q", peer))
	if err == nil && (!e.linked || e.peer != peer) {
		err = fmt.Errorf("%s: got %v, want Linked for %q", n.name, e, peer)
	}
	return err
}

func (r report) String() string {
	if r.linked {
		return fmt.Sprintf("Linked for %q", r.peer)
	}
	return fmt.Sprintf("a frame of %d bytes from %q", r.size, r.peer)
}
