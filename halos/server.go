package halos

import (
	"fmt"
	"iter"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

// A server is what GPS, LPS and Sync have in common: a model that children push to, and
// what it owes them.
type server struct {
	cfg     ServerConfig
	params  []float32 // the model, in cfg.Backend
	point   Point     // of params
	initial uint64    // fingerprint of params while they are the model of the beginning, else 0
	work    Work      // in params; LPS: since the last delta
	stopped bool      // its children have been told to stop
	reason  string    // why
	fresh   bool      // nothing above it, and nothing before it: see Point

	children children
	updates  []optim.Gradient // counted, and not applied yet
	owed     []*child         // to answer after that
}

// A role is what GPS, LPS and Sync do differently.
type role interface {
	// take takes one input.
	take(in Input, out *Output)
	// asked takes a request that is in order: of a Pull push is nil. It is not fresh if
	// it has come again and had been answered.
	asked(ch *child, push *Push, fresh bool, out *Output)
	// left is told that a child is here no more.
	left(ch *child, out *Output)
	// end stops the run, or this server's part of it.
	end(out *Output)
	// diverged is told that the model is not finite. Those who are owed an answer wait.
	diverged(out *Output)
}

func newServer(cfg ServerConfig, initial uint64, roles ...Role) server {
	return server{cfg: cfg, params: cfg.Params, initial: initial, children: newChildren(&cfg, roles...)}
}

// ID implements [Machine].
func (s *server) ID() string { return s.cfg.ID }

// Params returns the model, on loan until the next Step; from another goroutine only
// while none can happen, as in [RunConfig].Observe or after Run: see [Window] for other
// times. Where the model is in another Backend than CPU, Params waits for it and returns
// a copy; if that has failed, anything. It must not be called after the Backend's Close.
func (s *server) Params() []float32 { return kernels.Ordinary(s.params) }

// Point returns which state of the model Params is.
func (s *server) Point() Point { return s.point }

// made reports whether a constructor has made s.
func (s *server) made() bool { return s.cfg.Backend != nil }

func (s *server) model() ([]float32, Point) { return s.params, s.point }

// Version returns how many updates have been applied; on a [Sync], rounds.
func (s *server) Version() uint64 { return s.point.Version }

// peers yields the children.
func (s *server) peers(yield func(string) bool) bool {
	for _, ch := range s.children.order {
		if !yield(ch.name) {
			return false
		}
	}
	return true
}

// Peers implements [Machine].
func (s *server) Peers() iter.Seq[string] {
	return func(yield func(string) bool) { s.peers(yield) }
}

// stepAll takes what has waited together.
func (s *server) stepAll(r role, ins []Input, out *Output) {
	s.children.turn++
	for _, in := range ins {
		if _, push := in.Msg.(*Push); !push {
			s.settle(r, out)
		}
		if out.Done {
			return
		}
		if r.take(in, out); out.Done {
			return
		}
	}
	s.settle(r, out)
}

// step takes one input that does not come from a parent.
func (s *server) step(r role, in Input, out *Output) {
	switch m := in.Msg.(type) {
	case *Pull:
		s.onPull(r, in.From, m, out)
	case *Push:
		s.onPush(r, in.From, m, out)
	case *Leave:
		if ch := s.children.leave(in.From, m, s.point, out); ch != nil {
			r.left(ch, out)
		}
	case *Gone:
		s.forget(r, in.From, m.Reason, out)
	case *Resend:
		s.resend(r, in.From, out)
	case *Linked:
		if s.stopped && s.children.known[in.From] != nil {
			s.stop(in.From, out)
		}
	case *Quit:
		r.end(out)
	case *Expire:
		for s.stopped && len(s.children.order) > 0 {
			s.forget(r, s.children.order[0].name, "has not confirmed the end", out)
		}
	}
}

func (s *server) onPull(r role, from string, m *Pull, out *Output) {
	switch {
	case s.stopped:
		s.stop(from, out)
	case s.foreign(from, m.Receipt, m.Seen, out):
	default:
		if ch, fresh := s.children.pull(from, m, s.point, out); ch != nil {
			r.asked(ch, nil, fresh, out)
		}
	}
}

func (s *server) onPush(r role, from string, m *Push, out *Output) {
	ch := s.children.known[from]
	switch {
	case s.stopped:
		s.late(ch, m, out)
		s.stop(from, out)
	case ch != nil && s.foreign(from, m.Receipt, m.Seen, out):
	default:
		if ch, fresh := s.children.push(ch, from, m, s.point, out); ch != nil {
			r.asked(ch, m, fresh, out)
		}
	}
}

// late counts an update as lost, as it comes after the end.
func (s *server) late(ch *child, m *Push, out *Output) {
	if ch != nil && m.Incarnation == ch.last.Incarnation && m.Seq > ch.last.Seq {
		ch.last = m.Receipt
		out.note(Event{Kind: Lost, Peer: ch.name, Version: s.point.Version, Steps: m.Steps, Updates: m.Updates, Reason: "it came after the end: " + s.reason})
	}
}

// foreign deals with a child whose model does not descend from this server's: it is
// refused, unless it shows that this server is the one that should not be here.
func (s *server) foreign(from string, r Receipt, seen Point, out *Output) bool {
	refuse := func(format string, a ...any) bool {
		s.children.refuse(from, r, WrongLineage, fmt.Sprintf(format, a...), out)
		return true
	}
	switch {
	case seen == Point{} || s.point.Lineage == 0: // who has no lineage yet has nothing to defend
		return false
	case seen.Lineage != s.point.Lineage:
		return refuse("model is %s: want lineage %x, as the child has seen %s: resume from a model of that, or start the child again",
			s.point, seen.Lineage, seen)
	case s.former(from, seen, out):
		return true
	case s.fresh && seen.Life < s.point.Life:
		return refuse("model is %s, begun afresh: want one that descends from %s, which the child has seen: resume from that, or start the child again",
			s.point, seen)
	case !seen.before(s.point) && seen != s.point:
		return refuse("model is %s: the child has seen %s", s.point, seen)
	}
	return false
}

// former ends a server whose child has seen a later life of it.
func (s *server) former(from string, seen Point, out *Output) bool {
	if seen.Lineage != s.point.Lineage || seen.Life <= s.point.Life {
		return false
	}
	out.fail(fmt.Errorf("%w: %s is in life %x: %s has seen %s", ErrSuperseded, s.cfg.ID, s.point.Life, from, seen))
	return true
}

// resend answers a child again whose answer was not sent.
func (s *server) resend(r role, name string, out *Output) {
	switch ch := s.children.known[name]; {
	case ch == nil:
	case s.stopped:
		s.stop(name, out)
	case !ch.waiting:
		r.asked(ch, nil, false, out)
	}
}

// owe notes that ch is answered at the end of this pass.
func (s *server) owe(ch *child) {
	if !ch.owed {
		ch.owed = true
		s.owed = append(s.owed, ch)
	}
}

// apply counts an update of ch; settle applies it.
func (s *server) apply(m *Push) (stale uint64) {
	stale = s.staleness(m.Seen)
	s.point.Version++
	s.initial = 0
	s.updates = append(s.updates, optim.Gradient{Values: m.Delta, LR: s.cfg.LR.At(s.point.Version)})
	s.work.add(m.Work)
	return stale
}

// staleness is how many versions lie between what a child has seen and the model.
func (s *server) staleness(seen Point) uint64 {
	if seen.Life != s.point.Life || seen.Version > s.point.Version {
		return 0
	}
	return s.point.Version - seen.Version
}

// flush brings the model up to date. It reports false, after r has been told, if it is
// not finite then.
func (s *server) flush(r role, out *Output) bool {
	if len(s.updates) == 0 {
		return true
	}
	s.cfg.Optimizer.Step(s.params, s.updates...)
	clear(s.updates) // they were lent
	s.updates = s.updates[:0]
	return s.sound(r, out)
}

// sound looks at the model, and tells r if it is not finite. Of a Backend that has
// failed it says nothing: see intact.
func (s *server) sound(r role, out *Output) bool {
	if kernels.Finite(s.params) || s.cfg.Backend.Err() != nil {
		return true
	}
	out.note(Event{Kind: Diverged, Version: s.point.Version, Reason: "model is not finite"})
	for _, ch := range s.owed {
		s.children.wait(ch)
	}
	s.disown()
	r.diverged(out)
	return false
}

// settle brings the model up to date and answers who is owed that.
func (s *server) settle(r role, out *Output) {
	if !s.flush(r, out) {
		return
	}
	for _, ch := range s.owed {
		params := s.params
		if ch.have != 0 && ch.have == s.initial {
			params = nil
		}
		if !ch.gone {
			s.children.send(ch, s.point, params, out)
		}
	}
	s.disown()
}

func (s *server) disown() {
	for _, ch := range s.owed {
		ch.owed = false
	}
	clear(s.owed)
	s.owed = s.owed[:0]
}

// forget goes on without a child.
func (s *server) forget(r role, name, reason string, out *Output) {
	if ch := s.children.forget(name, reason, s.point, out); ch != nil {
		r.left(ch, out)
	}
}

// halt tells every child that the run is over. Each confirms it with a Leave.
func (s *server) halt(reason string, e Event, out *Output) {
	s.stopped, s.reason = true, reason
	for _, ch := range s.children.order {
		s.stop(ch.name, out)
	}
	e.Kind, e.Version, e.Reason = Stopped, s.point.Version, reason
	out.note(e)
}

func (s *server) stop(to string, out *Output) { out.send(to, &Stop{Reason: s.reason}) }

// lrStep is the learning-rate step at which a round of ch on samples from first on starts.
func (s *server) lrStep(ch *child, first uint64) uint64 {
	batch := s.cfg.GlobalBatch
	if batch == 0 && ch.steps > 0 {
		batch = ch.want / ch.steps // one local step of this child
	}
	if batch == 0 {
		return 0
	}
	return first / batch
}
