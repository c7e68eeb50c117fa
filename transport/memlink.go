package transport

import (
	"cmp"
	"slices"
)

// A memLink is what lies between two nodes that know each other. Everything in
// it is guarded by Mem.mu.
type memLink struct {
	names   [2]string
	cut     bool
	life    *memLife   // nil: down
	lanes   [2]memLane // lanes[i] leads to names[i]
	waiting *memEnd    // the end that has it in absent
}

// A memLife is one stretch of time in which a link is up. Senders that wait for
// a slot of it give up when it is down.
type memLife struct {
	down  chan struct{}
	ends  [2]*memEnd
	slots [2]chan struct{} // slots[i] holds one token for each frame in lanes[i], and each about to be
}

// A memLane holds what is on its way to one end of a link: perhaps Linked, then
// frames. If its link has a life, the frames are of that life.
type memLane struct {
	from   string
	linked bool
	frames []memFrame
	queued bool // it is in its end's ready
}

// A memFrame is a frame and the memory in which it lies. A frame of no bytes has
// no memory.
type memFrame struct {
	bytes, block []byte
	landing      *landing // where it counts
}

// link returns the link between a and b, which from now on know each other.
func (n *Mem) link(a, b string) *memLink {
	l := n.linksOf(a)[b]
	if l == nil {
		l = &memLink{names: [2]string{a, b}}
		l.lanes[0].from, l.lanes[1].from = b, a
		n.linksOf(a)[b], n.linksOf(b)[a] = l, l
	}
	return l
}

func (n *Mem) linksOf(name string) map[string]*memLink {
	if n.links == nil {
		n.links = make(map[string]map[string]*memLink)
	}
	if n.links[name] == nil {
		n.links[name] = make(map[string]*memLink)
	}
	return n.links[name]
}

// raise brings l up if it can be and is not. If an end is absent the other waits
// for it; if both are, l is forgotten.
func (n *Mem) raise(l *memLink) {
	if l.life != nil || l.cut {
		return
	}
	a, b := n.ends[l.names[0]], n.ends[l.names[1]]
	switch {
	case a == nil && b == nil:
		n.forget(l)
		return
	case a == nil:
		n.wait(l, b)
		return
	case b == nil:
		n.wait(l, a)
		return
	}
	n.stopWaiting(l)
	l.life = &memLife{down: make(chan struct{}), ends: [2]*memEnd{a, b}}
	for i, end := range l.life.ends {
		l.life.slots[i] = make(chan struct{}, MemQueue)
		lane := &l.lanes[i]
		n.clear(lane)
		lane.linked = true
		end.wake(lane)
	}
}

// wait notes that e waits for the other end of l, and forgets the link whose
// other end has been absent for the longest time if there are too many.
func (n *Mem) wait(l *memLink, e *memEnd) {
	if l.waiting == e {
		return
	}
	l.waiting = e
	if e.absent = append(e.absent, l); len(e.absent) > MemAbsent {
		n.forget(e.absent[0])
	}
}

func (n *Mem) stopWaiting(l *memLink) {
	if e := l.waiting; e != nil {
		i := slices.Index(e.absent, l)
		e.absent = slices.Delete(e.absent, i, i+1)
		l.waiting = nil
	}
}

// forget makes the ends of l strangers, until they send again.
func (n *Mem) forget(l *memLink) {
	n.stopWaiting(l)
	n.lose(l)
	for i, name := range l.names {
		delete(n.links[name], l.names[1-i])
		if len(n.links[name]) == 0 && n.ends[name] == nil {
			delete(n.links, name)
		}
	}
}

// lose breaks l and drops what is on it.
func (n *Mem) lose(l *memLink) {
	l.end()
	for i := range l.lanes {
		n.clear(&l.lanes[i])
	}
}

// clear drops what is on a lane.
func (n *Mem) clear(lane *memLane) {
	for _, f := range lane.frames {
		n.drop(f)
	}
	lane.linked, lane.frames = false, nil
}

// drop gives up a frame, and its memory for reuse.
func (n *Mem) drop(f memFrame) {
	if f.block == nil {
		return
	}
	f.landing.leave(int64(len(f.bytes)))
	n.pool.give(f.block)
	n.shrink()
}

// shrink keeps no more memory for reuse than the present nodes could land.
func (n *Mem) shrink() {
	n.pool.shrink(int64(len(n.ends)) * max(cmp.Or(n.Landing, MemLanding), n.largest))
}

// end breaks l.
func (l *memLink) end() {
	if l.life != nil {
		close(l.life.down)
		l.life = nil
	}
}

// toward returns the index of the end called name.
func (l *memLink) toward(name string) int {
	if l.names[1] == name {
		return 1
	}
	return 0
}

func (a *memLane) empty() bool { return !a.linked && len(a.frames) == 0 }
