package runfile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

// A Role is what a node of a run does.
type Role string

// The roles.
const (
	RoleGPS    Role = "gps"    // applies updates on arrival: a halos.GPS
	RoleSync   Role = "sync"   // applies the mean of a round: a halos.Sync
	RoleLPS    Role = "lps"    // a halos.LPS
	RoleWorker Role = "worker" // a halos.Worker with its Trainer
)

// None is the number of a node in a list in which it is not.
const None = -1

// A Node is one node of a run, as a run file describes it.
type Node struct {
	// ID is its name: gps or server; lps0, lps1 and so on, or lps00 where there are more
	// than ten; lps1.0 and so on for those of topology.levels, level by level; worker0 or
	// worker00 and so on.
	ID   string
	Role Role
	// Parent is the name of the node to which it sends; empty for the first node.
	Parent string
	// Region is where it is, from 0.
	Region int
	// Worker is the number of a worker in topology.worker_speeds; others have [None].
	Worker int
	// Steps is the local steps in a round of a worker, from its speed if local
	// updates are dynamic. Samples is what a round uses of the data. 0 for others.
	Steps, Samples uint64
	// StartMS is when a worker comes in a simulation: that of its first event, if that is
	// join. 0: it is there from the start.
	StartMS float64
	// Lease is how many samples an LPS asks for at a time, at most 2^40. It is twice
	// what the workers below it use from one answer of its parent to the next, by the
	// times of the run file, and two rounds of each worker, or three leases of each LPS
	// below, which these may hold. What is used between two answers is lps.accumulate
	// times what one update stands for, a round of the largest worker or what an LPS
	// below uses between its answers, and what the workers use while a delta and its
	// answer are on the way. 0 for others.
	Lease uint64
	// LR is the learning rate of a server's optimizer: lr of the run file, or what comes
	// of mass for the children of this server, see [Plug].Params. 0 for workers and for
	// the server of [SyncSGD], which has worker.lr_schedule.
	LR float64
}

// A Plan is the nodes of a run file for one problem. It describes all of them and
// builds the one that is asked for, so a host of one node builds no other. It is
// used by one goroutine.
type Plan struct {
	// Nodes is the first server, then the LPSs of workers, then those of
	// topology.levels from below, then the workers, each in the order of the run file.
	// They are for reading only.
	Nodes []Node

	cfg     Config
	plugs   *Plugs
	problem Problem
	layout  optim.Layout
	speeds  []float64      // of each worker, relative to the fastest
	steps   []uint64       // in a round of each worker
	initial []float32      // the model to begin with; nil until a server is built
	cursor  halos.Cursor   // of a simulation
	index   map[string]int // of Nodes, by name
}

// Options are what [Plan.Build] needs besides the run file.
type Options struct {
	// Simulated says that one goroutine drives all nodes of the Plan, as package sim
	// does. workload.shared_samples and events need it.
	Simulated bool
	// Backend is where servers keep their models; nil: ordinary memory.
	Backend kernels.Backend
	// Resume, if not nil, lets the first server go on from Params, a model that is not the
	// problem's first one: see [halos.Resume].
	Resume *halos.Resume
	Params []float32 // with Resume
	// Workers is how many workers a halos.Sync waits for before its first round. 0: all
	// that are there from the start.
	Workers int
}

// Plan returns the nodes of a run that trains p. An error is that of [Config.Validate].
func (c Config) Plan(p Problem) (*Plan, error) {
	c.plugs = c.known()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	layout := p.Layout()
	return c.layOut(p, &layout), nil
}

// layOut returns the nodes of a valid Config. Without a problem they have names, parents and
// regions, and cannot be built.
func (c Config) layOut(p Problem, layout *optim.Layout) *Plan {
	plan := &Plan{cfg: c, plugs: c.known(), problem: p, speeds: c.Topology.RelativeSpeeds(), steps: c.localSteps(), index: make(map[string]int)}
	if layout != nil {
		plan.layout = *layout
	}
	switch c.Algorithm {
	case HALoS:
		plan.addHierarchy()
	case AsyncLocalSGD:
		plan.addRoot("server", RoleGPS, plan.rateOf(c.Server.Optimizer, c.Topology.Workers()))
		plan.addWorkers(func(int) string { return "server" })
	case DiLoCo: // one update a round: the mean of all
		plan.addRoot("server", RoleSync, plan.rateOf(c.Server.Optimizer, 1))
		plan.addWorkers(func(int) string { return "server" })
	default:
		plan.addRoot("server", RoleSync, 0)
		plan.addWorkers(func(int) string { return "server" })
	}
	return plan
}

func (p *Plan) add(n Node) {
	p.index[n.ID] = len(p.Nodes)
	p.Nodes = append(p.Nodes, n)
}

func (p *Plan) addRoot(id string, role Role, lr float64) {
	p.add(Node{ID: id, Role: role, Region: p.cfg.Topology.GPSRegion, Worker: None, LR: lr})
}

func (p *Plan) addWorkers(parent func(w int) string) {
	region, late := p.cfg.Topology.Regions(), p.cfg.lateComers()
	for w, steps := range p.steps {
		p.add(Node{
			ID: numbered("worker", w, len(region)), Role: RoleWorker, Parent: parent(w), Region: region[w],
			Worker: w, Steps: steps, Samples: steps * p.cfg.Workload.LocalBatchSize, StartMS: late[w],
		})
	}
}

// numbered is a name for the i-th of n.
func numbered(name string, i, n int) string {
	return fmt.Sprintf("%s%0*d", name, len(fmt.Sprint(n-1)), i)
}

// Node returns the node of that name; ok is false if there is none.
func (p *Plan) Node(id string) (n Node, ok bool) {
	i, ok := p.index[id]
	if !ok {
		return Node{}, false
	}
	return p.Nodes[i], true
}

// Build makes the node of that name: its Machine and, for a worker, its Trainer. The
// rest of the [halos.RunConfig] is the caller's. A node is built again for each of its
// lives.
func (p *Plan) Build(id string, o Options) (halos.Node, error) {
	n, ok := p.Node(id)
	if !ok {
		return halos.Node{}, fmt.Errorf("runfile: there is no node %q: want one of the %d in Plan.Nodes, %s", id, len(p.Nodes), p.names())
	}
	if p.cfg.Algorithm == HALoS && p.cfg.Workload.SharedSamples && !o.Simulated {
		return halos.Node{}, errors.New("runfile: workload.shared_samples is true: want false for real nodes: only a simulation can share them")
	}
	if len(p.cfg.Events) > 0 && !o.Simulated {
		return halos.Node{}, fmt.Errorf("runfile: events is %s: want none for real nodes: only a simulation can make them happen", list(len(p.cfg.Events)))
	}
	m, t, err := p.build(n, o)
	if err != nil {
		return halos.Node{}, fmt.Errorf("runfile: %s: %w", id, err)
	}
	return halos.Node{Machine: m, RunConfig: halos.RunConfig{Trainer: t}}, nil
}

// Params returns the number of parameters of the model.
func (p *Plan) Params() int { return p.layout.Len() }

// Workers returns the nodes that are workers.
func (p *Plan) Workers() []Node {
	first := slices.IndexFunc(p.Nodes, func(n Node) bool { return n.Role == RoleWorker })
	return p.Nodes[first:]
}
