package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/halos-go/sdk/halos"
)

// A Network says how long messages take.
type Network interface {
	// Transfer returns how many milliseconds m takes between two nodes, by the
	// numbers that Add gave them; at least 0. If ok is false, m is lost with its
	// link, which is up again after that time. Messages on one link must not
	// overtake each other.
	Transfer(from, to int, m halos.Message) (ms float64, ok bool)
}

// An Observer sees what happens, while the simulation waits.
type Observer interface {
	// Observe is told of each event at a node, in order of time (milliseconds).
	// It may call any method of the Sim but Run.
	Observe(ms float64, node int, e halos.Event)
}

// A Sim drives Machines on a virtual clock: those that [halos.Run] drives on
// the real one. It handles events in order of time, and events of the same time
// in the order in which they were caused. Its fields are set before the first
// node is added. Not safe for concurrent use.
type Sim struct {
	Network  Network
	Observer Observer // nil: nobody
	// Workers is how many goroutines train; results do not depend on it. Below 2:
	// the goroutine of Run trains.
	Workers int
	// Chaos, if not nil, adds faults of chance.
	Chaos *Chaos

	now     float64
	queue   queue
	pool    pool
	nodes   []node
	byName  map[string]int
	lives   uint64          // begun, of all nodes: the incarnation of the last one
	reborn  []halos.Machine // of events restart
	out     halos.Output
	inputs  []halos.Input
	loans   []halos.Message // in inputs, for pool
	team    *trainers
	stopped bool
	events  uint64
}

type node struct {
	machine halos.Machine
	id      string
	peer    string  // that Sim.number was asked for last
	number  int     // of that
	start   float64 // it hears nothing before
	compute func(steps uint64) float64
	job     *job
	life    int32 // from 0
	done    bool
}

// Add puts a node into the simulation, to start at a time (milliseconds, not
// before Now), and returns its number: 0 for the first and so on. A name may be
// used once. Messages to a node that has not started yet wait until it has;
// those to a name that has not been added are lost for ever.
func (s *Sim) Add(at float64, m halos.Machine) int {
	n := len(s.nodes)
	if s.byName == nil {
		s.byName = make(map[string]int)
	}
	if _, twice := s.byName[m.ID()]; twice {
		panic("sim: two nodes of one name")
	}
	s.byName[m.ID()] = n
	s.nodes = append(s.nodes, node{machine: m, id: m.ID(), start: at})
	s.begin(at, n)
	return n
}

// begin starts a life of a node, whose incarnation no other life of any node has.
func (s *Sim) begin(at float64, n int) {
	s.lives++
	s.post(event{at: at, to: int32(n), from: none, msg: &halos.Start{Incarnation: s.lives}})
}

// AddWorker adds a node that trains: compute returns how many milliseconds a
// round of so many local steps takes.
func (s *Sim) AddWorker(at float64, m halos.Machine, t halos.Trainer, compute func(steps uint64) float64) int {
	n := s.Add(at, m)
	s.nodes[n].compute = compute
	s.nodes[n].job = newJob(t)
	return n
}

// Quit asks a node to leave in good order at a time.
func (s *Sim) Quit(at float64, n int) {
	s.post(event{at: at, to: int32(n), from: none, msg: &halos.Quit{}})
}

// Restart lets a node die at a time, and m, of the same name, begin a new life
// in its place. All links of the node break and are up again at once. A round
// under way is trained to its end, for the state of the Trainer, and dropped.
func (s *Sim) Restart(at float64, n int, m halos.Machine) {
	s.post(event{at: at, to: int32(n), from: int32(len(s.reborn)), kind: restart})
	s.reborn = append(s.reborn, m)
}

// Now returns the time in milliseconds.
func (s *Sim) Now() float64 { return s.now }

// Events returns how many events have been handled.
func (s *Sim) Events() uint64 { return s.events }

// Stop makes Run return after the event at hand. An Observer calls it.
func (s *Sim) Stop() { s.stopped = true }

// Run handles events until none is left or Stop is called. It returns
// context.Cause(ctx) if ctx ends, or the first error of a Trainer or a node. It
// is called once.
func (s *Sim) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	if s.Workers > 1 {
		s.team = newTrainers(ctx, s.Workers)
		defer s.team.close()
	}
	defer cancel() // before close, so that training ends early
	for len(s.queue.heap) > 0 && !s.stopped {
		if s.events%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := s.queue.pop()
		s.now = e.at
		s.events++
		if err := s.handle(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// handle steps a node with the input of e, and of what comes with it.
func (s *Sim) handle(ctx context.Context, e *event) error {
	switch e.kind {
	case restart:
		m := s.reborn[e.from]
		s.reborn[e.from] = nil
		return s.revive(ctx, int(e.to), m)
	case death:
		return s.revive(ctx, int(e.to), s.Chaos.Life(int(e.to)))
	}
	s.inputs, s.loans = s.inputs[:0], s.loans[:0]
	for {
		if err := s.gather(ctx, e); err != nil {
			return err
		}
		if !s.together(e.to) {
			break
		}
		*e = s.queue.pop()
		s.events++
	}
	var err error
	if len(s.inputs) > 0 {
		s.out.Reset()
		s.nodes[e.to].machine.Step(s.inputs, &s.out)
		err = s.carryOut(int(e.to))
	}
	for _, m := range s.loans {
		s.pool.release(m)
	}
	return err
}

// gather makes e an input, unless its node or the life that it is for has ended.
func (s *Sim) gather(ctx context.Context, e *event) error {
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
		s.loans = append(s.loans, e.msg)
	}
	if n.done {
		return nil
	}
	in := halos.Input{Now: time.Duration(s.now * float64(time.Millisecond)), Msg: e.msg}
	if e.kind == deliver && e.from != none {
		in.From = s.nodes[e.from].id
	}
	s.inputs = append(s.inputs, in)
	return nil
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
		n.job.load(at, *s.out.Train)
		s.post(event{at: at, to: int32(from), from: n.life, kind: trained})
		if s.team != nil {
			s.team.add(n.job)
		}
	}
	n.done = n.done || s.out.Done
	if s.Observer != nil {
		for _, e := range s.out.Events {
			s.Observer.Observe(s.now, from, e)
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
	ms, ok := s.Network.Transfer(from, to, m)
	fault := s.Chaos.fault(s.now)
	if fault == breaks {
		s.queue.drop(int32(from), int32(to), &s.pool)
	}
	if !ok || fault == loses || fault == breaks {
		s.link(s.now+ms, from, to)
		return
	}
	s.post(event{at: s.now + ms, to: int32(to), from: int32(from), msg: s.pool.own(m)})
	if fault == doubles {
		s.post(event{at: s.now + ms, to: int32(to), from: int32(from), msg: s.pool.own(m)})
	}
	if s.Chaos.kills(s.now) {
		s.post(event{at: s.now + ms, to: int32(to), kind: death})
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

// revive lets m, unless it is nil, take the place of a node. What the node was training is brought
// to its end first, lest two lives use one Trainer at the same time, or the
// Trainer's state depend on how far it had come.
func (s *Sim) revive(ctx context.Context, i int, m halos.Machine) error {
	if m == nil {
		return nil
	}
	n := &s.nodes[i]
	if n.job != nil {
		if n.job.due {
			if err := s.finish(ctx, n); err != nil {
				return err
			}
		}
		n.job = newJob(n.job.trainer)
	}
	n.machine, n.done = m, false
	n.life++
	s.begin(s.now, i)
	for peer := range s.nodes {
		if peer != i {
			s.post(event{at: s.now, to: int32(peer), from: int32(i), msg: &halos.Linked{}})
		}
	}
	return nil
}
