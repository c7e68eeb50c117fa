package runfile

import (
	"math"
	"slices"
	"strconv"
)

// validateBudget checks that the first update of the global model takes no more
// local steps than the whole run has: with lps.accumulate in the millions a run
// would go on and on without one.
func (c Config) validateBudget(v *validator, plugs *Plugs) {
	if v.err != nil {
		return
	}
	total, workers := c.Workload.TotalLocalSteps, uint64(c.Topology.Workers())
	fewest, all := c.roundSteps()
	budget := " workload.total_local_steps, " + whole(total)
	switch {
	case c.Algorithm == SyncSGD && workers > total:
		v.fail("workload.total_local_steps", whole(total), "at least "+whole(workers)+", a step of every worker of topology.worker_speeds")
	case c.Algorithm == DiLoCo && all > total:
		v.fail("worker.local_steps", whole(c.Worker.LocalSteps), "fewer: a round of all workers has at least "+whole(all)+", more than"+budget)
	case c.Algorithm != SyncSGD && fewest > total:
		v.fail("worker.local_steps", whole(c.Worker.LocalSteps), "fewer: a round has at least "+whole(fewest)+", more than"+budget)
	case c.Algorithm == HALoS:
		c.validateDelta(v, c.updates(plugs), fewest)
	}
}

// validateDelta checks that the first delta for the GPS, of so many updates at each
// level, fits the budget if a round has no more than the fewest steps.
func (c Config) validateDelta(v *validator, updates, fewest uint64) {
	total, levels := c.Workload.TotalLocalSteps, 1+len(c.Topology.Levels)
	most := total / fewest
	if levels > 1 { // the root of it, and no rounding may give one too many
		most = uint64(math.Pow(float64(most), 1/float64(levels)) + 1)
		for most > 1 && float64(fewest)*math.Pow(float64(most), float64(levels)) > float64(total) {
			most--
		}
	}
	if updates <= most {
		return
	}
	want := "at most " + whole(most)
	if levels > 1 {
		want += " at each of " + strconv.Itoa(levels) + " levels"
	}
	want += ": with worker.local_steps " + whole(c.Worker.LocalSteps) + " more updates are not reached within workload.total_local_steps, " + whole(total)
	if name := c.LPS.parts()[0].name(); name != "every" {
		v.fail("lps.accumulator", name+", with "+whole(updates)+" updates in a delta", want)
		return
	}
	v.fail("lps.accumulate", whole(updates), want)
}

// updates returns how many updates go into a delta of an LPS, 0 if its accumulator does
// not say. c is valid but for that.
func (c Config) updates(plugs *Plugs) uint64 {
	part := c.LPS.parts()[0]
	r, _ := plugs.find(part.kind, part.name())
	if r.updates == nil {
		return 0
	}
	v, _ := r.values(*part.plug)
	return r.updates(v)
}

// roundSteps returns the fewest local steps of a worker's round, and those of a
// round of all workers.
func (c Config) roundSteps() (fewest, all uint64) {
	steps := c.localSteps()
	fewest = slices.Min(steps)
	for _, h := range steps {
		all += h
	}
	return fewest, all
}
