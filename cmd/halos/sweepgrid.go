package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A gridPoint is what a sweep varies, one at a time around the run files' own values,
// which are 1, 1 and their batch.
type gridPoint struct {
	length float64 // times the steps
	links  float64 // times the bandwidth between regions
	batch  uint64  // samples of a local step
}

// String implements [fmt.Stringer].
func (g gridPoint) String() string {
	return fmt.Sprintf("length %s, links %s, batch %d", exact(g.length), exact(g.links), g.batch)
}

// An axis is one of those three, and the duels along it.
type axis struct {
	name, label string
	of          func(gridPoint) float64
	own         float64 // value in the run files
	duels       []*duel
}

// A duel is both methods at one point.
type duel struct {
	at   gridPoint
	runs [2]*sweepRun
}

func (d *duel) value(a axis) float64 { return a.of(d.at) }

// A sweepRun is one method at one point.
type sweepRun struct {
	method method
	at     gridPoint
	key    string // of all settings
	done   bool
	record record
}

func (r *sweepRun) loss() float64 {
	if !r.done {
		return math.NaN()
	}
	return float64(r.record.Loss)
}

func (r *sweepRun) time() float64 {
	if !r.done {
		return math.NaN()
	}
	return r.record.TimeMS
}

// newSweep makes the grid. A point that is on several axes is one duel.
func newSweep(c sweepCmd, methods []method) (*sweep, error) {
	w := methods[0].cfg.Workload
	own := gridPoint{1, 1, w.LocalBatchSize}
	s := &sweep{
		seed:  c.Seed,
		title: fmt.Sprintf("%s on %s, seed %d", w.Problem.Name, machines(methods[0].cfg.Topology), c.Seed),
		axes: []axis{
			{name: "run length", label: "steps of the schedule, times those of the run files", of: func(g gridPoint) float64 { return g.length }, own: 1},
			{name: "links between regions", label: "bandwidth, times that of the run files", of: func(g gridPoint) float64 { return g.links }, own: 1},
			{name: "local batch", label: "samples of a local step", of: func(g gridPoint) float64 { return float64(g.batch) }, own: float64(w.LocalBatchSize)},
		},
	}
	for _, x := range unique(c.Length) {
		at := own
		at.length = x
		if err := s.add(0, at, methods, string(c.Data)); err != nil {
			return nil, fmt.Errorf("--length: %s: %w", exact(x), err)
		}
	}
	for _, x := range unique(c.Links) {
		at := own
		at.links = x
		if err := s.add(1, at, methods, string(c.Data)); err != nil {
			return nil, fmt.Errorf("--links: %s: %w", exact(x), err)
		}
	}
	for _, x := range unique(c.Batch) {
		at := own
		at.batch = x
		if err := s.add(2, at, methods, string(c.Data)); err != nil {
			return nil, fmt.Errorf("--batch: %d: %w", x, err)
		}
	}
	return s, nil
}

func unique[T float64 | uint64](values []T) []T {
	values = slices.Clone(values)
	slices.Sort(values)
	return slices.Compact(values)
}

// add adds a point to an axis.
func (s *sweep) add(axis int, at gridPoint, methods []method, data string) error {
	i := slices.IndexFunc(s.duels, func(d *duel) bool { return d.at == at })
	if i < 0 {
		d := &duel{at: at}
		for j, m := range methods {
			m, err := at.apply(m, s.seed)
			if err != nil {
				return err
			}
			text, err := json.Marshal(m.cfg)
			if err != nil {
				return err
			}
			d.runs[j] = &sweepRun{method: m, at: at, key: fingerprint(text, data)}
		}
		i = len(s.duels)
		s.duels = append(s.duels, d)
	}
	s.axes[axis].duels = append(s.axes[axis].duels, s.duels[i])
	return nil
}

// apply is a method at this point. With the batch goes the global batch, so that a step of
// the schedule stays as many local steps; the samples stay, so that half the batch is
// twice the steps. The run ends with its schedule: past it the rate no longer falls.
func (g gridPoint) apply(m method, seed uint64) (method, error) {
	for _, x := range []float64{g.length, g.links, float64(g.batch)} {
		if !(x > 0) || math.IsInf(x, 0) {
			return m, errors.New("want a positive number")
		}
	}
	f, err := newRunFile(m)
	if err != nil {
		return m, err
	}
	length := g.length * float64(m.cfg.Workload.LocalBatchSize) / float64(g.batch)
	f.stretch("worker.lr_schedule", length)
	if m.cfg, err = f.config(); err != nil {
		return m, fmt.Errorf("%s: %w", m.file, err)
	}
	m.cfg.Seed = seed
	w := &m.cfg.Workload
	w.TotalLocalSteps = scaled(float64(w.TotalLocalSteps), length)
	if total := f.find("worker.lr_schedule.total_steps"); total != nil {
		w.TotalLocalSteps = min(w.TotalLocalSteps, scaled(number64(total), float64(w.GlobalBatchSize)/float64(w.LocalBatchSize)))
	}
	w.GlobalBatchSize = scaled(float64(w.GlobalBatchSize), float64(g.batch)/float64(w.LocalBatchSize))
	w.LocalBatchSize = g.batch
	for from, row := range m.cfg.Topology.Bandwidths {
		for to := range row {
			if from != to {
				row[to] *= g.links
			}
		}
	}
	if err := m.cfg.Validate(); err != nil {
		return m, fmt.Errorf("%s: %w", m.file, err)
	}
	return m, nil
}

// stretch scales all that a section counts in steps, but for 0.
func (f *runFile) stretch(section string, factor float64) {
	n := f.find(section)
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		key := section + "." + n.Content[i].Value
		if steps := f.number(key); strings.HasSuffix(key, "_steps") && steps > 0 {
			f.set(key, whole(scaled(steps, factor)))
		}
	}
}

// scaled is x times a factor, to the nearest whole number of at least 1.
func scaled(x, factor float64) uint64 { return uint64(max(1, math.Round(x*factor))) }

// A verdict is what a duel says. What it cannot say is NaN.
type verdict struct {
	target float64    // the higher of both final losses, which so both reach
	times  [2]float64 // to it, simulated milliseconds
	ratio  float64    // of the second to the first
}

// verdict compares the times to the higher of the two final losses. There is none until
// both runs are done, if one fails, and if one ends no better than the initial model.
func (d *duel) verdict() verdict {
	nan := math.NaN()
	v := verdict{nan, [2]float64{nan, nan}, nan}
	for _, r := range d.runs {
		if !r.done || r.record.End != endBudget || !r.record.Loss.finite() || r.record.Loss >= r.record.Points[0].Loss {
			return v
		}
	}
	v.target = max(d.runs[0].loss(), d.runs[1].loss())
	for i, r := range d.runs {
		v.times[i] = timeTo(r.record.Points, v.target)
	}
	v.ratio = v.times[1] / v.times[0]
	return v
}

// timeTo is when a run first has the loss: on the straight line to the first evaluated
// point that is at it or below, from the point before. It is NaN if no point is.
func timeTo(points []point, loss float64) float64 {
	for i, p := range points {
		if !(float64(p.Loss) <= loss) {
			continue
		}
		if i == 0 || !points[i-1].Loss.finite() {
			return p.TimeMS
		}
		before := points[i-1]
		return p.TimeMS - (p.TimeMS-before.TimeMS)*(loss-float64(p.Loss))/float64(before.Loss-p.Loss)
	}
	return math.NaN()
}
