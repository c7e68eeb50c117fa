package runfile

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// The algorithms a run file can name.
const (
	HALoS         = "halos"           // workers, local and global parameter servers (arXiv 2506.04531)
	AsyncLocalSGD = "async_local_sgd" // workers and one server (arXiv 2401.09135)
	DiLoCo        = "diloco"          // synchronous rounds of local steps (arXiv 2311.08105)
	SyncSGD       = "sync_sgd"        // one mean gradient of all workers a step
)

// What topology.contention can be.
const (
	Unshared = "none"
	Shared   = "shared"
)

// A Config is a run file: one run, for the simulator and for real nodes alike.
// [Read] and [Parse] make one from YAML or JSON, and whatever they
// return is valid. One made in Go is checked by [Config.Validate].
//
// A field is the key of its tag. A key without omitempty must be in the file;
// an absent key with omitempty means zero unless the comment says otherwise.
type Config struct {
	// Algorithm is one of [HALoS], [AsyncLocalSGD], [DiLoCo] and [SyncSGD].
	// DiLoCo with dynamic local updates is known as DiLoCo+DynUpd.
	Algorithm string `yaml:"algorithm"`
	// Seed goes into the problem: its data and its initial model. Any number.
	Seed uint64 `yaml:"seed,omitempty"`
	// Topology is where the machines are.
	Topology Topology `yaml:"topology"`
	// Workload is what is trained, and for how long.
	Workload Workload `yaml:"workload"`
	// Worker is what every worker does.
	Worker Worker `yaml:"worker"`
	// LPS is the local parameter servers: [HALoS] wants it, no other may have it.
	LPS *LPS `yaml:"lps,omitempty"`
	// GPS is the global parameter server: [HALoS] wants it, no other may have it.
	GPS *Server `yaml:"gps,omitempty"`
	// Server is the one server of [AsyncLocalSGD] and [DiLoCo], which want it; no
	// other may have it. [SyncSGD] updates the model with Worker.Optimizer.
	Server *Server `yaml:"server,omitempty"`
	// Events is what happens during a simulation, in any order: workers that leave and come,
	// links that break and heal, nodes that start again. Only a simulation can make it happen:
	// [Plan.Build] refuses it for real nodes. Default none.
	Events []Event `yaml:"events,omitempty"`

	plugs *Plugs // those that the names mean; nil: Builtin
}

// With returns c with names that mean the plugs of p. A Config that [Plugs.Read] or
// [Plugs.Parse] has returned has them already; one made in Go has those of [Builtin].
func (c Config) With(p *Plugs) Config {
	c.plugs = p
	return c
}

// known returns the plugs that c can name.
func (c *Config) known() *Plugs {
	if c.plugs == nil {
		return Builtin()
	}
	return c.plugs
}

// A Topology is regions, the links between them, and the workers in them.
// Regions are numbered from 0 in the order given, workers likewise, region
// after region: with three workers in region 0, worker 3 is the first of region 1.
type Topology struct {
	// Bandwidths is the bandwidth of every link in Gbit/s, [from region][to
	// region], 1e-9 to 1e9. The diagonal is the link inside a region. It need
	// not be symmetric. Who has it is in Contention.
	Bandwidths [][]float64 `yaml:"network_bandwidths,omitempty"`
	// Latency is the time a message needs besides its bytes. Default none.
	Latency Latency `yaml:"latency_ms,omitempty"`
	// Contention is none or shared. With none, each message has the whole bandwidth of its link,
	// however many there are. With shared, messages that are on the link from one region to
	// another at the same time have equal parts of it; so have those inside a region, in both
	// directions together. An update of a worker is as much work as its model on the way down, as in
	// the published simulator. The ring of the synchronous algorithms has its links for
	// itself. Only a simulation takes notice. Default none.
	Contention string `yaml:"contention,omitempty"`
	// Speeds is the speed of every worker, per region, 1e-9 to 1e9, in any unit:
	// only ratios to the fastest count. Regions may differ in size, none is empty.
	Speeds [][]float64 `yaml:"worker_speeds,omitempty"`
	// LPS is the workers of each local parameter server, all of one region; every
	// worker has one. Default: one server a region, with all its workers. Only
	// [HALoS] uses it, but it may stand in any run file.
	LPS [][]int `yaml:"lps,omitempty"`
	// Levels is servers between the LPSs of workers and the GPS, level by level from
	// below. A level is a list of servers, and a server is the list of its children:
	// numbers of servers one level down, which are the LPSs of workers for the first
	// level. As in [[[0, 1], [2]]]: one level of two servers, the first above LPSs 0
	// and 1. Each server one level down has one parent. A server is in the region of
	// its first child, works as section lps says, and is called lps1.0 if it is the
	// first of the first level. Default none: every LPS is a child of the GPS. Only
	// [HALoS] uses it, but it may stand in any run file.
	Levels [][][]int `yaml:"levels,omitempty"`
	// GPSRegion is the region of the GPS, or of the server of [AsyncLocalSGD].
	// Default 0. The synchronous algorithms have no use for it.
	GPSRegion int `yaml:"gps_region,omitempty"`
	// Env, in a run file, is the name of a file with network_bandwidths and
	// worker_speeds, which then are not in the run file, and their num_regions:
	// the environment files of the paper's authors. A relative name is relative
	// to the run file. Reading it fills in the two fields and empties this one,
	// so it is empty in a valid Config.
	Env string `yaml:"env,omitempty"`
}

// A Latency is a number or a matrix, both in milliseconds, 0 to 1e9.
type Latency struct {
	// Between is the latency between any two regions; inside one there is none.
	Between float64
	// Matrix, if not nil, is the latency [from region][to region], with the
	// diagonal for messages inside a region. Between must then be 0.
	Matrix [][]float64
}

// A Workload is the problem, the cost of its parts, and the end of the run.
type Workload struct {
	// Problem is what is trained, quadratic for one; see [Config.NewProblem]. It may be
	// one that the program does not name in [Plugs]: then whoever builds it checks its
	// keys, see [Plug.Decode].
	Problem Plug `yaml:"problem"`
	// ModelBytes is the size of one model on the network, up to 2^50. Default 4
	// bytes a parameter. Give that of a large model to time it with a small one.
	ModelBytes uint64 `yaml:"model_bytes,omitempty"`
	// LocalStepTime is how long the fastest worker needs for one local step, in
	// milliseconds, 1e-9 to 1e12. A worker of half its speed needs twice that.
	LocalStepTime float64 `yaml:"local_step_time_ms"`
	// LocalBatchSize is the samples in one local step, at least 1.
	LocalBatchSize uint64 `yaml:"local_batch_size"`
	// GlobalBatchSize is the samples to one step of the learning-rate schedule,
	// at least 1.
	GlobalBatchSize uint64 `yaml:"global_batch_size"`
	// TotalLocalSteps ends the run: it stops with the first global update at
	// which so many local steps of all workers are counted. At least 1.
	TotalLocalSteps uint64 `yaml:"total_local_steps"`
	// EvalEvery is how many local steps are counted between two evaluations of
	// the held-out loss. Default 0: after every global update. An evaluation
	// costs real time, never simulated time.
	EvalEvery uint64 `yaml:"eval_every,omitempty"`
	// SharedSamples hands the samples of [HALoS] out in one sequence that all LPSs
	// share, as the published simulator does. Only a simulation can: [Plan.Build]
	// refuses it for real nodes. Default false: an LPS leases ranges of samples, see
	// [Node].Lease. The other algorithms have no LPSs, and it changes nothing there.
	SharedSamples bool `yaml:"shared_samples,omitempty"`
}

// A Worker is what every worker does with a model it is given.
type Worker struct {
	// LocalSteps is the local steps in a round of the fastest worker, at least 1.
	// [SyncSGD] has none: absent or 1.
	LocalSteps uint64 `yaml:"local_steps,omitempty"`
	// DynamicLocalUpdates gives a slower worker fewer local steps, in proportion
	// to its speed, at least one.
	DynamicLocalUpdates bool `yaml:"dynamic_local_updates,omitempty"`
	// Optimizer is the inner optimizer, without an lr of its own. Its state
	// stays with the worker from round to round.
	Optimizer Plug `yaml:"optimizer"`
	// LRSchedule is the learning rate of each step.
	LRSchedule Plug `yaml:"lr_schedule"`
	// ClipNorm scales a gradient of larger L2 norm down to this one, 0 to 1e30.
	// Default 0: off.
	ClipNorm float64 `yaml:"clip_norm,omitempty"`
}

// An LPS is the local parameter servers of [HALoS].
type LPS struct {
	// Optimizer is the outer optimizer that applies workers' pseudo-gradients.
	Optimizer Plug `yaml:"optimizer"`
	// Accumulator says when a delta goes up. In a run file the key accumulator has its
	// name and its parameters stand in the section lps. Default, for an empty name: every.
	Accumulator Plug `yaml:"-"`
	// Merger says how the model of the parent is merged. In a run file the key merger
	// has its name and its parameters stand in the section lps. Default, for an empty
	// name: mix.
	Merger Plug `yaml:"-"`

	node *yaml.Node // the parameters of both, as long as they are not theirs
}

// A Server is a server that only applies what it gets.
type Server struct {
	// Optimizer is the outer optimizer.
	Optimizer Plug `yaml:"optimizer"`
}

// At returns the latency from one region to another, in milliseconds.
func (l Latency) At(from, to int) float64 {
	switch {
	case l.Matrix != nil:
		return l.Matrix[from][to]
	case from == to:
		return 0
	}
	return l.Between
}

// IsZero reports whether there is none; it makes omitempty work.
func (l Latency) IsZero() bool { return l.Matrix == nil && l.Between == 0 }

// MarshalYAML implements yaml.Marshaler.
func (l Latency) MarshalYAML() (any, error) {
	if l.Matrix != nil {
		return l.Matrix, nil
	}
	return l.Between, nil
}

func (l *Latency) decodeNode(d *decoder, n *yaml.Node, path string) error {
	switch n.Kind {
	case yaml.SequenceNode:
		return d.decode(n, reflect.ValueOf(&l.Matrix).Elem(), path)
	case yaml.ScalarNode:
		return d.decode(n, reflect.ValueOf(&l.Between).Elem(), path)
	}
	return d.fail(n, path, "a number, or a row of numbers for each region")
}
