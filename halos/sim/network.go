package sim

import (
	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

// A network is the links of a run file, and the record of who used them. Only
// models and updates take time on it; what else the machines say to each other
// is a few bytes, and takes none, as in the paper's simulator.
type network struct {
	clock *clock
	nodes []place
	first int  // number of the first worker; those before it are servers
	ring  bool // updates go round in a ring of all workers instead of to a server

	ringTime float64 // of one round, if ring

	ties bool // equal workers are due at the same time

	now     *float64 // the simulation's
	between float64  // bytes sent from one region to another
	usage   []usage  // by worker
}

// A place is where a node is.
type place struct {
	region int
	worker int // or None
}

// A usage is how a worker spends its time, in milliseconds, as planned at the
// beginning of each activity.
type usage struct {
	compute, communicate float64
	until                float64 // end of the last activity
	computing            bool    // which of the two that is
}

func newNetwork(k *clock, cfg runfile.Config) network {
	n := network{clock: k, usage: make([]usage, len(k.speed))}
	if cfg.Algorithm == runfile.DiLoCo || cfg.Algorithm == runfile.SyncSGD {
		n.ring, n.ringTime = true, k.allReduce()
	}
	return n
}

// add notes where the node added next is.
func (n *network) add(of runfile.Node) {
	n.nodes = append(n.nodes, place{of.Region, of.Worker})
	if of.Worker == None {
		n.first = len(n.nodes)
	}
}

// worker returns the id of the worker that is a node, or None.
func (n *network) worker(node int) int { return n.nodes[node].worker }

// lps returns the id of the LPS that is a node, or None.
func (n *network) lps(node int) int {
	if node == 0 || node >= n.first {
		return None
	}
	return node - 1
}

// Transfer implements [Network].
func (n *network) Transfer(from, to int, m halos.Message) (ms float64, ok bool) {
	switch m := m.(type) {
	case *halos.Push:
	case *halos.Model:
		if len(m.Params) == 0 {
			return 0, true
		}
	default:
		return 0, true
	}
	a, b := n.nodes[from], n.nodes[to]
	switch {
	case n.ring && a.worker == None:
		return 0, true // see below
	case n.ring:
		// The mean is there one ring after the slowest worker's update, and is
		// everybody's model: the update takes the ring, and the model no time.
		ms = n.ringTime
	case a.worker != None: // the way back of a round costs what the way there does
		ms = n.clock.transfer(b.region, a.region)
	default:
		ms = n.clock.transfer(a.region, b.region)
	}
	if !n.ring && a.region != b.region {
		n.between += n.clock.bytes
	}
	if w := max(a.worker, b.worker); w != None {
		u := &n.usage[w]
		u.communicate += ms
		u.until, u.computing = *n.now+ms, false
	}
	return ms, true
}

// compute returns how long a worker takes for a round. Where workers do not
// wait for each other, one nanosecond a worker id keeps equal ones in order, unless
// they may come together.
func (n *network) compute(w int, steps uint64) float64 {
	ms := n.clock.compute(w, steps)
	if !n.ring && !n.ties {
		ms += float64(float64(w) * 1e-6)
	}
	u := &n.usage[w]
	u.compute += ms
	u.until, u.computing = *n.now+ms, true
	return ms
}

// shares returns the mean share of the workers' time, up to a time, in which
// they computed, waited and communicated.
func (n *network) shares(until float64) (compute, wait, communicate float64) {
	if until <= 0 {
		return 0, 0, 0
	}
	for _, u := range n.usage {
		over := max(0, u.until-until) // planned, but later than until
		if u.computing {
			u.compute -= over
		} else {
			u.communicate -= over
		}
		compute += u.compute
		communicate += u.communicate
	}
	total := until * float64(len(n.usage))
	compute, communicate = compute/total, communicate/total
	return compute, max(0, 1-compute-communicate), communicate
}
