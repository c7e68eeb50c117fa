package runfile

import (
	"fmt"
	"slices"

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
// the first of these, by one goroutine.
type Plugs struct {
	rows [kinds][]row
	err  error // the first mistake in a row
}

// An OptimizerRow is an optimizer, inner or outer. A Momentum is part of one, as in
// &optim.SGD{Momentum: m}. Keys do not have name and lr, which every optimizer has.
type OptimizerRow struct {
	Name  string
	Keys  []Key
	Check Check
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
	p.add(optimizer, row{name: r.Name, keys: r.Keys, check: r.Check, build: r.Build}, r.Build == nil)
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

// A row is a plug of any kind.
type row struct {
	name    string
	keys    []Key
	check   Check
	build   any
	updates func(Values) uint64 // of an accumulator; nil: not known
}

func (p *Plugs) add(k kind, r row, noBuild bool) {
	switch _, twice := p.find(k, r.name); {
	case p.err != nil:
	case r.name == "":
		p.err = fmt.Errorf("runfile: a row of the %ss has no Name: want the word that stands in run files", k)
	case noBuild:
		p.err = fmt.Errorf("runfile: %s %s has no Build: want a function that makes it", k, r.name)
	case twice:
		p.err = fmt.Errorf("runfile: %s %s is here twice: want one row", k, r.name)
	default:
		p.err = p.objection(k, r)
	}
	p.rows[k] = append(p.rows[k], r)
}

// objection says what is wrong with the keys of r, or nothing.
func (p *Plugs) objection(k kind, r row) error {
	taken := map[string]string{"name": "every plug has"}
	other := -1
	switch k {
	case optimizer:
		taken[rate] = "every optimizer has"
	case accumulator, merger:
		taken["optimizer"], taken["accumulator"], taken["merger"] = "the section lps has", "the section lps has", "the section lps has"
		other = int(accumulator + merger - k)
	}
	if other >= 0 {
		for _, o := range p.rows[other] {
			for _, key := range o.keys {
				taken[key.name] = kind(other).String() + " " + o.name + " has"
			}
		}
	}
	for _, key := range r.keys {
		if key.name == "" {
			return fmt.Errorf("runfile: %s %s has a key without a name: want the word that stands in run files", k, r.name)
		}
		if by, bad := taken[key.name]; bad {
			return fmt.Errorf("runfile: %s %s has the key %q, which %s: want another name", k, r.name, key.name, by)
		}
		taken[key.name] = "it has already"
	}
	return nil
}

func (p *Plugs) find(k kind, name string) (row, bool) {
	for _, r := range p.rows[k] {
		if r.name == name {
			return r, true
		}
	}
	return row{}, false
}

func (p *Plugs) names(k kind) []string {
	var names []string
	for _, r := range p.rows[k] {
		names = append(names, r.name)
	}
	return names
}

func (r row) key(name string) (Key, bool) {
	for _, k := range r.keys {
		if k.name == name {
			return k, true
		}
	}
	return Key{}, false
}

// outer returns the row of an optimizer with the learning rate that it has in a server.
func (r row) outer() row {
	r.keys = slices.Concat([]Key{Above(rate, maxLR)}, r.keys)
	return r
}

// values returns the values of all keys, or the first thing wrong with them.
func (r row) values(p Plug) (Values, *mistake) {
	v := Values{m: make(map[string]any, len(r.keys)), plug: p}
	for _, k := range r.keys {
		x, there := p.Params[k.name]
		switch {
		case there:
		case k.fallback == nil:
			return v, &mistake{k.name, "missing", k.describe()}
		default:
			x = k.fallback(v)
		}
		checked, bad := k.check(x)
		if bad != nil {
			return v, bad
		}
		v.m[k.name] = checked
	}
	if r.check != nil {
		if key, want := r.check(v); key != "" {
			return v, &mistake{key, display(v.m[key]), want}
		}
	}
	return v, nil
}
