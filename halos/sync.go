package halos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/halos-go/sdk/kernels"
)

// SyncConfig describes a synchronous server.
type SyncConfig struct {
	ServerConfig
	// Workers is how many workers must be there before the first round; at least 1.
	Workers int
	// ClipNorm bounds the L2 norm of the mean update. 0: unbounded.
	ClipNorm float64
	// TotalSteps ends the run as in [GPSConfig].
	TotalSteps uint64
}

// A Sync is the server of the synchronous methods: it waits for the updates of
// all workers and applies their mean. With local steps and a Nesterov outer
// optimizer that is DiLoCo (arXiv 2311.08105), with one gradient a round and
// AdamW it is synchronous SGD.
//
// The mean is taken, and samples are claimed, in the order of the workers'
// names, so the result does not depend on who comes first. A round waits for
// every worker that has joined and not left, however long that takes; who joins
// during a round takes part from the next one on.
type Sync struct {
	cfg     SyncConfig
	cursor  Cursor
	mean    []float32
	version uint64
	steps   uint64
	stopped bool

	children children
	pass     pass
	gone     []*child    // have left after they pushed to the round
	updates  [][]float32 // of a round; scratch
	pushed   uint64      // local steps in them
}

var _ Machine = (*Sync)(nil)

// NewSync returns a Sync. An error names the field of cfg that is wrong.
func NewSync(cfg SyncConfig) (*Sync, error) {
	switch {
	case cfg.Workers < 1:
		return nil, fmt.Errorf("halos: SyncConfig.Workers is %d: want at least 1", cfg.Workers)
	case !(cfg.ClipNorm >= 0):
		return nil, fmt.Errorf("halos: SyncConfig.ClipNorm is %v: want at least 0", cfg.ClipNorm)
	}
	var err error
	if cfg.ServerConfig, err = cfg.check("SyncConfig"); err != nil {
		return nil, err
	}
	n := len(cfg.Params)
	return &Sync{cfg: cfg, mean: kernels.Make(n), children: newChildren(cfg.Layout, n, cfg.Require)}, nil
}

// ID implements [Machine].
func (s *Sync) ID() string { return s.cfg.ID }

// Params returns the model; the loan is that of [GPS.Params].
func (s *Sync) Params() []float32 { return kernels.Ordinary(s.cfg.Params) }

// Version returns how many rounds have been applied.
func (s *Sync) Version() uint64 { return s.version }

// Steps returns how many local steps are in the updates applied.
func (s *Sync) Steps() uint64 { return s.steps }

// Step implements [Machine].
func (s *Sync) Step(in Input, out *Output) {
	for in := range in.each {
		s.step(in, out)
	}
	out.Done = s.stopped && len(s.children.known) == 0
	s.cfg.intact(out)
}

func (s *Sync) step(in Input, out *Output) {
	switch m := in.Msg.(type) {
	case *Pull:
		ch, fresh := s.children.pull(in.From, m, s.version, out)
		s.arrived(ch, fresh, out)
	case *Push:
		s.onPush(in.From, m, out)
	case *Leave:
		s.onLeave(in.From, m, out)
	case *Linked:
		if s.stopped {
			s.children.remind(in.From, out)
		}
	case *Quit:
		s.end(out)
	}
}

func (s *Sync) onPush(from string, m *Push, out *Output) {
	ch, fresh := s.children.push(from, m, s.version, out)
	if fresh {
		if ch.gradient == nil {
			ch.gradient = kernels.Make(len(s.mean))
		}
		kernels.Copy(ch.gradient, m.Delta)
		ch.has = true
		s.pushed += m.Steps
	}
	s.arrived(ch, fresh, out)
}

func (s *Sync) onLeave(from string, m *Leave, out *Output) {
	ch := s.children.leave(from, m, s.version, out)
	if ch == nil {
		return
	}
	if ch.has {
		s.gone = append(s.gone, ch)
	}
	s.closeRound(out)
}

// arrived notes that a worker waits for the model, or repeats its last answer.
func (s *Sync) arrived(ch *child, fresh bool, out *Output) {
	switch {
	case ch == nil:
	case s.stopped:
		out.send(ch.name, &s.children.stop)
	case fresh:
		s.closeRound(out)
	default:
		s.children.answer(ch, s.version, s.cfg.Params, out)
	}
}

// closeRound applies the round and begins the next, if everybody is here.
func (s *Sync) closeRound(out *Output) {
	order := s.children.order
	if s.stopped || len(order) == 0 || s.version == 0 && s.pushed == 0 && len(order) < s.cfg.Workers {
		return
	}
	if s.children.waiting < len(order) {
		return
	}
	slices.SortFunc(order, byName)
	s.apply(out)
	if s.stopped {
		return
	}
	for _, ch := range order {
		first := s.cursor.claim(ch.samples)
		ch.claim = Claim{First: first, Count: ch.samples, LRStep: s.lrStep(first)}
		s.children.answer(ch, s.version, s.cfg.Params, out)
	}
}

// apply steps along the mean of the round's updates, if there are any.
func (s *Sync) apply(out *Output) {
	from := s.children.order
	if len(s.gone) > 0 {
		from = slices.Concat(from, s.gone)
		slices.SortFunc(from, byName)
		s.gone = nil
	}
	s.updates = s.updates[:0]
	for _, ch := range from {
		if ch.has {
			s.updates = append(s.updates, ch.gradient)
			ch.has = false
		}
	}
	if len(s.updates) == 0 {
		return
	}
	kernels.Mean(s.mean, s.updates...)
	if s.cfg.ClipNorm > 0 {
		kernels.Clip(s.mean, s.cfg.ClipNorm)
	}
	s.version++
	s.pass.add(s.mean, s.cfg.LR.At(s.version))
	s.pass.apply(s.cfg.Optimizer, s.cfg.Params)
	s.steps += s.pushed
	s.pushed = 0
	out.note(Event{Kind: Updated, Version: s.version, Steps: s.steps, Updates: uint64(len(s.updates))})
	if s.cfg.TotalSteps > 0 && s.steps >= s.cfg.TotalSteps {
		s.end(out)
	}
}

// lrStep is that of a claim. Where all workers do the same number of local
// steps H, it is a multiple of H, so that they walk the schedule together.
func (s *Sync) lrStep(first uint64) uint64 {
	step := s.cfg.lrStep(first)
	h := s.children.order[0].steps
	for _, ch := range s.children.order {
		if ch.steps != h {
			return step
		}
	}
	if h > 0 {
		step -= step % h
	}
	return step
}

func (s *Sync) end(out *Output) {
	if s.stopped {
		return
	}
	s.stopped = true
	s.children.stopAll(out)
	out.note(Event{Kind: Stopped, Version: s.version, Steps: s.steps, Reason: fmt.Sprintf("%d local steps", s.steps)})
}

func byName(a, b *child) int { return strings.Compare(a.name, b.name) }
