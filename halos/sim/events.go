package sim

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

// schedule plans what the events of the run file do. They come before all else that is due at
// their time but the start of a node.
func (r *Run) schedule() {
	for n, i := range r.cfg.Timeline() {
		e, last := r.cfg.Events[i], n == len(r.cfg.Events)-1
		r.sim.call(e.AtMS, 0, func(ctx context.Context) error {
			if err := r.happen(ctx, e); err != nil {
				return fmt.Errorf("sim: events[%d]: %w", i, err)
			}
			if last {
				r.lookForTheEnd(i)
			}
			return nil
		})
	}
}

// lookForTheEnd ends a run that can have no end after its last event: regions that are cut off
// train on and on, and nobody else is there. What is on the way may still end it.
func (r *Run) lookForTheEnd(event int) {
	for i := range r.net.nodes {
		if r.net.reaches(i) {
			return
		}
	}
	t := r.cfg.Topology
	slowest := 0.0
	for a := range t.Bandwidths {
		for b := range t.Bandwidths {
			slowest = max(slowest, r.net.clock.transfer(a, b))
		}
	}
	levels, together := float64(len(t.Levels)+3), float64(len(r.net.nodes))
	r.sim.call(r.sim.now+levels*together*slowest, 0, func(context.Context) error {
		return fmt.Errorf("sim: after events[%d] no worker has a way to %s, and the run is not over: want a link that heals or a worker that joins",
			event, r.sim.nodes[0].id)
	})
}

// happen lets e happen now.
func (r *Run) happen(ctx context.Context, e runfile.Event) error {
	switch {
	case e.Quit != nil:
		n := r.worker(*e.Quit)
		r.record(NodeQuit, n)
		r.net.count(-1)
		r.net.nodes[n].away = true
		r.net.usage[*e.Quit].stop(r.sim.now, r.net.point)
		if err := r.sim.tell(n, &halos.Quit{}); err != nil {
			return err
		}
		if parent := int(r.net.nodes[n].parent); r.sim.faults.down(n, parent) {
			r.sim.Gone(r.sim.now, parent, n) // that it leaves is lost
		}
		if r.revived != nil && r.revived.Version == r.root.Point().Version {
			return r.restart(ctx, 0) // it waits for workers that it does not know yet, and for this one
		}
		return nil
	case e.Join != nil:
		n := r.worker(*e.Join)
		r.record(NodeJoin, n)
		r.net.nodes[n].away = false
		if r.net.count(1); !r.sim.nodes[n].done {
			return nil // it starts now, for the first time
		}
		return r.restart(ctx, n)
	case len(e.Cut) > 0:
		a, b := r.sim.byName[e.Cut[0]], r.sim.byName[e.Cut[1]]
		child, _ := r.net.link(a, b)
		r.record(LinkCut, child)
		r.sim.cut(a, b)
		if r.net.nodes[child].away { // that it leaves may have been on the link
			r.sim.Gone(r.sim.now, int(r.net.nodes[child].parent), child)
		}
	case len(e.Heal) > 0:
		a, b := r.sim.byName[e.Heal[0]], r.sim.byName[e.Heal[1]]
		child, _ := r.net.link(a, b)
		r.record(LinkHeal, child)
		r.sim.heal(a, b)
	default:
		n := r.sim.byName[e.Restart]
		r.record(NodeRestart, n)
		return r.restart(ctx, n)
	}
	return nil
}

// worker returns the number of the node that is a worker.
func (r *Run) worker(w int) int { return r.sim.byName[r.plan.Workers()[w].ID] }

// record writes into the trace what happens to a node or to its link.
func (r *Run) record(kind TraceKind, node int) {
	if r.trace != nil {
		r.trace.Write(TraceEvent{T: r.sim.now, Kind: kind, LPS: r.net.lps(node), Worker: r.net.worker(node)})
	}
}

// restart lets a node begin a new life. The first server goes on from the model that it has.
func (r *Run) restart(ctx context.Context, n int) error {
	o := runfile.Options{Simulated: true, Backend: r.opts.Backend}
	if n == 0 {
		if at := r.root.Point(); r.net.ring {
			r.revived = &at
		}
		o.Resume = &halos.Resume{Point: r.root.Point(), Work: r.root.Work(), Sample: r.root.NextSample()}
		o.Params, o.Workers = r.root.Params(), max(1, r.net.workers)
	}
	life, err := r.plan.Build(r.sim.nodes[n].id, o)
	if err != nil {
		return err
	}
	switch m := life.Machine.(type) {
	case *halos.Worker:
		w := r.net.worker(n)
		r.net.usage[w].stop(r.sim.now, r.net.point)
	case *halos.LPS:
		r.lps[r.net.lps(n)] = m
	default:
		r.root = m.(server)
	}
	return r.sim.revive(ctx, n, life)
}

// away returns the time, up to the last update of the global model, in which workers were not there.
func (r *Run) away() (ms float64) {
	until := r.net.point
	for w, n := range r.plan.Workers() {
		if len(r.cfg.Events) == 0 {
			return 0
		}
		left, away := 0.0, n.StartMS > 0
		for _, i := range r.cfg.Timeline() {
			switch e := r.cfg.Events[i]; {
			case e.AtMS > until:
			case e.Quit != nil && *e.Quit == w:
				left, away = e.AtMS, true
			case e.Join != nil && *e.Join == w && away:
				ms += e.AtMS - left
				away = false
			}
		}
		if away {
			ms += until - left
		}
	}
	return ms
}
