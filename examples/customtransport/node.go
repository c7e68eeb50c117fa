package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/halos-go/sdk/transport"
)

// Config is what a [Node] needs.
type Config struct {
	Name     string       // 1 to 255 bytes
	Listener net.Listener // for peers that dial this node; nil: none do. Close closes it
	Dial     []net.Addr   // of the peers that this node dials; of two nodes, one dials
	Landing  uint64       // bytes of frames that were read and not released; 0: 256 MiB
}

// A Node is one end of a network of stream sockets. It may listen and dial, as an
// LPS does. A frame on the wire is its length, 8 bytes, and then its bytes. The
// first frame each way is the name of who sends it. Peers are believed: on a network
// that others use, wrap the connections in TLS and take the name from the certificate.
type Node struct {
	name    string
	events  chan transport.Event
	landing landing
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	mu      sync.Mutex
	links   map[string]*link // the links that are up, by peer
}

var _ transport.Transport = (*Node)(nil)

const (
	maxName = 255
	queue   = 16                     // events that wait for Recv
	redial  = 5 * time.Millisecond   // pause between two attempts
	linger  = 100 * time.Millisecond // how long Close lets peers read what was sent
	hello   = 10 * time.Second       // how long a connection may take to say its name
)

// A link is one connection. It is up until something goes wrong with it, and
// then another takes its place.
type link struct {
	conn   net.Conn
	ctx    context.Context // ends with the link
	cancel context.CancelFunc
	turn   chan struct{} // full: somebody sends
	down   chan struct{} // closed: its reader has returned
}

// Start starts a node.
func Start(cfg Config) (*Node, error) {
	if len(cfg.Name) == 0 || len(cfg.Name) > maxName {
		return nil, fmt.Errorf("customtransport: Config.Name is %d bytes long: want 1 to %d", len(cfg.Name), maxName)
	}
	n := &Node{name: cfg.Name, events: make(chan transport.Event, queue), landing: newLanding(cfg.Landing), links: make(map[string]*link)}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	if cfg.Listener != nil {
		context.AfterFunc(n.ctx, func() { cfg.Listener.Close() })
		n.wg.Go(func() { n.listen(cfg.Listener) })
	}
	for _, a := range cfg.Dial {
		n.wg.Go(func() { n.dial(a) })
	}
	return n, nil
}

func (n *Node) listen(l net.Listener) {
	for n.ctx.Err() == nil {
		if conn, err := l.Accept(); err == nil {
			n.wg.Go(func() { n.serve(conn) })
		} else {
			n.pause() // too many open files, perhaps
		}
	}
}

func (n *Node) dial(to net.Addr) {
	for n.ctx.Err() == nil {
		if conn, err := new(net.Dialer).DialContext(n.ctx, to.Network(), to.String()); err == nil {
			n.serve(conn)
		}
		n.pause()
	}
}

func (n *Node) pause() {
	select {
	case <-time.After(redial):
	case <-n.ctx.Done():
	}
}

// serve makes a link of a connection and receives from it until it breaks.
func (n *Node) serve(conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(n.ctx, func() { hangUp(conn) })
	defer stop()
	peer, err := n.greet(conn)
	if err != nil || n.ctx.Err() != nil {
		return
	}
	l := &link{conn: conn, turn: make(chan struct{}, 1), down: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(n.ctx)
	defer l.cancel()
	defer close(l.down)
	n.mu.Lock()
	old := n.links[peer]
	n.links[peer] = l
	n.mu.Unlock()
	if old != nil { // its frames come before our Linked, or not at all
		old.spoil()
		<-old.down
	}
	n.receive(l, peer)
	n.mu.Lock()
	if n.links[peer] == l {
		delete(n.links, peer)
	}
	n.mu.Unlock()
	if n.ctx.Err() != nil {
		drain(conn)
	}
}

// greet exchanges names.
func (n *Node) greet(conn net.Conn) (peer string, err error) {
	_ = conn.SetDeadline(time.Now().Add(hello))
	if err := write(conn, [][]byte{[]byte(n.name)}); err != nil {
		return "", err
	}
	size, err := readSize(conn)
	if err == nil && (size == 0 || size > maxName) {
		err = fmt.Errorf("a name of %d bytes: want 1 to %d", size, maxName)
	}
	if err != nil {
		return "", err
	}
	name, err := read(conn, nil, int(size))
	_ = conn.SetDeadline(time.Time{})
	return string(name), err
}

// receive passes on what comes: first that the link is up, and then frames.
func (n *Node) receive(l *link, peer string) {
	for e := (transport.Event{Peer: peer, Linked: true}); ; {
		select {
		case n.events <- e:
		case <-l.ctx.Done():
			if e.Release != nil {
				e.Release()
			}
			return
		}
		frame, release, err := n.landing.frame(l.ctx, l.conn)
		if err != nil {
			return
		}
		e = transport.Event{Peer: peer, Frame: frame, Release: release}
	}
}

// Send implements [transport.Transport].
func (n *Node) Send(ctx context.Context, to string, parts ...[]byte) error {
	if size := length(parts); size > maxFrame {
		return fmt.Errorf("send to %q: a frame of %d bytes: want at most %d", to, size, uint64(maxFrame))
	}
	n.mu.Lock()
	l := n.links[to]
	n.mu.Unlock()
	if l == nil || ctx.Err() != nil || n.ctx.Err() != nil {
		return n.why(ctx, to)
	}
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-l.down: // also by Close
		return n.why(ctx, to)
	case <-ctx.Done():
		return n.why(ctx, to)
	}
	stop := context.AfterFunc(ctx, l.spoil) // half a frame may be out
	defer stop()
	if err := write(l.conn, parts); err != nil {
		l.spoil()
		return n.why(ctx, to)
	}
	return nil
}

// why returns the reason for which a Send has failed.
func (n *Node) why(ctx context.Context, to string) error {
	switch {
	case n.ctx.Err() != nil:
		return transport.ErrClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %q", transport.ErrUnreachable, to)
}

// Recv implements [transport.Transport].
func (n *Node) Recv(ctx context.Context) (transport.Event, error) {
	if n.ctx.Err() != nil {
		return transport.Event{}, transport.ErrClosed
	}
	if ctx.Err() != nil {
		return transport.Event{}, context.Cause(ctx)
	}
	select {
	case e := <-n.events:
		return e, nil
	case <-n.ctx.Done():
		return transport.Event{}, transport.ErrClosed
	case <-ctx.Done():
		return transport.Event{}, context.Cause(ctx)
	}
}

// Close implements [transport.Transport].
func (n *Node) Close() error {
	n.cancel()
	n.wg.Wait()
	return nil
}

// spoil breaks a link: nothing that is on it counts any more.
func (l *link) spoil() {
	l.cancel()
	l.conn.Close()
}

// write sends one frame. The kernel gathers its parts.
func write(conn net.Conn, parts [][]byte) error {
	size := binary.LittleEndian.AppendUint64(nil, length(parts))
	frame := append(net.Buffers{size}, parts...)
	_, err := frame.WriteTo(conn)
	return err
}

func length(parts [][]byte) (size uint64) {
	for _, p := range parts {
		size += uint64(len(p))
	}
	return size
}
