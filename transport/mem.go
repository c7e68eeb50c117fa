package transport

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
)

const (
	// MemQueue is how many frames each direction of a link of [Mem] holds. Send
	// blocks while the direction it wants is full; other links do not notice.
	MemQueue = 16
	// MemLanding is [Mem.Landing] if that is 0: three models of 300 MB.
	MemLanding = 1 << 30
	// MemAbsent is how many absent peers a node of [Mem] waits for.
	MemAbsent = 1024
)

// Mem is a network inside one process. The zero value is an empty network. All
// methods are safe for concurrent use and none of them waits for a node.
//
// # Who is linked with whom
//
// Two nodes know each other from the first Send, Cut or Heal between them,
// whatever came of it. The link between two nodes that know each other is up
// whenever both are present and it is not cut. Thus nodes that have no business
// with each other have no link, however many there are; who sends to a node that
// has not joined yet receives Linked when it does; and a node that comes back is
// linked at once with all present nodes that it knows.
//
// A link that is cut is remembered until Heal. Any other is forgotten when both
// ends are absent, and when its present end knows MemAbsent peers that have been
// absent for a shorter time: until one of the two sends again. So names that are
// never used again cost little.
//
// When a link breaks because one end was closed, what that end had sent stays
// with its peer until it is received, or the link is up again or forgotten.
// Every other break loses what is queued, in both directions.
//
// Recv takes turns among the peers that have something, one event each. A link
// that comes up again before its Linked has been received gives one Linked.
//
// # Memory
//
// Frames land in memory that is reused after Release, at addresses that are
// multiples of 64. A node that does not receive, or does not release, holds its
// senders back: each direction of a link holds MemQueue frames, and all frames to
// one node hold Landing bytes. Memory for reuse is shared by all nodes; no more
// of it is kept than the present nodes could land.
type Mem struct {
	// Landing is how many bytes of frames each node may have that were sent to
	// it and are not released. A frame finds room if there is no other, however
	// large it is; else it waits, behind those that waited before. 0: MemLanding.
	// Set it before the first Join.
	Landing int64

	mu      sync.Mutex
	ends    map[string]*memEnd             // who is present
	links   map[string]map[string]*memLink // links[a][b] is links[b][a]
	pool    pool
	largest int64 // block there has been
}

// Join adds a node and returns its end. It is an error if one of that name is
// present; once that is closed, the name may join again: a restart.
func (n *Mem) Join(name string) (Transport, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.Landing < 0 {
		return nil, fmt.Errorf("transport: Mem.Landing is %d: want a number of bytes, or 0 for %d", n.Landing, MemLanding)
	}
	if n.ends[name] != nil {
		return nil, fmt.Errorf("transport: node %q has joined already: close it first", name)
	}
	if n.ends == nil {
		n.ends = make(map[string]*memEnd)
	}
	links := n.linksOf(name)
	e := &memEnd{net: n, name: name, bell: make(chan struct{}, 1), done: make(chan struct{}),
		links: links, landing: landing{limit: cmp.Or(n.Landing, MemLanding)}}
	n.ends[name] = e
	for _, peer := range slices.Sorted(maps.Keys(links)) {
		n.raise(links[peer])
	}
	return e, nil
}

// Cut breaks the link between a and b until Heal. Frames on it are lost. The
// nodes need not be present.
func (n *Mem) Cut(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(a, b)
	l.cut = true
	n.lose(l)
	n.stopWaiting(l)
}

// Heal undoes Cut. If both nodes are present the link is up, with Linked for
// both, when Heal returns. A link that was not cut stays as it is.
func (n *Mem) Heal(a, b string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.link(a, b)
	l.cut = false
	n.raise(l)
}

// Break breaks the link between a and b for a moment, as a reset connection
// does: frames on it are lost, then it is up again, with Linked for both. It
// reports whether there was a link to break.
func (n *Mem) Break(a, b string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.links[a][b]
	if l == nil || l.life == nil {
		return false
	}
	n.lose(l)
	n.raise(l)
	return true
}
