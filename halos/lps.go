package halos

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
)

// LPSConfig describes a local parameter server.
type LPSConfig struct {
	ServerConfig
	// GPS is the name of its parent.
	GPS string
	// Accumulator says when and what goes up; the LPS owns it from now on.
	Accumulator merge.Accumulator
	// Merger folds the global model in; the LPS owns it from now on.
	Merger merge.Merger
	// Cursor, if not nil, is shared with the other LPSs of a simulation; see there.
	Cursor *Cursor
	// Lease is how many samples to lease at a time from the GPS, where there is no
	// Cursor: at least one round of the largest worker; good is what the workers
	// use during one exchange with the GPS. They come with the answers, so nobody
	// waits for them; a region that gets no answers goes over its samples again.
	Lease uint64
}

// An LPS is the parameter server of one region, or of a part of one: it applies
// the updates of its workers on arrival, sends its change to the GPS when the
// Accumulator says so, and merges the global model when that comes back. At most
// one exchange is in flight, and the workers never wait for it.
type LPS struct {
	cfg     LPSConfig
	params  []float32 // the model
	base    []float32 // from which the next delta is measured; in flight: the model as sent
	version uint64
	steps   uint64 // local steps applied since the last delta
	updates uint64 // updates applied on top of base
	lrStep  uint64 // of the last claim
	leaving bool

	up       uplink
	lease    lease
	pass     pass
	children children
}

var _ Machine = (*LPS)(nil)

// NewLPS returns an LPS. An error names the field of cfg that is wrong.
func NewLPS(cfg LPSConfig) (_ *LPS, err error) {
	switch {
	case cfg.GPS == "" || cfg.GPS == cfg.ID:
		return nil, fmt.Errorf("halos: LPSConfig.GPS is %q: want the name of another node", cfg.GPS)
	case cfg.Accumulator == nil:
		return nil, fmt.Errorf("halos: LPSConfig.Accumulator is nil: want one, as &merge.Every{K: 32}")
	case cfg.Merger == nil:
		return nil, fmt.Errorf("halos: LPSConfig.Merger is nil: want one, as &merge.Mix{Alpha: 0.25}")
	case cfg.Cursor == nil && cfg.Lease == 0:
		return nil, fmt.Errorf("halos: LPSConfig.Lease is 0: want the samples of at least one round, or a Cursor")
	}
	initial := Fingerprint(cfg.Params) // here, before it is in the Backend
	if cfg.ServerConfig, err = cfg.check("LPSConfig"); err != nil {
		return nil, err
	}
	var base, delta []float32
	defer func() {
		if err != nil {
			for _, v := range [][]float32{cfg.Params, base, delta} {
				cfg.Backend.Recycle(v)
			}
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
	if cfg.Backend != (kernels.CPU{}) { // where there is no room later, better to know now
		if delta, err = cfg.Backend.Make(n); err != nil {
			return nil, fmt.Errorf("halos: LPSConfig.Params: %w", err)
		}
	}
	l := &LPS{
		cfg:      cfg,
		params:   cfg.Params,
		base:     base,
		children: newChildren(cfg.Layout, n, cfg.Require),
	}
	if cfg.Cursor == nil {
		l.children.samples = min(cfg.Lease, maxSamples)
	}
	plugs := fmt.Sprintf("optimizer=%s lr=%s accumulator=%s merger=%s",
		cfg.Optimizer.Name(), cfg.LR, cfg.Accumulator.Name(), cfg.Merger.Name())
	l.up = newUplink(cfg.GPS, Hello{Layout: cfg.Layout.Hash(), Params: uint64(n), Plugs: plugs})
	l.up.pull.Have = initial
	l.up.delta = delta
	return l, nil
}

// ID implements [Machine].
func (l *LPS) ID() string { return l.cfg.ID }

// Params returns the region's model; the loan is that of [GPS.Params].
func (l *LPS) Params() []float32 { return kernels.Ordinary(l.params) }

// Version returns how many updates have been applied.
func (l *LPS) Version() uint64 { return l.version }

// Step implements [Machine].
func (l *LPS) Step(in Input, out *Output) {
	l.up.release()
	l.step(in, out)
	l.cfg.intact(out)
}

func (l *LPS) step(in Input, out *Output) {
	for in := range in.each {
		if _, push := in.Msg.(*Push); !push {
			l.settle(out)
		}
		if in.From == l.up.parent {
			l.onParent(in.Msg, out)
		} else {
			l.onChild(in, out)
		}
		if out.Done {
			return
		}
	}
	l.settle(out)
	if l.leaving {
		l.leaveIfIdle(out)
	}
}

// settle applies the updates that have come and answers who waits.
func (l *LPS) settle(out *Output) {
	l.pass.apply(l.cfg.Optimizer, l.params)
	l.pass.answer(&l.children, l.version, l.params, out)
}

func (l *LPS) onChild(in Input, out *Output) {
	switch m := in.Msg.(type) {
	case *Start:
		l.up.start(m.Incarnation)
		l.up.askPull(l.wanted(), out)
	case *Pull:
		l.onPull(in.From, m, out)
	case *Push:
		l.onPush(in.From, m, out)
	case *Leave:
		l.children.leave(in.From, m, l.version, out)
	case *Linked:
		if l.leaving {
			l.children.remind(in.From, out)
		}
	case *Quit:
		l.end(out)
	}
}

func (l *LPS) onParent(m Message, out *Output) {
	switch m := m.(type) {
	case *Model:
		l.onModel(m, out)
	case *Refuse:
		l.onRefuse(m, out)
	case *Linked:
		l.up.repeat(out)
	case *Stop:
		l.up.over = true
		l.end(out)
	}
}

func (l *LPS) onPull(from string, m *Pull, out *Output) {
	ch, fresh := l.children.pull(from, m, l.version, out)
	l.serve(ch, fresh, out)
}

func (l *LPS) onPush(from string, m *Push, out *Output) {
	ch, fresh := l.children.push(from, m, l.version, out)
	if fresh && !l.leaving {
		l.apply(from, m, out)
	}
	l.serve(ch, fresh, out)
}

// serve answers a child. Before the GPS has answered for the first time nobody
// knows whether the model is worth training, so children wait.
func (l *LPS) serve(ch *child, fresh bool, out *Output) {
	switch {
	case ch == nil:
	case l.leaving:
		out.send(ch.name, &l.children.stop)
	case l.up.joined:
		if fresh {
			ch.claim = l.claim(ch.samples)
		}
		l.pass.owed = append(l.pass.owed, ch)
	}
}

func (l *LPS) apply(from string, m *Push, out *Output) {
	stale := staleness(l.version, m.Base)
	l.version++
	l.pass.add(m.Delta, l.cfg.LR.At(l.version))
	l.cfg.Accumulator.Add(m.Delta)
	l.steps += m.Steps
	l.updates += m.Updates
	out.note(Event{Kind: Updated, Peer: from, Version: l.version, Updates: m.Updates, Staleness: stale})
	if !l.up.waiting && l.cfg.Accumulator.Due() {
		l.send(out)
	}
}

// send takes the region's change to the GPS; base is now the model as sent.
func (l *LPS) send(out *Output) {
	l.pass.apply(l.cfg.Optimizer, l.params)
	if l.up.delta == nil {
		l.up.delta = kernels.Make(len(l.params))
	}
	l.cfg.Accumulator.Delta(l.up.delta, l.base, l.params)
	kernels.Copy(l.base, l.params)
	l.up.askPush(l.steps, l.updates, l.wanted(), out)
	out.note(Event{Kind: Sent, Peer: l.up.parent, Version: l.version, Steps: l.steps, Updates: l.updates})
	l.steps, l.updates = 0, 0
}

// onModel merges the answer to a delta, or joins with the answer to a pull.
func (l *LPS) onModel(m *Model, out *Output) {
	if !l.up.answers(m.Receipt) {
		return
	}
	if reason := l.objection(m); reason != "" {
		out.note(Event{Kind: Refused, Peer: l.up.parent, Version: l.version, Reason: reason})
		return // and go on waiting: a link or a server may come back with the truth
	}
	pushed := l.up.pushing
	l.up.answered(m.Version)
	l.lease.add(m.Claim)
	switch {
	case pushed:
		carry := l.cfg.Accumulator.Carry()
		l.cfg.Merger.Merge(l.params, l.base, m.Params, carry)
		out.note(Event{Kind: Merged, Peer: l.up.parent, Version: l.version, Updates: l.updates})
		if !carry {
			l.updates = 0
		}
		l.cfg.Accumulator.Merged()
	case l.up.unsure:
		l.up.again(l.wanted(), out) // the parent had not known us: the delta goes once more
	case len(m.Params) > 0:
		l.adopt(m.Params, out)
	}
	l.join(out)
}

// objection says why the parent's model must not be merged, or nothing.
func (l *LPS) objection(m *Model) string {
	switch {
	case m.Version < l.up.global:
		return fmt.Sprintf("global model is version %d: want at least %d, which was here before", m.Version, l.up.global)
	case len(m.Params) != len(l.params) && (l.up.pushing || len(m.Params) > 0):
		return fmt.Sprintf("global model has %d parameters: want %d", len(m.Params), len(l.params))
	case !kernels.Finite(m.Params):
		return "global model is not finite"
	}
	return ""
}

// adopt takes the global model in place of the region's.
func (l *LPS) adopt(params []float32, out *Output) {
	kernels.Copy(l.params, params)
	kernels.Copy(l.base, params)
	l.updates = 0
	l.cfg.Accumulator.Merged()
	out.note(Event{Kind: Adopted, Peer: l.up.parent, Version: l.version})
}

// join answers the children that waited for the first answer of the GPS.
func (l *LPS) join(out *Output) {
	if l.up.joined {
		return
	}
	l.up.joined = true
	for _, ch := range l.children.order {
		if ch.waiting {
			l.serve(ch, true, out)
		}
	}
}

func (l *LPS) onRefuse(m *Refuse, out *Output) {
	if !l.up.answers(m.Receipt) {
		return
	}
	out.note(Event{Kind: Refused, Peer: l.up.parent, Version: l.version, Reason: m.Reason})
	l.up.refused(m, l.wanted(), out)
}

func (l *LPS) wanted() uint64 {
	if l.cfg.Cursor != nil {
		return 0
	}
	return l.lease.wanted(l.cfg.Lease)
}

func (l *LPS) claim(n uint64) Claim {
	var first uint64
	if l.cfg.Cursor != nil {
		first = l.cfg.Cursor.claim(n)
	} else {
		first = l.lease.claim(n)
	}
	l.lrStep = max(l.lrStep, l.cfg.lrStep(first)) // a lease begun again does not turn it back
	return Claim{First: first, Count: n, LRStep: l.lrStep}
}

// end begins to leave: the children are told to stop.
func (l *LPS) end(out *Output) {
	if l.leaving {
		return
	}
	l.leaving = true
	l.children.stopAll(out)
	out.note(Event{Kind: Stopped, Peer: l.up.parent, Version: l.version})
}

// leaveIfIdle leaves when every child has. Unless the run is over, what the
// region still has goes up first.
func (l *LPS) leaveIfIdle(out *Output) {
	switch {
	case out.Done || len(l.children.known) > 0:
	case l.up.over || !l.up.joined:
		l.up.depart(out)
	case l.up.waiting:
	case l.updates > 0:
		l.send(out)
	default:
		l.up.depart(out)
	}
}
