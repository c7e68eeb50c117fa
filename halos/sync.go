package halos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

// SyncConfig describes a synchronous server.
type SyncConfig struct {
	ServerConfig
	// Workers is how many workers must be there before the first round; at least 1.
	Workers int
	// ClipNorm bounds the L2 norm of the mean update. 0: unbounded.
	ClipNorm float64
	// TotalSteps, Lineage and Resume are as in [GPSConfig].
	TotalSteps uint64
	Lineage    uint64
	Resume     *Resume
}

// A Sync is the server of the synchronous methods: it waits for the updates of
// all workers and applies their mean. With local steps and a Nesterov outer
// optimizer that is DiLoCo (arXiv 2311.08105), with one gradient a round and
// AdamW it is synchronous SGD.
//
// The mean is taken, and samples are claimed, in the order of the workers'
// names, so the result does not depend on who comes first. A round waits for
// every worker that has joined and has neither left nor gone; who joins during a round
// takes part from the next one on.
type Sync struct {
	root
	workers int
	clip    float64
	mean    []float32
	began   bool // there has been a round

	gone  []*child    // have left after they pushed to the round
	round [][]float32 // updates; scratch
	took  []string    // whose they were
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
	if err := checkRoot("SyncConfig", cfg.Lineage, cfg.Resume); err != nil {
		return nil, err
	}
	var err error
	if cfg.ServerConfig, err = cfg.check("SyncConfig"); err != nil {
		return nil, err
	}
	s := newServer(cfg.ServerConfig, 0, RoleWorker, RoleGradient)
	return &Sync{root: newRoot(s, cfg.TotalSteps, nil, cfg.Lineage, cfg.Resume),
		workers: cfg.Workers, clip: cfg.ClipNorm, mean: kernels.Make(len(cfg.Params))}, nil
}

// Took returns whose updates are in the mean of the last round, in the order of their names. It is
// for use where Params is, and on loan until the next Step.
func (s *Sync) Took() []string { return s.took }

// Step implements [Machine].
func (s *Sync) Step(in []Input, out *Output) { s.stepRoot(s, in, out) }

func (s *Sync) take(in Input, out *Output) { s.takeRoot(s, in, out) }

func (s *Sync) asked(ch *child, push *Push, fresh bool, out *Output) {
	if !fresh {
		s.owe(ch)
		return
	}
	if push != nil {
		if ch.gradient == nil {
			ch.gradient = kernels.Make(len(s.mean))
		}
		kernels.Copy(ch.gradient, push.Delta)
		ch.has, ch.work = true, push.Work // in place of what it has pushed to this round before
	}
	s.closeRound(out)
}

func (s *Sync) left(ch *child, out *Output) {
	if ch.has {
		s.gone = append(s.gone, ch)
	}
	s.closeRound(out)
}

// closeRound applies the round and begins the next, if everybody is here.
func (s *Sync) closeRound(out *Output) {
	order := s.children.order
	if s.stopped || len(order) == 0 || !s.began && len(order) < s.workers {
		return
	}
	if s.settle(s, out); s.children.waiting < len(order) { // who is owed the last round's answer is not in this one
		return
	}
	slices.SortFunc(order, byName)
	s.began = true
	if s.applyRound(out); s.stopped {
		return
	}
	for _, ch := range order {
		first := s.cursor.claim(ch.want)
		ch.claim = Claim{First: first, Count: ch.want, LRStep: s.roundLRStep(ch, first)}
		s.owe(ch)
	}
}

// applyRound steps along the mean of the round's updates, if there are any.
func (s *Sync) applyRound(out *Output) {
	from := s.children.order
	if len(s.gone) > 0 {
		from = slices.Concat(from, s.gone)
		slices.SortFunc(from, byName)
		s.gone = nil
	}
	s.round, s.took = s.round[:0], s.took[:0]
	for _, ch := range from {
		if ch.has {
			s.took = append(s.took, ch.name)
			s.round = append(s.round, ch.gradient)
			s.work.add(ch.work)
			ch.has = false
		}
	}
	if len(s.round) == 0 {
		return
	}
	kernels.Mean(s.mean, s.round...)
	if s.clip > 0 {
		kernels.Clip(s.mean, s.clip)
	}
	s.point.Version++
	s.updates = append(s.updates, optim.Gradient{Values: s.mean, LR: s.cfg.LR.At(s.point.Version)})
	if !s.flush(s, out) {
		return
	}
	out.note(Event{Kind: Updated, Version: s.point.Version, Steps: s.work.Steps, Updates: uint64(len(s.round))})
	if s.complete() {
		s.end(out)
	}
}

// roundLRStep is the learning-rate step of a claim. Where all workers do the same number
// of local steps H, it is a multiple of H, so that they walk the schedule together.
func (s *Sync) roundLRStep(ch *child, first uint64) uint64 {
	if s.cfg.GlobalBatch == 0 {
		return s.point.Version * ch.steps
	}
	step, h := s.lrStep(ch, first), s.children.order[0].steps
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

// end stops the run. What has been pushed to a round that is open is lost.
func (s *Sync) end(out *Output) {
	if open := s.open(); !s.stopped && open.Updates > 0 {
		out.note(Event{Kind: Lost, Version: s.point.Version, Steps: open.Steps, Updates: open.Updates, Reason: "the round is not complete"})
	}
	s.root.end(out)
}

// open is the work in the updates of a round that has not closed.
func (s *Sync) open() (w Work) {
	for _, ch := range slices.Concat(s.children.order, s.gone) {
		if ch.has {
			w.add(ch.work)
		}
	}
	return w
}

func byName(a, b *child) int { return strings.Compare(a.name, b.name) }
