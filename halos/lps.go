package halos

import (
	"fmt"
	"iter"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
)

// LPSConfig describes a local parameter server.
type LPSConfig struct {
	ServerConfig
	// Parent is the name of the server above: a GPS, or another LPS where there are more
	// than two levels.
	Parent string
	// Accumulator says when and what goes up; the LPS owns it from now on.
	Accumulator merge.Accumulator
	// Merger folds the global model in; the LPS owns it from now on.
	Merger merge.Merger
	// Cursor, if not nil, is shared with the other LPSs of a simulation; see there.
	Cursor *Cursor
	// Lease is how many samples to lease at a time from the parent, where there is no
	// Cursor: at least one round of the largest child. It is a minimum: an LPS asks for
	// twice what was used during the last exchange if that is more. Leases come with the
	// answers, so nobody waits for them; a region that gets no answers goes over its
	// samples again, and says so with the event Reused.
	Lease uint64
}

// An LPS is the parameter server of one region, or of a part of one: it applies
// the updates of its children on arrival, sends its change to its parent when the
// Accumulator says so, and merges the parent's model when that comes back. At most
// one exchange is in flight, and the children never wait for it.
//
// An LPS whose model is not finite any more resets its plugs and takes its parent's
// model; its children wait for that. If it happens ten times with no exchange between,
// the LPS ends with [ErrDiverged].
type LPS struct {
	server                // work: since the last delta
	base        []float32 // from which the next delta is measured; in flight: the model as sent
	lastLRStep  uint64
	accumulator merge.Accumulator
	merger      merge.Merger
	cursor      *Cursor

	up    uplink
	lease lease
	ruins int // times that the model has diverged since the last exchange
}

var _ Machine = (*LPS)(nil)

// NewLPS returns an LPS. An error names the field of cfg that is wrong.
func NewLPS(cfg LPSConfig) (_ *LPS, err error) {
	switch {
	case cfg.Parent == "" || cfg.Parent == cfg.ID:
		return nil, fmt.Errorf("halos: LPSConfig.Parent is %q: want the name of another node", cfg.Parent)
	case isNil(cfg.Accumulator):
		return nil, fmt.Errorf("halos: LPSConfig.Accumulator is nil: want one, as &merge.Every{K: 32}")
	case isNil(cfg.Merger):
		return nil, fmt.Errorf("halos: LPSConfig.Merger is nil: want one, as &merge.Mix{Alpha: 0.25}")
	case cfg.Cursor == nil && (cfg.Lease == 0 || cfg.Lease > maxSamples):
		return nil, fmt.Errorf("halos: LPSConfig.Lease is %d: want the samples of at least one round, at most 2^40, or a Cursor", cfg.Lease)
	}
	initial := fingerprint(cfg.Params) // here, before it is in the Backend
	if cfg.ServerConfig, err = cfg.check("LPSConfig"); err != nil {
		return nil, err
	}
	var base []float32
	defer func() {
		if err != nil {
			cfg.Backend.Recycle(cfg.Params)
			cfg.Backend.Recycle(base)
		}
	}()
	n := len(cfg.Params)
	if err := cfg.Accumulator.Init(cfg.Backend, n); err != nil {
		return nil, fmt.Errorf("halos: LPSConfig.Accumulator: %w", err)
	}
	if err := cfg.Merger.Init(cfg.Backend, n); err != nil {
		return nil, fmt.Errorf("halos: LPSConfig.Merger: %w", err)
	}
	if base, err = cfg.clone(cfg.Params); err != nil {
		return nil, fmt.Errorf("halos: LPSConfig.Params: %w", err)
	}
	plugs := fmt.Sprintf("optimizer=%s lr=%s accumulator=%s merger=%s",
		cfg.Optimizer.Name(), cfg.LR, cfg.Accumulator.Name(), cfg.Merger.Name())
	l := &LPS{
		server: newServer(cfg.ServerConfig, initial, RoleWorker, RoleLPS), base: base,
		accumulator: cfg.Accumulator, merger: cfg.Merger, cursor: cfg.Cursor, lease: lease{least: cfg.Lease},
		up: newUplink(cfg.ID, cfg.Parent, Hello{Role: RoleLPS, Layout: cfg.Layout, Plugs: plugs}),
	}
	if cfg.Cursor == nil {
		l.children.most = cfg.Lease
	}
	l.up.have = initial
	return l, nil
}

// Seen returns the newest state of its parent that the LPS knows of. A parent that is
// lost can be started again from it: see [Resume].
func (l *LPS) Seen() Point { return l.up.seen }

// Peers implements [Machine].
func (l *LPS) Peers() iter.Seq[string] {
	return func(yield func(string) bool) {
		if yield(l.up.parent) {
			l.peers(yield)
		}
	}
}

// Step implements [Machine].
func (l *LPS) Step(in []Input, out *Output) {
	l.stepAll(l, in, out)
	if l.stopped && !out.Done {
		l.leaveIfIdle(out)
	}
	if out.Done {
		l.drop("the node has ended", out)
	}
	l.cfg.intact(out)
}

func (l *LPS) take(in Input, out *Output) {
	switch m := in.Msg.(type) {
	case *Start:
		l.point.Life = m.Incarnation
		l.up.start(m.Incarnation)
		l.up.askPull(joining, l.reserve(), out)
	case *Expire:
		childless := len(l.children.known) == 0
		if l.step(l, in, out); l.stopped && childless {
			l.depart("no answer before the end", out)
		}
	default:
		if in.From == l.up.parent {
			l.fromParent(in.Msg, out)
			return
		}
		l.step(l, in, out)
	}
}

func (l *LPS) fromParent(m Message, out *Output) {
	switch m := m.(type) {
	case *Model:
		if l.up.answers(m.Receipt) {
			l.onModel(m, out)
		}
	case *Refuse:
		if l.up.answers(m.Receipt) {
			l.up.refused(m, l.reserve(), out)
		}
	case *Linked:
		l.up.repeat(out)
	case *Stop:
		l.up.phase = over
		l.halted(m.Reason, out)
	case *Gone:
		if !l.up.joined() {
			l.up.missing(m, out)
		}
	}
}

// asked answers a child. Before the parent has answered for the first time nobody
// knows whether the model is worth training, so children wait.
func (l *LPS) asked(ch *child, push *Push, fresh bool, out *Output) {
	if push != nil && fresh {
		l.update(ch, push, out)
	}
	if !l.up.joined() {
		l.children.wait(ch)
		return
	}
	if fresh {
		ch.claim = l.claim(ch, out)
	}
	l.owe(ch)
}

// update applies an update. One that comes while the parent's model is to take the place
// of the region's is lost: on a model that has diverged it would be one more ruin.
func (l *LPS) update(ch *child, m *Push, out *Output) {
	if !l.up.joined() {
		out.note(Event{Kind: Lost, Peer: l.up.parent, Steps: m.Steps, Updates: m.Updates, Reason: "it came while the parent's model was waited for"})
		return
	}
	stale := l.apply(m)
	l.accumulator.Add(m.Delta)
	out.note(Event{Kind: Updated, Peer: ch.name, Version: l.point.Version, Updates: m.Updates, Staleness: stale})
	if l.up.phase == idle && l.accumulator.Due() {
		l.send(out)
	}
}

// send takes the region's change to the parent; base is now the model as sent.
func (l *LPS) send(out *Output) {
	if !l.flush(l, out) {
		return
	}
	delta := l.up.memory(len(l.params), out)
	l.accumulator.Delta(delta, l.base, l.params)
	if !kernels.Finite(delta) && l.cfg.Backend.Err() == nil {
		out.note(Event{Kind: Diverged, Version: l.point.Version, Reason: "delta is not finite"})
		l.diverged(out)
		return
	}
	kernels.Copy(l.base, l.params)
	l.up.askPush(l.work.bounded(), l.want(), delta, finite, out)
	out.note(Event{Kind: Sent, Peer: l.up.parent, Version: l.point.Version, Steps: l.work.Steps, Updates: l.work.Updates})
	l.work = Work{}
}

// onModel merges the answer to a delta, or joins with the answer to a pull.
func (l *LPS) onModel(m *Model, out *Output) {
	same := len(m.Params) == 0 && l.up.phase == joining && l.up.have != 0
	switch {
	case !l.up.descends(m.Point, out):
		return
	case len(m.Params) != len(l.params) && !same:
		l.up.unusable(fmt.Sprintf("model has %d parameters: want %d", len(m.Params), len(l.params)), nil, l.reserve(), out)
		return
	case !m.checked.of(m.Params):
		l.up.unusable("model is not finite", ErrDiverged, l.reserve(), out)
		return
	}
	merge, adopt := l.up.joined(), !l.up.joined() && !same
	l.up.answered(m.Point)
	l.point.Lineage = m.Point.Lineage
	l.lease.add(m.Claim)
	switch {
	case merge:
		l.merge(m, out)
	case adopt:
		l.adopt(m, out)
	}
	if l.up.phase == idle {
		l.serve(out)
	}
}

func (l *LPS) merge(m *Model, out *Output) {
	carry := l.accumulator.Carry()
	l.merger.Merge(l.params, l.base, m.Params, carry)
	out.note(Event{Kind: Merged, Peer: l.up.parent, Version: l.point.Version, Updates: l.work.Updates})
	if !carry {
		l.work.Updates = 0
	}
	l.accumulator.Merged()
	if l.sound(l, out) {
		l.ruins = 0
	}
}

// adopt takes the parent's model in place of the region's.
func (l *LPS) adopt(m *Model, out *Output) {
	l.drop("the parent's model has been taken", out)
	kernels.Copy(l.params, m.Params)
	kernels.Copy(l.base, m.Params)
	l.initial = 0
	l.reset()
	out.note(Event{Kind: Adopted, Peer: l.up.parent, Version: l.point.Version})
}

// reset makes the plugs forget what has made a bad model.
func (l *LPS) reset() {
	l.cfg.Optimizer.Reset()
	l.accumulator.Reset()
	l.merger.Reset()
}

// drop counts as lost what is in no delta.
func (l *LPS) drop(reason string, out *Output) {
	if l.work.Updates > 0 {
		out.note(Event{Kind: Lost, Peer: l.up.parent, Steps: l.work.Steps, Updates: l.work.Updates, Reason: reason})
	}
	l.work = Work{}
}

// serve answers the children that have waited until there was a model.
func (l *LPS) serve(out *Output) {
	for _, ch := range l.children.order {
		if l.former(ch.name, ch.seen, out) { // it came before there was a lineage to compare
			return
		}
		if ch.waiting && !ch.owed {
			l.asked(ch, nil, true, out)
		}
	}
}

// diverged goes back to the parent's model.
func (l *LPS) diverged(out *Output) {
	l.drop("diverged", out)
	if l.ruins++; l.ruins >= maxRefusals {
		l.halted("diverged", out)
		l.depart("diverged", out)
		out.fail(fmt.Errorf("%w: %s: model, %d times since it was last merged", ErrDiverged, l.cfg.ID, l.ruins))
		return
	}
	switch l.up.phase {
	case idle:
		l.up.askPull(joining, l.reserve(), out)
	case pushing:
		l.up.phase = discarding
	case refetching:
		l.up.phase = joining
	}
}

// want returns how many samples to lease with a Push.
func (l *LPS) want() uint64 {
	if l.cursor != nil {
		return 0
	}
	return l.lease.want()
}

// reserve returns how many samples to lease with a Pull: what the configuration says,
// which the parent can compare with its own.
func (l *LPS) reserve() uint64 { return min(l.want(), l.lease.least) }

func (l *LPS) claim(ch *child, out *Output) Claim {
	var first uint64
	if l.cursor != nil {
		first = l.cursor.claim(ch.want)
	} else {
		var again bool
		if first, again = l.lease.claim(ch.want); again {
			out.note(Event{Kind: Reused, Peer: l.up.parent, Version: l.point.Version,
				Reason: "the lease is used up before the next has come"})
		}
	}
	l.lastLRStep = max(l.lastLRStep, l.lrStep(ch, first)) // a lease begun again does not turn it back
	return Claim{First: first, Count: ch.want, LRStep: l.lastLRStep}
}

func (l *LPS) left(*child, *Output) {}

// end begins to leave: the children are told to stop.
func (l *LPS) end(out *Output) { l.halted("asked to go", out) }

func (l *LPS) halted(reason string, out *Output) {
	if !l.stopped {
		l.halt(reason, Event{Peer: l.up.parent, Steps: l.work.Steps, Updates: l.work.Updates}, out)
	}
}

// leaveIfIdle leaves when every child has. Unless the run is over, what the
// region still has goes up first.
func (l *LPS) leaveIfIdle(out *Output) {
	switch {
	case len(l.children.known) > 0:
	case l.up.phase == idle && l.work.Updates > 0:
		l.send(out)
	case l.up.phase == pushing || l.up.phase == refetching:
	default:
		l.depart("the run is over", out)
	}
}

// depart leaves the parent, with what has not gone up.
func (l *LPS) depart(reason string, out *Output) {
	l.drop(reason, out)
	l.up.depart(reason, out)
}
