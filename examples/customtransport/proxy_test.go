package main

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A proxy lies between a child and its parent, so that a test can cut the link.
type proxy struct {
	parent string // its address
	wg     sync.WaitGroup
	mu     sync.Mutex
	cut    bool
	conns  map[net.Conn]bool // that are open
}

// newProxy listens for the child at an address until the test ends.
func newProxy(t testing.TB, address, parent string) *proxy {
	l, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{parent: parent, conns: make(map[net.Conn]bool)}
	p.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			p.wg.Go(func() { p.join(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.set(true)
		p.wg.Wait()
	})
	return p
}

// join copies between a child and the parent until one of them closes, or a cut.
func (p *proxy) join(child net.Conn) {
	defer child.Close()
	parent, err := net.Dial("unix", p.parent)
	if err != nil {
		return
	}
	defer parent.Close()
	p.mu.Lock()
	cut := p.cut
	p.conns[child], p.conns[parent] = true, true
	p.mu.Unlock()
	if !cut {
		var wg sync.WaitGroup
		for _, way := range [][2]net.Conn{{child, parent}, {parent, child}} {
			wg.Go(func() {
				_, _ = io.Copy(way[0], way[1])
				child.Close()
				parent.Close()
			})
		}
		wg.Wait()
	}
	p.mu.Lock()
	delete(p.conns, child)
	delete(p.conns, parent)
	p.mu.Unlock()
}

// set cuts or heals the link.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	for conn := range p.conns {
		if cut {
			conn.Close()
		}
	}
}
