package runfile

import (
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// A kind is what a plug is.
type kind int

const (
	optimizer kind = iota
	schedule
	accumulator
	merger
	problem
	kinds int = iota
)

func (k kind) String() string {
	return [...]string{"optimizer", "schedule", "accumulator", "merger", "problem"}[k]
}

// Plugs are the plugs that a program knows by name, a row each. [Builtin] has those of
// this module. A program adds rows of its own and reads its run files by [Plugs.Read],
// and the Config has them with it:
//
//	plugs := runfile.Builtin()
//	plugs.Optimizer(runfile.OptimizerRow{Name: "lion", ...})
//	cfg, err := plugs.Read("run.yaml")
//
// A mistake in a row is an error of Read, Parse and Validate. Rows are added before
// the first of these, by one goroutine. [Plugs.String] lists all with their keys.
type Plugs struct {
	rows [kinds][]row
	err  error // the first mistake in a row
}

// An OptimizerRow is an optimizer, inner or outer. A Momentum is part of one, as in
// &optim.SGD{Momentum: m}. Keys do not have name, lr and mass, which are the same for
// all.
type OptimizerRow struct {
	Name  string
	Keys  []Key
	Check Check
	// Gain returns how far a learning rate of 1 moves a parameter in the long run for
	// each gradient of 1: 1 for plain SGD, 1/(1-momentum) with momentum. The key mass of
	// a server follows from it. nil: a server with this optimizer has lr only, as adamw,
	// whose steps do not grow with the gradient.
	Gain func(v Values) float64
	// Build returns a new optimizer, not initialised, for vectors of that layout.
	Build func(v Values, layout optim.Layout) optim.Optimizer
}

// A ScheduleRow is a learning-rate schedule.
type ScheduleRow struct {
	Name  string
	Keys  []Key
	Check Check
	Build func(v Values) optim.Schedule
}

// An AccumulatorRow is an accumulator of LPSs. Its keys stand in the section lps
// itself, beside those of the merger, and must have other names.
type AccumulatorRow struct {
	Name  string
	Keys  []Key
	Check Check
	// Build returns a new accumulator, not initialised.
	Build func(v Values) merge.Accumulator
	// Updates returns how many updates go into a delta: the leases of samples follow
	// from it, and a run too short for one delta is refused. nil: nobody knows; leases
	// are made for 32.
	Updates func(v Values) uint64
}

// A MergerRow is a merger of LPSs. Its keys stand in the section lps itself, beside
// those of the accumulator, and must have other names.
type MergerRow struct {
	Name  string
	Keys  []Key
	Check Check
	// Build returns a new merger, not initialised.
	Build func(v Values) merge.Merger
}

// A ProblemRow is a problem, for [Config.NewProblem]. nil Keys are for one whose keys
// have a structure: its Build reads them by [Values.Decode].
type ProblemRow struct {
	Name  string
	Keys  []Key
	Check Check
	// Build returns the problem with that seed, which is the run file's.
	Build func(v Values, seed uint64) (Problem, error)
}

// A Check looks at values that depend on each other, each within its own bounds. If
// they do not fit it returns the key that is wrong and what would be right. nil: none.
type Check func(v Values) (key, want string)

// Optimizer adds an optimizer.
func (p *Plugs) Optimizer(r OptimizerRow) {
	p.add(optimizer, row{name: r.Name, keys: r.Keys, check: r.Check, build: r.Build, gain: r.Gain}, r.Build == nil)
}

// Schedule adds a learning-rate schedule.
func (p *Plugs) Schedule(r ScheduleRow) {
	p.add(schedule, row{name: r.Name, keys: r.Keys, check: r.Check, build: r.Build}, r.Build == nil)
}

// Accumulator adds an accumulator.
func (p *Plugs) Accumulator(r AccumulatorRow) {
	p.add(accumulator, row{name: r.Name, keys: r.Keys, check: r.Check, build: r.Build, updates: r.Updates}, r.Build == nil)
}

// Merger adds a merger.
func (p *Plugs) Merger(r MergerRow) {
	p.add(merger, row{name: r.Name, keys: r.Keys, check: r.Check, build: r.Build}, r.Build == nil)
}

// Problem adds a problem.
func (p *Plugs) Problem(r ProblemRow) {
	p.add(problem, row{name: r.Name, keys: r.Keys, check: r.Check, build: r.Build}, r.Build == nil)
}
