package sim

import (
	"context"

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
// in the order in which they were caused. A round of a worker counts as caused when the
// model that begins it was sent, and so does the update that ends it. Fields are set before
// the first node is added. Not safe for concurrent use.
type Sim struct {
	Network  Network
	Observer Observer // nil: nobody
	// Workers is how many goroutines train; results do not depend on it. Below 2:
	// the goroutine of Run trains.
	Workers int
	// Gather, if not 0, lets inputs that wait for a node at the same time arrive in one
	// Step, up to four, as halos.Run does: where to cut is drawn from this seed. They must
	// be next to each other in the order of events. 0: each input has a Step of its own.
	Gather uint64
	// Chaos, if not nil, adds faults of chance. Run checks it.
	Chaos *Chaos

	wires   *network // in place of Network, for a run file
	now     float64
	queue   queue
	pool    pool
	nodes   []node
	byName  map[string]int
	lives   uint64                        // begun, of all nodes: the incarnation of the last one
	splits  dice                          // of Gather
	faults  *faults                       // of Chaos; nil: none
	calls   []func(context.Context) error // of events call
	out     halos.Output
	inputs  []halos.Input   // of one Step
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
	round   uint64 // the place among events of the same time that the round under way has
	life    int32  // from 0
	done    bool
}

// Add puts a node into the simulation, to start at a time (milliseconds, not
// before Now), and returns its number: 0 for the first and so on. A name may be
// used once. Messages to a node that has not started yet wait until it has;
// those to a name that has not been added are lost. Each life of a node, this one and
// those after a death, has the next incarnation, in the order in which they begin.
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
	s.post(event{at: at, to: int32(n), from: none, kind: birth, msg: &halos.Start{}})
	return n
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

// Expire tells a node at a time that it has waited long enough to end: see [halos.Expire].
func (s *Sim) Expire(at float64, n int) {
	s.post(event{at: at, to: int32(n), from: none, msg: &halos.Expire{}})
}

// Gone tells a node at a time that a peer will not come back: see [halos.Gone].
func (s *Sim) Gone(at float64, n, peer int) {
	s.post(event{at: at, to: int32(n), from: int32(peer), msg: &halos.Gone{Reason: "does not come back"}})
}

// Restart lets a node die at a time, and m, of the same name, begin a new life
// in its place. All links of the node break and are up again at once; what is on them
// arrives. A round under way is trained to its end, for the state of the Trainer, and
// dropped.
func (s *Sim) Restart(at float64, n int, m halos.Machine) {
	s.call(at, n, func(ctx context.Context) error { return s.revive(ctx, n, halos.Node{Machine: m}) })
}

// Cut breaks the link between two nodes at a time. What is on it is lost, and what is sent
// until it heals.
func (s *Sim) Cut(at float64, a, b int) {
	s.call(at, a, func(context.Context) error { s.cut(a, b); return nil })
}

// Heal undoes one Cut of a link at a time. When none is left, of Chaos neither, the link is up
// and both ends hear [halos.Linked].
func (s *Sim) Heal(at float64, a, b int) {
	s.call(at, a, func(context.Context) error { s.heal(a, b); return nil })
}

// call calls f at a time, when node n has started.
func (s *Sim) call(at float64, n int, f func(context.Context) error) {
	s.post(event{at: at, to: int32(n), from: int32(len(s.calls)), kind: call})
	s.calls = append(s.calls, f)
}

// Now returns the time in milliseconds.
func (s *Sim) Now() float64 { return s.now }

// Events returns how many events have been handled; of inputs that arrive together
// each is one.
func (s *Sim) Events() uint64 { return s.events }

// Stop makes Run return after the event at hand. An Observer calls it.
func (s *Sim) Stop() { s.stopped = true }

// Run handles events until none is left or Stop is called. It returns
// context.Cause(ctx) if ctx ends, or the first error of a Trainer or a node, or says
// what is wrong in Chaos. It is called once.
func (s *Sim) Run(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	if s.Workers > 1 {
		s.team = newTrainers(ctx, s.Workers)
		defer s.team.close()
	}
	defer cancel()    // before close, so that training ends early
	look := uint64(0) // for the end of ctx
	for s.queue.first() != nil && !s.stopped {
		if s.events >= look {
			if look = s.events + 256; ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
		e := s.next()
		if err := s.handle(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes what chance needs.
func (s *Sim) prepare() (err error) {
	s.splits = dice(s.Gather)
	if s.Chaos != nil {
		s.faults, err = newFaults(s, *s.Chaos)
	}
	return err
}

func (s *Sim) next() event {
	e := s.queue.pop()
	s.now = e.at
	s.events++
	return e
}
