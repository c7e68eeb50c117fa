package sim

import (
	"slices"

	"github.com/halos-go/sdk/halos"
)

// A pipe is one direction of the link between two regions, or the link inside one, with the
// messages that are on it at the same time. Each has an equal share of the bandwidth.
//
// Work is the time that a message takes if it is alone. The pipe adds up the work that each
// of its messages has had since it was empty: served grows by 1/n of the time that passes, and
// a message is through when served has come to what it was at its start plus its work.
// Messages are kept in that order, so nothing but the first needs to be looked at.
type pipe struct {
	flows  []flow // by through; equal ones in the order in which they came
	served float64
	now    float64 // served is of this time
	turn   int32   // changes with flows: an event of a former one is of no use
}

// A flow is a message on a pipe.
type flow struct {
	through float64 // served, when it is through
	work    float64
	since   float64 // it is on the pipe
	shared  bool    // another one was there too
	e       event   // its arrival, at the time at which it would be there alone
	behind  []event // messages that take no time and were sent after it on the same link
}

// enter puts a message on the pipe.
func (p *pipe) enter(now, work float64, e event) {
	p.serve(now)
	f := flow{through: p.served + work, work: work, since: now, e: e, shared: len(p.flows) > 0}
	for i := range p.flows {
		p.flows[i].shared = true
	}
	i := len(p.flows)
	for i > 0 && p.flows[i-1].through > f.through {
		i--
	}
	p.flows = slices.Insert(p.flows, i, f)
	p.turn++
}

// next returns when the first message is through, if no other comes before. One that has been alone
// is not late by rounding.
func (p *pipe) next() float64 {
	f := &p.flows[0]
	at := p.now + float64(max(0, f.through-p.served)*float64(len(p.flows)))
	if !f.shared {
		at = min(at, f.e.at)
	}
	return at
}

// leave takes the first message off the pipe at the time that next has said. It returns how
// much later that is than if it had been alone: exactly 0 if it was.
func (p *pipe) leave(now float64) (f flow, delay float64) {
	f = p.flows[0]
	p.now, p.served = now, f.through // not by serve: the rest is 0 but for rounding
	p.remove(0)
	if f.shared {
		delay = max(0, now-f.since-f.work)
	}
	return f, delay
}

// serve brings served up to a time.
func (p *pipe) serve(now float64) {
	if n := len(p.flows); n > 0 {
		p.served += (now - p.now) / float64(n)
	}
	p.now = now
}

func (p *pipe) remove(i int) {
	p.flows = slices.Delete(p.flows, i, i+1)
	if p.turn++; len(p.flows) == 0 {
		p.served = 0 // so that no sum grows for the length of a run
	}
}

// wait lets a message that takes no time wait for the last one that is on the pipe between the same
// nodes. It reports false if there is none.
func (p *pipe) wait(e event) bool {
	for i := range slices.Backward(p.flows) {
		if f := &p.flows[i]; f.e.from == e.from && f.e.to == e.to {
			f.behind = append(f.behind, e)
			return true
		}
	}
	return false
}

// drop removes the messages from one node to another.
func (p *pipe) drop(now float64, from, to int32, pool *pool) {
	p.serve(now)
	for i, f := range slices.Backward(p.flows) {
		if f.e.from == from && f.e.to == to {
			pool.release(f.e.msg)
			p.remove(i)
		}
	}
}

// enter puts a message on pipe number i; one without work takes no time. Its place among events of
// the same time is that of now.
func (s *Sim) enter(i int, work float64, e event) {
	p := &s.wires.pipes[i]
	e.seq = s.queue.number(e.seq)
	if _, model := e.msg.(*halos.Model); model && work > 0 {
		s.wires.nodes[e.to].newest = e.seq
	}
	switch {
	case work > 0:
		p.enter(s.now, work, e)
		s.expect(i)
	case !p.wait(e):
		s.post(e)
	}
}

// expect queues the event that the first message on a pipe is through.
func (s *Sim) expect(i int) {
	if p := &s.wires.pipes[i]; len(p.flows) > 0 {
		s.queue.push(event{at: max(s.now, p.next()), to: int32(i), from: p.turn, kind: through})
	}
}

// through lets the first message go on from a pipe to its receiver.
func (s *Sim) through(i int, turn int32) {
	p := &s.wires.pipes[i]
	if p.turn != turn {
		s.events-- // nothing has happened
		return
	}
	f, delay := p.leave(s.now)
	f.e.at = max(s.now, f.e.at+delay)
	s.wires.arrives(&f.e, delay)
	s.post(f.e)
	for _, e := range f.behind {
		e.at = f.e.at
		s.post(e)
	}
	s.expect(i)
}
