package halos

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

// WorkerConfig describes a worker.
type WorkerConfig struct {
	// ID is the worker's name in the run: 1 to 255 bytes.
	ID string
	// Server is the name of its parent: an LPS, a GPS or a Sync.
	Server string
	// Layout names the tensors of the model; it must be the server's.
	Layout optim.Layout
	// Steps is how many local steps make a round: H, at least 1.
	Steps uint64
	// Samples is how many samples a round uses: Steps times the local batch.
	Samples uint64
	// Plugs describes the inner optimizer and the like; see ServerConfig.Require.
	Plugs string
	// Gradient asks the Trainer for one gradient a round in place of local steps;
	// the server must be a Sync. Steps must be 1.
	Gradient bool
}

// A Worker trains locally, round after round, and pushes each pseudo-gradient
// to its server. It waits only for the answer, which brings the next model.
type Worker struct {
	cfg   WorkerConfig
	round uint64
	task  Task
	up    uplink
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
	n := cfg.Layout.Len()
	switch {
	case cfg.Server == "" || cfg.Server == cfg.ID:
		return nil, fmt.Errorf("halos: WorkerConfig.Server is %q: want the name of another node", cfg.Server)
	case n == 0:
		return nil, fmt.Errorf("halos: WorkerConfig.Layout is empty: want the server's")
	case cfg.Steps == 0:
		return nil, fmt.Errorf("halos: WorkerConfig.Steps is 0: want at least 1")
	case cfg.Gradient && cfg.Steps != 1:
		return nil, fmt.Errorf("halos: WorkerConfig.Steps is %d: want 1 with Gradient", cfg.Steps)
	}
	w := &Worker{cfg: cfg}
	w.up = newUplink(cfg.Server, Hello{Layout: cfg.Layout.Hash(), Params: uint64(n), Plugs: cfg.Plugs})
	w.up.delta = kernels.Make(n)
	w.up.pull.Steps = cfg.Steps
	return w, nil
}

// ID implements [Machine].
func (w *Worker) ID() string { return w.cfg.ID }

// Step implements [Machine].
func (w *Worker) Step(in Input, out *Output) {
	for in := range in.each {
		if w.step(in, out); out.Done {
			return
		}
	}
}

func (w *Worker) step(in Input, out *Output) {
	switch m := in.Msg.(type) {
	case *Start:
		w.up.start(m.Incarnation)
		w.up.askPull(w.cfg.Samples, out)
	case *Trained:
		copy(w.up.delta, m.Update)
		w.up.askPush(w.cfg.Steps, 1, w.cfg.Samples, out)
	case *Quit:
		w.up.depart(out)
	default:
		if in.From == w.up.parent {
			w.onParent(in.Msg, out)
		}
	}
}

func (w *Worker) onParent(m Message, out *Output) {
	switch m := m.(type) {
	case *Linked:
		w.up.repeat(out)
	case *Model:
		w.onModel(m, out)
	case *Refuse:
		if w.up.answers(m.Receipt) {
			out.note(Event{Kind: Refused, Peer: w.up.parent, Reason: m.Reason})
			w.up.refused(m, w.cfg.Samples, out)
		}
	case *Stop:
		out.note(Event{Kind: Stopped, Peer: w.up.parent, Version: w.up.global})
		w.up.depart(out)
	}
}

func (w *Worker) onModel(m *Model, out *Output) {
	switch {
	case !w.up.answers(m.Receipt): // a second answer to a repeated request
	case len(m.Params) != len(w.up.delta) || !kernels.Finite(m.Params):
		out.note(Event{Kind: Refused, Peer: w.up.parent, Reason: "model of the wrong length or not finite"})
	case w.up.unsure:
		w.up.answered(m.Version)
		w.up.again(w.cfg.Samples, out)
	default:
		w.up.answered(m.Version)
		w.round++
		w.task = Task{Params: m.Params, Round: w.round, Steps: w.cfg.Steps, Claim: m.Claim, Gradient: w.cfg.Gradient}
		out.Train = &w.task
	}
}
