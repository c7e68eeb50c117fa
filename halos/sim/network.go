package sim

import (
	"math"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
)

// A network is the links of a run file, and the record of who used them. Only
// models and updates take time on it; what else the machines say to each other
// is a few bytes, and takes none, as in the paper's simulator.
type network struct {
	sim   *Sim
	clock *clock
	nodes []place
	first int  // number of the first worker; those before it are servers
	ring  bool // updates go round in a ring of all workers instead of to a server

	workers  int     // that are there
	ringTime float64 // of one round of them, if ring

	pipes []pipe // from each region to each, if messages share bandwidth

	ties bool // equal workers are due at the same time

	between float64 // bytes sent from one region to another
	usage   []usage // by worker
	point   float64 // time of the last update of the global model
}

// A place is where a node is, and its link to its parent.
type place struct {
	region, worker, parent int32 // worker and parent, a number of a node, may be None
	away                   bool  // a worker that has left
	crosses                bool  // the link is between two regions

	ms   [2]float64 // that a model takes on the link, up and down
	last [2]float64 // when the last message arrives, likewise

	// Of a worker, whose rounds are all equal: the time of the local steps; that of a round, if there
	// is no ring; and the end of the one under way, as planned when its model was sent.
	compute, round, end float64
	newest              uint64 // place among events of the last model sent to it, where models share bandwidth
}

// Directions on a link.
const (
	up = iota
	down
)

func newNetwork(s *Sim, k *clock, cfg runfile.Config) network {
	n := network{sim: s, clock: k, usage: make([]usage, len(k.speed)),
		ring: cfg.Algorithm == runfile.DiLoCo || cfg.Algorithm == runfile.SyncSGD}
	if regions := len(cfg.Topology.Bandwidths); cfg.Topology.Contention == runfile.Shared && !n.ring {
		n.pipes = make([]pipe, regions*regions)
	}
	return n
}

// add notes where the node added next is. Its parent may be added later.
func (n *network) add(of runfile.Node) {
	p := place{region: int32(of.Region), worker: int32(of.Worker), parent: None}
	if of.Worker == None {
		n.first = len(n.nodes) + 1
	} else {
		p.compute = n.clock.compute(of.Worker, of.Steps) + n.order(of.Worker)
	}
	n.nodes = append(n.nodes, p)
}

// order keeps equal workers in order where they do not wait for each other, unless they may
// come together: one nanosecond a worker id.
func (n *network) order(w int) float64 {
	if n.ring || n.ties {
		return 0
	}
	return float64(float64(w) * 1e-6)
}

// count notes that so many more workers are there.
func (n *network) count(more int) {
	if n.workers += more; n.ring {
		n.ringTime = n.clock.allReduce(n.workers)
	}
}

// connect notes who is whose parent, and how long their messages take, when all nodes are there.
func (n *network) connect(nodes []runfile.Node) {
	for i, of := range nodes {
		if of.Parent == "" {
			continue
		}
		p := &n.nodes[i]
		p.parent = int32(n.sim.byName[of.Parent])
		above := int(n.nodes[p.parent].region)
		p.crosses = above != of.Region
		p.ms = [2]float64{up: n.clock.transfer(of.Region, above), down: n.clock.transfer(above, of.Region)}
		if of.Worker == None {
			continue
		}
		p.ms[up] = p.ms[down] // the way back of a round costs what the way there does
		p.round = p.ms[down] + p.ms[up] + n.clock.compute(of.Worker, of.Steps) + n.order(of.Worker)
		if n.ring {
			// The mean is there one ring after the slowest worker's update, and is
			// everybody's model: the update takes the ring, and the model no time.
			p.ms[down] = 0
		}
	}
}

// region returns where a node is.
func (n *network) region(node int) int { return int(n.nodes[node].region) }

// worker returns the id of the worker that is a node, or None.
func (n *network) worker(node int) int { return int(n.nodes[node].worker) }

// lps returns the id of the LPS that is a node, or None.
func (n *network) lps(node int) int {
	if node == 0 || node >= n.first {
		return None
	}
	return node - 1
}

// link returns the lower end of the link between two nodes, and the direction from a to b.
func (n *network) link(a, b int) (child, way int) {
	if int(n.nodes[a].parent) == b {
		return a, up
	}
	return b, down
}

// reaches reports whether a node is a worker that is there and has a way to the first server.
func (n *network) reaches(i int) bool {
	if n.nodes[i].worker == None || n.nodes[i].away {
		return false
	}
	for n.nodes[i].parent != None {
		above := int(n.nodes[i].parent)
		if n.sim.faults.down(i, above) {
			return false
		}
		i = above
	}
	return true
}

// carry returns when a message arrives; round says that it is the first update that goes up
// at the end of a round. What takes no time does not overtake what was sent before it. Where
// messages share bandwidth, it is when the message would arrive alone, with its pipe and its work
// there; else pipe is None.
func (n *network) carry(from, to int, m halos.Message, round bool) (at float64, pipe int, work float64) {
	i, way := n.link(from, to)
	child, now := &n.nodes[i], n.sim.now
	at = now
	switch m := m.(type) {
	case *halos.Push:
		ms := child.ms[up]
		if n.ring {
			ms = n.ringTime
		}
		if at += ms; round {
			at = max(now, child.end)
		}
		work = n.pass(child, up, at)
	case *halos.Model:
		if len(m.Params) == 0 {
			break
		}
		// The end of a round is known when its model is sent. It is one sum, as in the paper's
		// simulator, so that events which are due at the same time there are so here.
		if child.end = now + child.round; n.ring {
			child.end = now + (n.ringTime + child.compute)
		}
		at += child.ms[down]
		work = n.pass(child, down, at)
	}
	at = max(at, child.last[way])
	if n.pipes == nil {
		child.last[way] = at
		return at, None, 0
	}
	return at, n.pipe(child, way), work
}

// pass notes that a model or an update is on a link until a time, or until it has left its pipe, where
// it is so much work.
func (n *network) pass(child *place, way int, until float64) (work float64) {
	if child.crosses && !n.ring {
		n.between += n.clock.bytes
	}
	if n.pipes != nil {
		until, work = math.Inf(1), n.work(child, way)
	}
	if child.worker != None && !child.away {
		n.usage[child.worker].begin(communicating, n.sim.now, until, n.point)
	}
	return work
}

// pipe returns the number of the pipe that is one direction of a link.
func (n *network) pipe(child *place, way int) int {
	from, to := child.region, n.nodes[child.parent].region
	if way == down {
		from, to = to, from
	}
	return int(from)*len(n.clock.topology.Bandwidths) + int(to)
}

// work returns how long a message has a pipe if it is alone there: what it takes but for the latency.
func (n *network) work(child *place, way int) float64 {
	from, to := child.region, n.nodes[child.parent].region
	if way == down || child.worker != None { // the way back costs what the way there does
		from, to = to, from
	}
	return runfile.Millis(n.clock.bytes, n.clock.topology.Bandwidths[from][to])
}

// arrives notes that a message leaves its pipe and arrives at e.at, later than alone.
func (n *network) arrives(e *event, delay float64) {
	i, way := n.link(int(e.from), int(e.to))
	child := &n.nodes[i]
	child.last[way] = e.at
	if way == down && e.seq == child.newest { // and not a model that was for a former life
		child.end += delay
	}
	if w := child.worker; w != None && !child.away && n.usage[w].doing == communicating {
		n.usage[w].until = e.at
	}
}

// compute returns how long the local steps of a worker take that begin now.
func (n *network) compute(node int) float64 {
	p := &n.nodes[node]
	n.usage[p.worker].begin(computing, n.sim.now, n.sim.now+p.compute, n.point)
	return p.compute
}

// dropped notes that what is on a link is lost, and that whoever waits for it waits.
func (n *network) dropped(a, b int) {
	i, _ := n.link(a, b)
	child, now := &n.nodes[i], n.sim.now
	above := child.parent
	for way, ends := range [][2]int32{up: {int32(i), above}, down: {above, int32(i)}} {
		if child.last[way] = now; n.pipes != nil {
			p := n.pipe(child, way)
			n.pipes[p].drop(now, ends[0], ends[1], &n.sim.pool)
			n.sim.expect(p)
		}
	}
	if w := child.worker; w != None && n.usage[w].doing == communicating {
		n.usage[w].stop(now, n.point)
	}
}

// shares returns the mean share of the workers' time, up to the last update of the global
// model, in which they computed, waited and communicated. away is the time, up to then,
// in which they were not there.
func (n *network) shares(away float64) (compute, wait, communicate float64) {
	total := n.point*float64(len(n.usage)) - away
	if total <= 0 {
		return 0, 0, 0
	}
	for i := range n.usage {
		spent := n.usage[i].upToPoint(n.point)
		compute += spent[computing]
		communicate += spent[communicating]
	}
	compute, communicate = compute/total, communicate/total
	return compute, max(0, 1-compute-communicate), communicate
}
