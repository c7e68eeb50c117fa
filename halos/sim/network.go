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
	region   int
	worker   int  // or None
	away     bool // it has left
	parent   int  // its number; None for the first node
	steps    uint64
	end      float64 // of a worker's round, as planned when its model was sent
	up, down float64 // when the last message on the link arrives
}

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
	n.nodes = append(n.nodes, place{region: of.Region, worker: of.Worker, parent: None, steps: of.Steps})
	if of.Worker == None {
		n.first = len(n.nodes)
	}
}

// count notes that so many more workers are there.
func (n *network) count(more int) {
	if n.workers += more; n.ring {
		n.ringTime = n.clock.allReduce(n.workers)
	}
}

// connect notes who is whose parent, when all nodes are there.
func (n *network) connect(nodes []runfile.Node) {
	for i, of := range nodes {
		if of.Parent != "" {
			n.nodes[i].parent = n.sim.byName[of.Parent]
		}
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

// lower returns the lower end of the link between two nodes.
func (n *network) lower(a, b int) int {
	if n.nodes[b].parent == a {
		return b
	}
	return a
}

// reaches reports whether a node is a worker that is there and has a way to the first server.
func (n *network) reaches(i int) bool {
	if n.nodes[i].worker == None || n.nodes[i].away {
		return false
	}
	for n.nodes[i].parent != None {
		if n.sim.faults.down(i, n.nodes[i].parent) {
			return false
		}
		i = n.nodes[i].parent
	}
	return true
}

// carry returns when a message arrives; round says that it is the first update that goes up
// at the end of a round. What takes no time does not overtake what was sent before it. Where
// messages share bandwidth, it is when the message would arrive alone, with its pipe and its work
// there; else pipe is None.
func (n *network) carry(from, to int, m halos.Message, round bool) (at float64, pipe int, work float64) {
	a, b := &n.nodes[from], &n.nodes[to]
	at = n.sim.now
	switch m := m.(type) {
	case *halos.Push:
		at, work = n.update(a, b, round)
	case *halos.Model:
		if len(m.Params) > 0 {
			at, work = n.model(a, b)
		}
	}
	last := &b.down
	if a.parent == to {
		last = &a.up
	}
	at = max(at, *last)
	if n.pipes == nil {
		*last = at
		return at, None, 0
	}
	return at, n.pipe(a, b), work
}

// pipe returns the number of the pipe from one place to another.
func (n *network) pipe(a, b *place) int {
	return a.region*len(n.clock.topology.Bandwidths) + b.region
}

// arrives notes that a message leaves its pipe and arrives at e.at, later than alone.
func (n *network) arrives(e *event, delay float64) {
	a, b := &n.nodes[e.from], &n.nodes[e.to]
	last := &b.down
	if a.parent == int(e.to) {
		last = &a.up
	}
	*last = e.at
	b.end += delay
	if b.worker != None {
		a = b
	}
	if a.worker != None && !a.away && n.usage[a.worker].doing == communicating {
		n.usage[a.worker].until = e.at
	}
}

// model returns when a model arrives. That to a worker begins its round, whose end is known
// then: it is one sum, as in the paper's simulator, so that events which are due at
// the same time there are so here.
func (n *network) model(a, b *place) (at, work float64) {
	now, ms, back := n.sim.now, 0.0, n.ringTime
	if !n.ring {
		ms, work = n.transfer(a, b)
		back = ms // the way back of a round costs what the way there does
	}
	if b.worker != None {
		compute, order := n.round(b.worker, b.steps)
		b.end = now + (ms + back + compute + order)
		n.communicate(b, now+ms)
	}
	return now + ms, work
}

// update returns when an update arrives: that at the end of a round when the model that began it
// has said.
func (n *network) update(a, b *place, round bool) (at, work float64) {
	now, ms := n.sim.now, n.ringTime
	switch {
	case a.worker == None:
		ms, work = n.transfer(a, b)
		return now + ms, work
	case !n.ring:
		ms, work = n.transfer(b, a)
	}
	// In a ring, the mean is there one ring after the slowest worker's update, and is
	// everybody's model: the update takes the ring, and the model no time.
	if at = now + ms; round {
		at = max(now, a.end)
	}
	n.communicate(a, at)
	return at, work
}

// communicate notes that a worker has a message on the way until a time, or until it has left
// its pipe.
func (n *network) communicate(worker *place, until float64) {
	if worker.away {
		return
	}
	if n.pipes != nil {
		until = math.Inf(1)
	}
	n.usage[worker.worker].begin(communicating, n.sim.now, until, n.point)
}

// transfer returns how long a message takes between two places, and how much of that is the work
// of a pipe; and it counts the bytes.
func (n *network) transfer(a, b *place) (ms, work float64) {
	if a.region != b.region {
		n.between += n.clock.bytes
	}
	if n.pipes != nil {
		work = runfile.Millis(n.clock.bytes, n.clock.topology.Bandwidths[a.region][b.region])
	}
	return n.clock.transfer(a.region, b.region), work
}

// round returns how long a worker takes for the local steps of a round, and its place among
// equals: where workers do not wait for each other, one nanosecond a worker id keeps equal
// ones in order, unless they may come together.
func (n *network) round(w int, steps uint64) (compute, order float64) {
	if !n.ring && !n.ties {
		order = float64(float64(w) * 1e-6)
	}
	return n.clock.compute(w, steps), order
}

// compute returns how long a round of a worker takes that begins now.
func (n *network) compute(w int, steps uint64) float64 {
	compute, order := n.round(w, steps)
	n.usage[w].begin(computing, n.sim.now, n.sim.now+(compute+order), n.point)
	return compute + order
}

// dropped notes that what is on a link is lost, and that whoever waits for it waits.
func (n *network) dropped(a, b int) {
	child, now := &n.nodes[n.lower(a, b)], n.sim.now
	for _, way := range [][2]int{{a, b}, {b, a}} {
		if n.pipes != nil {
			i := n.pipe(&n.nodes[way[0]], &n.nodes[way[1]])
			n.pipes[i].drop(now, int32(way[0]), int32(way[1]), &n.sim.pool)
			n.sim.expect(i)
		}
	}
	child.up, child.down = now, now
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
