package halos

import (
	"fmt"
	"iter"

	"github.com/halos-go/sdk/optim"
)

// WorkerConfig describes a worker.
type WorkerConfig struct {
	// ID is the worker's name in the run: 1 to 255 bytes.
	ID string
	// Parent is the name of its server: an LPS, a GPS or a Sync.
	Parent string
	// Layout names the tensors of the model; it must be the server's.
	Layout optim.Layout
	// Steps is how many local steps make a round: H, 1 to 2^40.
	Steps uint64
	// Samples is how many samples a round uses: Steps times the local batch, a multiple of
	// Steps, up to 2^40.
	Samples uint64
	// Tokens is how many tokens a sample has, as the length of a context: servers add them
	// up. 0: unknown.
	Tokens uint64
	// Plugs describes the inner optimizer and the like; see ServerConfig.Require.
	Plugs string
	// Gradient asks the Trainer for one gradient a round in place of local steps;
	// the server must be a Sync. Steps must be 1.
	Gradient bool
}

// A Worker trains locally, round after round, and pushes each pseudo-gradient
// to its server. It waits only for the answer, which brings the next model.
//
// Ten useless rounds or answers in a row end it with an error: updates that are not
// finite, or that its server refuses, or models that cannot be trained.
type Worker struct {
	cfg    WorkerConfig
	params int
	round  uint64
	task   Task
	losses losses // of the task
	up     uplink
}

var _ Machine = (*Worker)(nil)

// NewWorker returns a Worker. An error names the field of cfg that is wrong.
func NewWorker(cfg WorkerConfig) (*Worker, error) {
	if err := checkID(cfg.ID); err != nil {
		return nil, fmt.Errorf("halos: WorkerConfig.ID %w", err)
	}
	if err := cfg.Layout.Validate(); err != nil {
		return nil, fmt.Errorf("halos: WorkerConfig.Layout: %w", err)
	}
	n, role := cfg.Layout.Len(), RoleWorker
	switch {
	case cfg.Parent == "" || cfg.Parent == cfg.ID:
		return nil, fmt.Errorf("halos: WorkerConfig.Parent is %q: want the name of another node", cfg.Parent)
	case n == 0:
		return nil, fmt.Errorf("halos: WorkerConfig.Layout is empty: want the server's")
	case cfg.Steps == 0 || cfg.Steps > maxWork:
		return nil, fmt.Errorf("halos: WorkerConfig.Steps is %d: want 1 to 2^40", cfg.Steps)
	case cfg.Gradient && cfg.Steps != 1:
		return nil, fmt.Errorf("halos: WorkerConfig.Steps is %d: want 1 with Gradient", cfg.Steps)
	case cfg.Samples == 0 || cfg.Samples > maxSamples || cfg.Samples%cfg.Steps != 0:
		return nil, fmt.Errorf("halos: WorkerConfig.Samples is %d: want a multiple of the %d of Steps, at most 2^40", cfg.Samples, cfg.Steps)
	case cfg.Tokens > maxWork/cfg.Samples:
		return nil, fmt.Errorf("halos: WorkerConfig.Tokens is %d: want at most 2^40 in all Samples", cfg.Tokens)
	}
	if cfg.Gradient {
		role = RoleGradient
	}
	w := &Worker{cfg: cfg, params: n, task: Task{Steps: cfg.Steps, Gradient: cfg.Gradient}}
	w.task.losses = &w.losses
	w.up = newUplink(cfg.ID, cfg.Parent, Hello{Role: role, Layout: cfg.Layout, Plugs: cfg.Plugs})
	w.up.pull.Steps = cfg.Steps
	return w, nil
}

// ID implements [Machine].
func (w *Worker) ID() string { return w.cfg.ID }

// made reports whether NewWorker has made w.
func (w *Worker) made() bool { return w.params > 0 }

// Peers implements [Machine].
func (w *Worker) Peers() iter.Seq[string] {
	return func(yield func(string) bool) { yield(w.up.parent) }
}

// Seen returns the newest state of its parent that the worker knows of.
func (w *Worker) Seen() Point { return w.up.seen }

// Step implements [Machine].
func (w *Worker) Step(in []Input, out *Output) {
	for _, in := range in {
		if w.step(in, out); out.Done {
			return
		}
	}
}

func (w *Worker) step(in Input, out *Output) {
	switch m := in.Msg.(type) {
	case *Start:
		w.up.start(m.Incarnation)
		w.up.askPull(joining, w.cfg.Samples, out)
	case *Trained:
		w.onTrained(m, out)
	case *Failed:
		w.up.depart("its training has failed", out)
		out.Err = fmt.Errorf("halos: %s: %w", w.cfg.ID, m.Err)
	case *Quit, *Expire:
		w.up.depart("left before the answer", out)
	default:
		if in.From == w.up.parent {
			w.fromParent(in.Msg, out)
		}
	}
}

func (w *Worker) fromParent(m Message, out *Output) {
	switch m := m.(type) {
	case *Linked:
		w.up.repeat(out)
	case *Model:
		if w.up.answers(m.Receipt) {
			w.onModel(m, out)
		}
	case *Refuse:
		if w.up.answers(m.Receipt) {
			w.up.refused(m, w.cfg.Samples, out)
		}
	case *Stop:
		out.note(Event{Kind: Stopped, Peer: w.up.parent, Version: w.up.seen.Version, Reason: m.Reason})
		w.up.phase = over // nobody knows whether what is on its way is in the model
		w.up.depart("", out)
	case *Gone:
		w.up.missing(m, out)
	}
}

func (w *Worker) onTrained(m *Trained, out *Output) {
	out.note(Event{Kind: Finished, Version: w.up.seen.Version, Steps: w.cfg.Steps, Loss: m.Loss})
	switch {
	case len(m.Update) != w.params:
		w.up.depart("", out)
		out.fail(fmt.Errorf("halos: %s: update has %d parameters: want %d", w.cfg.ID, len(m.Update), w.params))
	case !m.checked.of(m.Update):
		const reason = "update is not finite"
		out.note(Event{Kind: Lost, Peer: w.up.parent, Steps: w.cfg.Steps, Updates: 1, Reason: reason})
		w.up.reject(reason, ErrDiverged, w.cfg.Samples, out)
	default:
		samples := w.task.Claim.Count
		work := Work{Steps: w.cfg.Steps, Updates: 1, Samples: samples, Tokens: samples * w.cfg.Tokens}
		w.up.askPush(work, w.cfg.Samples, m.Update, finite, out)
	}
}

func (w *Worker) onModel(m *Model, out *Output) {
	switch {
	case !w.up.descends(m.Point, out):
	case len(m.Params) != w.params:
		w.up.unusable(fmt.Sprintf("model has %d parameters: want %d", len(m.Params), w.params), nil, w.cfg.Samples, out)
	case !m.checked.of(m.Params):
		w.up.unusable("model is not finite", ErrDiverged, w.cfg.Samples, out)
	default:
		w.up.answered(m.Point)
		w.round++
		w.task.Params, w.task.Round, w.task.Claim = m.Params, w.round, m.Claim
		out.Train = &w.task
	}
}
