package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/kernels"
)

// Options are what a [Run] can be given beside its run file. None of them
// changes a number of the result but Gather.
type Options struct {
	// Workers is how many goroutines train. 0: GOMAXPROCS.
	Workers int
	// Gather, if not 0, lets updates that are due at the same time arrive together, as on
	// real hosts: see [Sim].Gather. It needs workers of the same speed. The answer to each
	// carries the newest model, so workers start from other versions than one by one.
	Gather uint64
	// Backend is where the servers keep their models; nil: ordinary memory. The
	// numbers stay the same if it computes to the same bits as the CPU. A run gives back
	// what it takes there only when the Backend is closed: each has its own.
	Backend kernels.Backend
	// Trace gets the trace; nil: nobody.
	Trace io.Writer
	// Observe is called after every update of the global model; nil: nobody. It
	// may read the model by [Run.Params]. The run ends if it returns true.
	Observe func(Point) (stop bool)
}

// A Point is where a run is after an update of its global model.
type Point struct {
	TimeMS  float64 // simulated time in milliseconds
	Version uint64  // updates of the global model
	Steps   uint64  // local steps counted
	Loss    float64 // held-out loss; NaN where it was not evaluated
}

// A server is a node that holds the global model.
type server interface {
	halos.Machine
	Params() []float32
	Point() halos.Point
	Work() halos.Work
	NextSample() uint64
	Steps() uint64
}

// A Run is one run of a run file: machines, the network between them, and the
// record of what they do. It is used once, by one goroutine.
type Run struct {
	cfg     runfile.Config
	opts    Options
	problem runfile.Problem
	plan    *runfile.Plan
	sim     Sim
	net     network
	root    server
	lps     []*halos.LPS
	trace   *TraceWriter
	tally   tally

	ctx      context.Context // of Run, for evaluations
	err      error           // of an evaluation
	revived  *halos.Point    // of a Sync at its last restart
	nextEval uint64          // evaluate when so many steps are counted
	point    Point           // the last one
}

// New builds the machines of a run file for a problem. cfg must be valid.
func New(cfg runfile.Config, p runfile.Problem, opts Options) (*Run, error) {
	plan, err := cfg.Plan(p)
	if err != nil {
		return nil, err
	}
	if opts.Workers == 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	if opts.Backend == nil {
		opts.Backend = kernels.CPU{}
	}
	r := &Run{cfg: cfg, opts: opts, problem: p, plan: plan, point: Point{Loss: math.NaN()}}
	r.net = newNetwork(&r.sim, newClock(cfg, plan.Params()), cfg)
	r.net.ties = opts.Gather != 0
	r.tally = newTally(cfg.Topology)
	r.sim = Sim{wires: &r.net, Observer: r, Workers: opts.Workers, Gather: opts.Gather}
	if opts.Trace != nil {
		r.trace = NewTraceWriter(opts.Trace)
	}
	nodes := inOrder(plan, cfg)
	for _, n := range nodes {
		if err := r.add(n); err != nil {
			return nil, fmt.Errorf("sim: %w", err)
		}
	}
	r.net.connect(nodes)
	r.schedule()
	return r, nil
}

// inOrder returns the nodes in the order in which they start. Workers of [runfile.HALoS] begin their
// first rounds in the order of topology.lps, in which they claim the first samples.
func inOrder(plan *runfile.Plan, cfg runfile.Config) []runfile.Node {
	if cfg.Algorithm != runfile.HALoS {
		return plan.Nodes
	}
	workers := plan.Workers()
	nodes := slices.Clone(plan.Nodes[:len(plan.Nodes)-len(workers)])
	for _, w := range slices.Concat(cfg.Topology.Groups()...) {
		nodes = append(nodes, workers[w])
	}
	return nodes
}

// add builds a node and puts it into the simulation.
func (r *Run) add(n runfile.Node) error {
	built, err := r.plan.Build(n.ID, runfile.Options{Simulated: true, Backend: r.opts.Backend})
	if err != nil {
		return err
	}
	r.net.add(n)
	switch n.Role {
	case runfile.RoleWorker:
		if n.StartMS == 0 {
			r.net.count(1)
		}
		node := len(r.sim.nodes)
		r.sim.AddWorker(n.StartMS, built.Machine, built.Trainer, func(uint64) float64 { return r.net.compute(node) })
		return nil
	case runfile.RoleLPS:
		r.lps = append(r.lps, built.Machine.(*halos.LPS))
	default:
		r.root = built.Machine.(server)
	}
	r.sim.Add(0, built.Machine)
	return nil
}

// Run runs to the end: total_local_steps, or Observe. If ctx ends it returns
// what there is with context.Cause(ctx), if training diverges with [halos.ErrDiverged].
func (r *Run) Run(ctx context.Context) (Result, error) {
	r.ctx = ctx
	err := r.sim.Run(ctx)
	switch {
	case r.err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
	case r.err != nil:
		err = r.err
	case err == nil && !r.sim.stopped:
		err = errors.New("sim: nothing happens any more, and the run is not over")
	}
	if err == nil && math.IsNaN(r.point.Loss) {
		r.point.Loss, err = r.loss()
	}
	if r.trace != nil {
		if e := r.trace.Flush(); err == nil {
			err = e
		}
	}
	res := r.result()
	if lost := r.opts.Backend.Err(); lost != nil {
		err = fmt.Errorf("sim: %w", lost) // what was read of it may be anything
	}
	return res, err
}

// Params returns the global model. It may be read in Observe and after Run.
func (r *Run) Params() []float32 { return r.root.Params() }

func (r *Run) result() Result {
	res := Result{TimeMS: r.point.TimeMS, Steps: r.root.Steps(), Loss: r.point.Loss, Theta: r.root.Params()}
	for _, l := range r.lps {
		res.LPSTheta = append(res.LPSTheta, l.Params())
	}
	for i := range r.tally.updates {
		res.Updates += r.tally.updates[i]
		res.Reached += r.tally.reached[i]
	}
	return res
}

// Observe implements [Observer] for the run's own machines.
func (r *Run) Observe(ms float64, node int, e halos.Event) {
	if node == 0 && e.Kind == halos.Stopped {
		r.sim.Stop()
		return
	}
	t := TraceEvent{T: ms, LPS: r.net.lps(node), Worker: None, Version: e.Version, Staleness: e.Staleness}
	switch {
	case e.Kind == halos.Updated && node == 0:
		r.global(ms, e)
		return
	case e.Kind == halos.Updated:
		peer, _ := r.sim.number(&r.sim.nodes[node], e.Peer)
		if t.Kind, t.Worker = WorkerUpdate, r.net.worker(peer); t.Worker == None {
			t.Kind, t.LPS = LPSUpdate, r.net.lps(peer)
			break
		}
		r.tally.local(r.net.region(node), e)
	case e.Kind == halos.Sent:
		t.Kind = LPSSend
	case e.Kind == halos.Merged:
		t.Kind = LPSMerge
	default:
		return
	}
	if r.trace != nil {
		r.trace.Write(t)
	}
}

// global notes an update of the global model, and evaluates it when it is time.
func (r *Run) global(ms float64, e halos.Event) {
	r.net.point = ms
	r.point = Point{TimeMS: ms, Version: e.Version, Steps: e.Steps, Loss: math.NaN()}
	t := TraceEvent{T: ms, Kind: OuterUpdate, LPS: None, Worker: None, Version: e.Version, Steps: e.Steps, Staleness: e.Staleness}
	if e.Peer == "" {
		for _, name := range r.root.(*halos.Sync).Took() {
			r.tally.round(r.net.region(r.sim.byName[name]))
		}
		r.net.between += r.net.clock.crossing(r.net.workers)
	} else {
		peer, _ := r.sim.number(&r.sim.nodes[0], e.Peer)
		if t.LPS, t.Worker = r.net.lps(peer), r.net.worker(peer); t.LPS == None {
			t.Kind = WorkerUpdate
		} else {
			t.Kind = GPSUpdate
		}
		r.tally.global(r.net.region(peer), t.Kind == WorkerUpdate, e)
	}
	if e.Steps >= r.nextEval || e.Steps >= r.cfg.Workload.TotalLocalSteps {
		r.evaluate()
		t.Evaluated, t.Loss = r.err == nil, r.point.Loss
	}
	if r.trace != nil {
		r.trace.Write(t)
	}
	if r.err == nil && r.opts.Observe != nil && r.opts.Observe(r.point) {
		r.sim.Stop()
	}
}

// byRegion is a copy of counts, or their sum where servers between have children in other
// regions.
func (r *Run) byRegion(counts []uint64) []uint64 {
	if len(r.cfg.Topology.Levels) == 0 {
		return slices.Clone(counts)
	}
	sum := uint64(0)
	for _, n := range counts {
		sum += n
	}
	return []uint64{sum}
}

// Stats returns what the run has cost so far, for use in Observe and after Run.
func (r *Run) Stats() Stats {
	s := Stats{
		TimeMS: r.point.TimeMS, Steps: r.point.Steps, Events: r.sim.Events(), InterRegionBytes: r.net.between,
		Updates: r.byRegion(r.tally.updates), Reached: r.byRegion(r.tally.reached),
		LocalStaleness: r.tally.atLPS.value(), GlobalStaleness: r.tally.atRoot.value(),
	}
	s.Compute, s.Wait, s.Communicate = r.net.shares(r.away())
	return s
}

func (r *Run) evaluate() {
	if every := r.cfg.Workload.EvalEvery; every > 0 {
		r.nextEval = (r.point.Steps/every + 1) * every
	}
	if r.point.Loss, r.err = r.loss(); r.err != nil {
		r.sim.Stop()
	}
}

// loss evaluates the global model. With an error it is NaN, which nobody could
// take for a small loss.
func (r *Run) loss() (float64, error) {
	loss, err := r.problem.Loss(r.ctx, r.root.Params())
	if err != nil {
		return math.NaN(), err
	}
	return loss, nil
}
