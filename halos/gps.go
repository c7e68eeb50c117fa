package halos

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
)

// GPSConfig describes a global parameter server.
type GPSConfig struct {
	ServerConfig
	// TotalSteps ends the run with the first update at which the local steps in
	// all updates reach it. 0: no end but Quit.
	TotalSteps uint64
	// Cursor hands out samples, to workers as claims and to LPSs as leases.
	// nil: one of its own, from sample 0.
	Cursor *Cursor
}

// A GPS is the global parameter server: it applies each update on arrival and
// answers with its new model, to that child only. Its children are LPSs or, in
// Async-Local-SGD (arXiv 2401.09135), workers, or both.
type GPS struct {
	cfg     GPSConfig
	initial uint64 // fingerprint of the model it began with
	version uint64
	steps   uint64
	stopped bool

	pass     pass
	children children
}

var _ Machine = (*GPS)(nil)

// NewGPS returns a GPS. An error names the field of cfg that is wrong.
func NewGPS(cfg GPSConfig) (*GPS, error) {
	initial := Fingerprint(cfg.Params) // here, before it is in the Backend
	var err error
	if cfg.ServerConfig, err = cfg.check("GPSConfig"); err != nil {
		return nil, err
	}
	if cfg.Cursor == nil {
		cfg.Cursor = new(Cursor)
	}
	return &GPS{
		cfg:      cfg,
		initial:  initial,
		children: newChildren(cfg.Layout, len(cfg.Params), cfg.Require),
	}, nil
}

// ID implements [Machine].
func (g *GPS) ID() string { return g.cfg.ID }

// Params returns the model, on loan until the next Step; from another
// goroutine only while none can happen, as in [RunConfig].Observe or after Run. Where
// the model is in another Backend than CPU, Params waits for it and returns a copy; if
// that has failed, anything. It must not be called after the Backend's Close.
func (g *GPS) Params() []float32 { return kernels.Ordinary(g.cfg.Params) }

// Version returns how many updates have been applied.
func (g *GPS) Version() uint64 { return g.version }

// Steps returns how many local steps are in the updates applied.
func (g *GPS) Steps() uint64 { return g.steps }

// Step implements [Machine].
func (g *GPS) Step(in Input, out *Output) {
	for in := range in.each {
		g.step(in, out)
	}
	g.settle(out)
	out.Done = g.stopped && len(g.children.known) == 0
	g.cfg.intact(out)
}

func (g *GPS) step(in Input, out *Output) {
	if _, push := in.Msg.(*Push); !push {
		g.settle(out)
	}
	switch m := in.Msg.(type) {
	case *Pull:
		g.onPull(in.From, m, out)
	case *Push:
		g.onPush(in.From, m, out)
	case *Leave:
		g.children.leave(in.From, m, g.version, out)
	case *Linked:
		if g.stopped {
			g.children.remind(in.From, out)
		}
	case *Quit:
		g.end(out)
	}
}

// settle applies the updates that have come and answers who sent them.
func (g *GPS) settle(out *Output) {
	g.pass.apply(g.cfg.Optimizer, g.cfg.Params)
	g.pass.answer(&g.children, g.version, g.cfg.Params, out)
}

func (g *GPS) onPull(from string, m *Pull, out *Output) {
	ch, fresh := g.children.pull(from, m, g.version, out)
	switch {
	case ch == nil:
	case g.stopped:
		out.send(from, &g.children.stop)
	case fresh:
		ch.claim = g.claim(ch.samples)
		fallthrough
	default:
		params := g.cfg.Params
		if g.version == 0 && m.Have == g.initial {
			params = nil
		}
		g.children.answer(ch, g.version, params, out)
	}
}

func (g *GPS) onPush(from string, m *Push, out *Output) {
	if g.stopped {
		out.send(from, &g.children.stop)
		return
	}
	ch, fresh := g.children.push(from, m, g.version, out)
	if ch == nil {
		return
	}
	if fresh {
		g.apply(from, m, out)
		if g.stopped {
			return
		}
		ch.claim = g.claim(ch.samples)
	}
	g.pass.owed = append(g.pass.owed, ch)
}

func (g *GPS) apply(from string, m *Push, out *Output) {
	stale := staleness(g.version, m.Base)
	g.version++
	g.pass.add(m.Delta, g.cfg.LR.At(g.version))
	g.steps += m.Steps
	out.note(Event{Kind: Updated, Peer: from, Version: g.version, Steps: g.steps, Updates: m.Updates, Staleness: stale})
	if g.cfg.TotalSteps > 0 && g.steps >= g.cfg.TotalSteps {
		g.settle(out)
		g.end(out)
	}
}

func (g *GPS) claim(n uint64) Claim {
	first := g.cfg.Cursor.claim(n)
	return Claim{First: first, Count: n, LRStep: g.cfg.lrStep(first)}
}

// end stops the run. The GPS is done when every child has left.
func (g *GPS) end(out *Output) {
	if g.stopped {
		return
	}
	g.stopped = true
	g.children.stopAll(out)
	out.note(Event{Kind: Stopped, Version: g.version, Steps: g.steps, Reason: fmt.Sprintf("%d local steps", g.steps)})
}
