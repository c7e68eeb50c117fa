package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/halos-go/sdk/halos"
)

func (s *Sim) handle(ctx context.Context, e *event) error {
	switch e.kind {
	case birth:
		return s.begin(int(e.to), e.msg.(*halos.Start))
	case call:
		f := s.calls[e.from]
		s.calls[e.from] = nil
		return f(ctx)
	case through:
		s.through(int(e.to), e.from)
		return nil
	case cut, death, heal:
		return s.faults.happen(ctx, e)
	}
	if err := s.take(ctx, e); err != nil {
		return err
	}
	if s.Gather != 0 {
		if err := s.gather(ctx, e.to); err != nil {
			return err
		}
	}
	return s.step(int(e.to))
}

// together is how many inputs arrive in one Step at most: as many as a driver takes.
const together = 4

// gather takes some of what is due to a node now and stands next in the queue.
func (s *Sim) gather(ctx context.Context, to int32) error {
	if !s.waits(to) {
		return nil
	}
	for n := s.splits.below(together); n > 0 && s.waits(to); n-- {
		e := s.next()
		if err := s.take(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// waits reports whether the next event is an input of that node at this time.
func (s *Sim) waits(to int32) bool {
	e := s.queue.first()
	return e != nil && e.at == s.now && e.to == to && (e.kind == deliver || e.kind == trained)
}

// take makes e an input, unless its node or the life that it is for has ended.
func (s *Sim) take(ctx context.Context, e *event) error {
	n := &s.nodes[e.to]
	if e.kind == trained {
		if n.life != e.from {
			return nil // of a former life
		}
		if err := s.finish(ctx, n); err != nil {
			return err
		}
		if e.msg = &n.job.result; n.job.failed.Err != nil {
			e.msg = &n.job.failed
		}
	} else {
		if _, model := e.msg.(*halos.Model); model && n.job != nil {
			n.round = e.seq
		}
		s.loans = append(s.loans, e.msg)
	}
	if n.done {
		return nil
	}
	from := ""
	if e.kind == deliver && e.from != none {
		from = s.nodes[e.from].id
	}
	s.input(from, e.msg)
	return nil
}

// input adds an input to those of the next Step.
func (s *Sim) input(from string, m halos.Message) {
	s.inputs = append(s.inputs, halos.Input{})
	in := &s.inputs[len(s.inputs)-1]
	in.Now = time.Duration(s.now * float64(time.Millisecond))
	in.From, in.Msg = from, m
}

// begin starts a life of a node. No other life of any node has its incarnation.
func (s *Sim) begin(n int, m *halos.Start) error {
	s.lives++
	m.Incarnation = s.lives
	s.input("", m)
	return s.step(n)
}

// step lets a node take the inputs. Their loan ends when the Output is carried out.
func (s *Sim) step(n int) (err error) {
	if len(s.inputs) > 0 {
		s.out.Reset()
		s.nodes[n].machine.Step(s.inputs, &s.out)
		err = s.carryOut(n)
	}
	for _, m := range s.loans {
		s.pool.release(m)
	}
	s.inputs, s.loans = s.inputs[:0], s.loans[:0]
	return err
}

func (s *Sim) carryOut(from int) error {
	n := &s.nodes[from]
	for _, o := range s.out.Send {
		if to, known := s.number(n, o.To); known {
			s.send(from, to, o.Msg)
		}
	}
	if s.out.Train != nil {
		at := s.now + n.compute(s.out.Train.Steps)
		n.job.load(at, s.out.Train)
		s.post(event{at: at, seq: n.round, to: int32(from), from: n.life, kind: trained})
		if s.team != nil {
			s.team.add(n.job)
		}
	}
	n.done = n.done || s.out.Done
	if s.Observer != nil {
		for i := range s.out.Events {
			s.Observer.Observe(s.now, from, s.out.Events[i])
		}
	}
	if s.out.Err != nil {
		return fmt.Errorf("sim: %w", s.out.Err) // which names the node
	}
	return nil
}

// number returns the number of a peer of n, most often of the last one.
func (s *Sim) number(n *node, peer string) (int, bool) {
	if peer != n.peer {
		number, known := s.byName[peer]
		if !known {
			return 0, false
		}
		n.peer, n.number = peer, number
	}
	return n.number, true
}

func (s *Sim) send(from, to int, m halos.Message) {
	e := event{to: int32(to), from: int32(from)}
	if _, push := m.(*halos.Push); push { // the end of a round, or one of a server or a repeat, whose round is 0
		n := &s.nodes[from]
		e.seq, n.round = n.round, 0
	}
	if s.faults.down(from, to) {
		return
	}
	pipe, work := None, 0.0
	if s.wires != nil {
		e.at, pipe, work = s.wires.carry(from, to, m, e.seq > 0)
	} else {
		ms, ok := s.Network.Transfer(from, to, m)
		if e.at = s.now + ms; !ok {
			s.link(e.at, from, to)
			return
		}
	}
	for range s.faults.copies(from, to) {
		if e.msg = s.pool.own(m); pipe == None {
			s.post(e)
		} else {
			s.enter(pipe, work, e)
		}
		e.seq = 0
	}
}

// cut breaks a link now.
func (s *Sim) cut(a, b int) {
	l := s.links().between(a, b)
	l.cuts++
	s.drop(l)
}

// heal undoes one cut, if there is one.
func (s *Sim) heal(a, b int) {
	if l := s.links().between(a, b); l.cuts > 0 {
		s.links().heal(l)
	}
}

// drop loses what is on a link.
func (s *Sim) drop(l *link) {
	s.queue.drop(int32(l.a), int32(l.b), &s.pool)
	if s.wires != nil {
		s.wires.dropped(l.a, l.b)
	}
}

// link tells both ends that the link between them is up again.
func (s *Sim) link(at float64, a, b int) {
	s.post(event{at: at, to: int32(a), from: int32(b), msg: &halos.Linked{}})
	s.post(event{at: at, to: int32(b), from: int32(a), msg: &halos.Linked{}})
}

// post queues an event, for a node that has not started yet until then.
func (s *Sim) post(e event) {
	if !(e.at >= s.now) { // or NaN, which would break the order of the queue
		panic("sim: event before now")
	}
	e.at = max(e.at, s.nodes[e.to].start)
	s.queue.push(e)
}

// finish waits for the training of a node, or does it now.
func (s *Sim) finish(ctx context.Context, n *node) error {
	n.job.due = false
	if s.team == nil {
		n.job.run(ctx)
	} else {
		select {
		case <-n.job.done:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// tell lets a node take an input of the driver now.
func (s *Sim) tell(n int, m halos.Message) error {
	if s.nodes[n].done {
		return nil
	}
	s.input("", m)
	return s.step(n)
}

// revive lets life take the place of a node, with a Trainer of its own or, if that is nil, the one
// of the former life. What the node was training is brought
// to its end first, lest two lives use one Trainer at the same time, or the
// Trainer's state depend on how far it had come. Start is the first input of the new
// life, whatever else is due at this time.
func (s *Sim) revive(ctx context.Context, i int, life halos.Node) error {
	n := &s.nodes[i]
	if n.job != nil {
		if n.job.due {
			if err := s.finish(ctx, n); err != nil {
				return err
			}
		}
		if life.Trainer == nil {
			life.Trainer = n.job.trainer
		}
		n.job = newJob(life.Trainer)
	}
	n.machine, n.done = life.Machine, false
	n.life++
	if err := s.begin(i, &halos.Start{}); err != nil {
		return err
	}
	for peer := range s.nodes {
		if peer != i && !s.faults.down(i, peer) { // else it hears when that link heals
			s.post(event{at: s.now, to: int32(peer), from: int32(i), msg: &halos.Linked{}})
		}
	}
	return nil
}
