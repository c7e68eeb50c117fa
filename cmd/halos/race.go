package main

import (
	"context"
	"math"

	"github.com/halos-go/sdk/halos/sim"
)

// How a race ended.
const (
	endReached     = "reached"     // at the target loss
	endBudget      = "budget"      // with total_local_steps
	endInterrupted = "interrupted" // from outside: no result, but points
	endFailed      = "failed"      // with an error, as when no worker's model is finite any more
)

// A race is one method's run against a target loss.
type race struct {
	method method
	seed   uint64
	target float64 // it ends when the held-out loss is no larger; NaN: with the budget
	start  float64 // held-out loss of the initial model
}

// A record is what became of a race.
type record struct {
	Method string  `json:"method"`
	Seed   uint64  `json:"seed"`
	Target number  `json:"target"` // null: this is the run whose last loss is the target
	End    string  `json:"end"`
	Error  string  `json:"error,omitempty"`
	TimeMS float64 `json:"time_ms"` // simulated
	Steps  uint64  `json:"steps"`
	Tokens uint64  `json:"tokens_counted"` // in updates of the global model; workers have trained on more
	Loss   number  `json:"loss"`           // held-out, at the end

	costs

	Points []point `json:"points"`
}

// costs are what [sim.Stats] says of a run.
type costs struct {
	Compute          float64  `json:"compute"`
	Wait             float64  `json:"wait"`
	Communicate      float64  `json:"communicate"`
	InterRegionBytes float64  `json:"inter_region_bytes"`
	LocalStaleness   float64  `json:"local_staleness"`
	GlobalStaleness  float64  `json:"global_staleness"`
	Updates          []uint64 `json:"updates"` // by region
	Reached          []uint64 `json:"reached"`
}

func costsOf(s sim.Stats) costs {
	return costs{s.Compute, s.Wait, s.Communicate, s.InterRegionBytes, s.LocalStaleness, s.GlobalStaleness, s.Updates, s.Reached}
}

// A point is an evaluation of the held-out loss. The first is that of the initial model,
// at 0.
type point struct {
	TimeMS  float64 `json:"time_ms"`
	Version uint64  `json:"version"` // updates of the global model
	Steps   uint64  `json:"steps"`
	Tokens  uint64  `json:"tokens_counted"`
	Loss    number  `json:"loss"`
}

// run runs the race, on so many goroutines. watch is called after every update
// of the global model. The error is the interrupt, or that the run file does
// not fit; that the run failed is in the record.
func (r race) run(ctx context.Context, p *problem, workers int, watch func(sim.Point)) (record, error) {
	cfg := r.method.cfg
	cfg.Seed = r.seed
	tokens := cfg.Workload.LocalBatchSize * p.tokens
	rec := record{Method: r.method.name, Seed: r.seed, Target: number(r.target), End: endBudget, Points: []point{{Loss: number(r.start)}}}
	run, err := sim.New(cfg, p, sim.Options{Workers: workers, Observe: func(at sim.Point) bool {
		watch(at)
		if !math.IsNaN(at.Loss) {
			rec.Points = append(rec.Points, point{at.TimeMS, at.Version, at.Steps, at.Steps * tokens, number(at.Loss)})
		}
		if at.Loss <= r.target {
			rec.End = endReached
		}
		return rec.End == endReached
	}})
	if err != nil {
		return rec, usageError{err}
	}
	res, err := run.Run(ctx)
	rec.TimeMS, rec.Steps, rec.Tokens, rec.Loss = res.TimeMS, res.Steps, res.Steps*tokens, number(res.Loss)
	rec.costs = costsOf(run.Stats())
	switch {
	case ctx.Err() != nil:
		rec.End = endInterrupted
		return rec, context.Cause(ctx)
	case err != nil:
		rec.End, rec.Error = endFailed, err.Error()
	case rec.baseline():
		rec.arrive()
	}
	return rec, nil
}

// arrive takes as the end of the run that sets the target the first point with the loss
// at which it ends, as that of any other run is.
func (r *record) arrive() {
	for _, p := range r.Points {
		if p.Loss <= r.Loss {
			r.TimeMS, r.Steps, r.Tokens = p.TimeMS, p.Steps, p.Tokens
			return
		}
	}
}

// baseline reports whether it is the run that sets the target.
func (r record) baseline() bool { return math.IsNaN(float64(r.Target)) }

// verdict says how it ended.
func (r record) verdict() string {
	switch {
	case r.End == endFailed:
		return r.Error
	case r.End == endBudget && r.baseline():
		return "sets the target"
	case r.End == endBudget:
		return "target not reached"
	}
	return r.End
}
