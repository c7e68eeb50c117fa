package sim

import (
	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

// Stats are what a run has cost. Counts are of all that has happened; time, steps and shares are
// up to the last update of the global model. In a run that has come to its end these
// are the same.
type Stats struct {
	TimeMS float64 // simulated time of the last update of the global model, in milliseconds
	Steps  uint64  // local steps counted
	Events uint64  // events the simulator has handled

	// Mean shares of the workers' time up to TimeMS; their sum is 1. Waiting is for other
	// workers, so the asynchronous methods have none.
	Compute, Wait, Communicate float64

	InterRegionBytes float64  // bytes sent from one region to another
	Updates          []uint64 // worker updates applied by the servers nearest to the workers, by region; of a run with topology.levels, all
	Reached          []uint64 // those of them that are in the global model, likewise

	// Mean number of versions between the model from which an update started and
	// the one to which it was applied: workers' at LPSs, and at the GPS or the one server. A
	// synchronous method has none.
	LocalStaleness, GlobalStaleness float64
}

// A tally counts updates as they are applied.
type tally struct {
	updates, reached []uint64 // as in Stats
	atLPS, atRoot    mean
}

// A mean is of the numbers added to it.
type mean struct{ n, sum uint64 }

func (m *mean) add(x uint64) { m.n++; m.sum += x }

func (m *mean) value() float64 { return float64(m.sum) / float64(max(1, m.n)) }

func newTally(t runfile.Topology) tally {
	return tally{updates: make([]uint64, len(t.Speeds)), reached: make([]uint64, len(t.Speeds))}
}

// local counts an update applied by an LPS.
func (c *tally) local(region int, e halos.Event) {
	c.updates[region] += e.Updates
	c.atLPS.add(e.Staleness)
}

// global counts an update of the global model by a child in region.
func (c *tally) global(region int, fromWorker bool, e halos.Event) {
	c.reached[region] += e.Updates
	if fromWorker {
		c.updates[region] += e.Updates
	}
	c.atRoot.add(e.Staleness)
}

// round counts an update in the round of a synchronous method, of a worker in region.
func (c *tally) round(region int) {
	c.updates[region]++
	c.reached[region]++
}
