package halos

import (
	"fmt"
	"slices"

	"github.com/halos-go/sdk/optim"
)

// A child is what a server remembers of a node below it: enough to answer a
// request exactly once, and a repeat again.
type child struct {
	name     string
	role     Role
	last     Receipt // of the last request carried out
	waiting  bool    // that request has not been answered yet
	owed     bool    // it is answered at the end of this pass
	steps    uint64  // local steps of its rounds, as announced; 0 of an LPS
	want     uint64  // samples it wants next
	seen     Point   // of this server, when it pulled
	have     uint64  // fingerprint of the model that it begins with; 0: none
	claim    Claim   // handed out with the last answer
	gradient []float32
	has      bool // gradient holds this round's (Sync)
	work     Work // in that
	gone     bool // it is no child any more

	answer *Model // the last one; on loan until the next Step
	turn   uint64 // the Step of that
}

// children are the nodes below a server, and the rules by which it takes
// requests from them.
type children struct {
	layout  optim.Layout
	hash    uint64 // of layout
	params  int
	roles   []Role // that it takes
	require string // plugs a child must announce; empty: any
	most    uint64 // samples that a child may claim at a time
	known   map[string]*child
	order   []*child // in the order in which they joined
	waiting int      // how many of them wait for an answer
	turn    uint64   // the number of this Step
}

const (
	// maxSamples bounds a claim, so that a child's mistake does not use up the data.
	maxSamples = 1 << 40
	// maxWork bounds each count of a Work, so that no sum of them overflows.
	maxWork = 1 << 40
)

func newChildren(cfg *ServerConfig, roles ...Role) children {
	return children{layout: cfg.Layout, hash: cfg.Layout.Hash(), params: len(cfg.Params), roles: roles,
		require: cfg.Require, most: maxSamples, known: make(map[string]*child)}
}

// pull takes a Pull. It returns the child if its request is to be answered:
// fresh says with new work, otherwise as the last time. A request that is not
// to be carried out has been dealt with and returns nil.
func (c *children) pull(from string, m *Pull, at Point, out *Output) (ch *child, fresh bool) {
	ch = c.known[from]
	if ch != nil && m.Incarnation < ch.last.Incarnation {
		c.supersede(from, m.Receipt, ch, out)
		return nil, false
	}
	if reason := c.objection(m); reason != "" {
		c.refuse(from, m.Receipt, BadHello, reason, out)
		return nil, false
	}
	if ch == nil {
		ch = &child{name: from, answer: new(Model)}
		c.known[from] = ch
		c.order = append(c.order, ch)
	}
	if m.Incarnation > ch.last.Incarnation {
		ch.last = Receipt{Incarnation: m.Incarnation}
		out.note(Event{Kind: Joined, Peer: from, Version: at.Version})
	}
	if m.Seq < ch.last.Seq { // links keep the order, so this is no repeat of an old request
		c.refuse(from, m.Receipt, Superseded, fmt.Sprintf("request %d of incarnation %d: it has got to %d here: want an incarnation that grows with every start",
			m.Seq, m.Incarnation, ch.last.Seq), out)
		return nil, false
	}
	if m.Seq == ch.last.Seq {
		return c.repeat(ch, m.Receipt, at, out), false
	}
	ch.role, ch.steps, ch.seen, ch.have = m.Hello.Role, m.Steps, m.Seen, m.Have
	c.take(ch, m.Receipt, m.Want)
	return ch, true
}

// push takes a Push of ch, nil if from is not known; its results are those of pull. The
// update of a fresh one has the right length, is finite, and claims no more work than was
// announced.
func (c *children) push(ch *child, from string, m *Push, at Point, out *Output) (_ *child, fresh bool) {
	switch {
	case ch == nil || m.Incarnation > ch.last.Incarnation:
		c.refuse(from, m.Receipt, Unknown, "pull first", out)
		return nil, false
	case m.Incarnation < ch.last.Incarnation:
		c.supersede(from, m.Receipt, ch, out)
		return nil, false
	case m.Seq <= ch.last.Seq:
		return c.repeat(ch, m.Receipt, at, out), false
	}
	if reason := c.mistake(ch, m); reason != "" {
		c.refuse(from, m.Receipt, BadUpdate, reason, out)
		return nil, false
	}
	ch.have = 0
	c.take(ch, m.Receipt, m.Want)
	return ch, true
}

// objection says why m must be refused, or nothing.
func (c *children) objection(m *Pull) string {
	switch {
	case !slices.Contains(c.roles, m.Hello.Role):
		return fmt.Sprintf("role is %s: want one of %v", m.Hello.Role, c.roles)
	case m.Hello.Layout.Hash() != c.hash:
		return "layout: " + m.Hello.Layout.Diff(c.layout)
	case c.require != "" && m.Hello.Plugs != c.require:
		return fmt.Sprintf("plugs are %q: want %q", m.Hello.Plugs, c.require)
	case m.Want > c.most:
		return fmt.Sprintf("round takes %d samples: want at most %d", m.Want, c.most)
	case m.Steps > maxWork:
		return fmt.Sprintf("round has %d local steps: want at most %d", m.Steps, uint64(maxWork))
	}
	return ""
}

// mistake says why the update of m must be refused, or nothing.
func (c *children) mistake(ch *child, m *Push) string {
	updates, steps, samples, most := uint64(1), ch.steps, ch.claim.Count, c.most
	if ch.role == RoleLPS { // it cannot know what its children will do, and takes what lease it gets
		updates, steps, samples, most = maxWork, maxWork, maxWork, maxSamples
	}
	switch {
	case len(m.Delta) != c.params:
		return fmt.Sprintf("update has %d parameters: want %d", len(m.Delta), c.params)
	case !m.checked.of(m.Delta):
		return "update is not finite"
	case m.Want > most:
		return fmt.Sprintf("round takes %d samples: want at most %d", m.Want, most)
	case m.Updates > updates:
		return fmt.Sprintf("update counts as %d: want at most %d", m.Updates, updates)
	case m.Steps > steps:
		return fmt.Sprintf("update has %d local steps: want at most %d, as announced", m.Steps, steps)
	case m.Samples > samples:
		return fmt.Sprintf("update has %d samples: want at most %d, as claimed", m.Samples, samples)
	case m.Tokens > maxWork:
		return fmt.Sprintf("update has %d tokens: want at most %d", m.Tokens, uint64(maxWork))
	}
	return ""
}

// repeat returns ch if its last request has come again and had been answered.
func (c *children) repeat(ch *child, r Receipt, at Point, out *Output) *child {
	out.note(Event{Kind: Repeated, Peer: ch.name, Version: at.Version})
	if r.Seq < ch.last.Seq || ch.waiting {
		return nil
	}
	return ch
}

// take notes a new request of ch, which waits for an answer from now on.
func (c *children) take(ch *child, r Receipt, want uint64) {
	ch.last, ch.want = r, min(want, c.most)
	c.wait(ch)
}

func (c *children) wait(ch *child) {
	if !ch.waiting {
		c.waiting++
	}
	ch.waiting = true
}

// send sends ch the model with the claim it has.
func (c *children) send(ch *child, at Point, params []float32, out *Output) {
	if ch.waiting {
		c.waiting--
	}
	if ch.turn == c.turn { // an answer of this Step to a former life is on loan
		ch.answer = new(Model)
	}
	ch.waiting, ch.turn = false, c.turn
	*ch.answer = Model{Receipt: ch.last, Point: at, Claim: ch.claim, Params: params}
	out.send(ch.name, ch.answer)
}

// refuse makes a message for each refusal: several of one Step go to different peers.
func (c *children) refuse(to string, r Receipt, code Code, reason string, out *Output) {
	out.send(to, &Refuse{Receipt: r, Code: code, Reason: reason})
	out.note(Event{Kind: Refused, Peer: to, Reason: reason})
}

func (c *children) supersede(to string, r Receipt, ch *child, out *Output) {
	c.refuse(to, r, Superseded, fmt.Sprintf("incarnation is %d: %d of this node is here already", r.Incarnation, ch.last.Incarnation), out)
}

// leave forgets a child that leaves, and returns it if it was there in this life.
func (c *children) leave(from string, m *Leave, at Point, out *Output) *child {
	if ch := c.known[from]; ch == nil || m.Incarnation < ch.last.Incarnation {
		return nil
	}
	return c.forget(from, "", at, out)
}

// forget forgets a child, and returns it if it was there.
func (c *children) forget(name, reason string, at Point, out *Output) *child {
	ch := c.known[name]
	if ch == nil {
		return nil
	}
	if ch.waiting {
		c.waiting--
	}
	delete(c.known, name)
	ch.gone = true
	c.order = slices.DeleteFunc(c.order, func(o *child) bool { return o == ch })
	out.note(Event{Kind: Left, Peer: name, Version: at.Version, Reason: reason})
	return ch
}
