package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
)

// An outcome is what became of one run of halos sim.
type outcome struct {
	ran    bool // false: it did not begin, or nothing is left of it
	cfg    runfile.Config
	seed   uint64
	target *float64 // nil: none
	keep   bool     // all points

	last      sim.Point   // update of the global model
	evaluated sim.Point   // the last with a finite loss; NaN: none
	points    []sim.Point // all that were evaluated
	res       sim.Result
	stats     sim.Stats
	tokens    uint64 // trained on
	end       string
	err       error // of the run
}

// observe notes an update of the global model.
func (o *outcome) observe(at sim.Point) {
	o.last = at
	if math.IsNaN(at.Loss) {
		return
	}
	if number(at.Loss).finite() {
		o.evaluated = at
	}
	if o.keep {
		o.points = append(o.points, at)
	}
}

// finish notes the end. perStep is the tokens of a local step. The loss of a run that
// ended early is the last one that was evaluated.
func (o *outcome) finish(res sim.Result, err error, stats sim.Stats, perStep uint64) {
	_, interrupted := errors.AsType[interruption](err)
	switch {
	case interrupted:
		o.end = endInterrupted
	case errors.Is(err, halos.ErrDiverged):
		o.end = endDiverged
	case err != nil:
		o.end = endFailed
	case o.target != nil && res.Loss <= *o.target:
		o.end = endReached
	default:
		o.end = endBudget
	}
	if err != nil && !number(res.Loss).finite() {
		res.Loss = o.evaluated.Loss
	}
	o.res, o.err, o.stats, o.tokens = res, err, stats, res.Steps*perStep
}

// line says in one line what became of it.
func (o *outcome) line() string {
	s := fmt.Sprintf("loss %s after %s and %d local steps", lossWords(o.res.Loss), virtual(o.res.TimeMS), o.res.Steps)
	if o.err != nil {
		s += ": " + o.end
	}
	return s
}

// print prints that line and what the run has cost.
func (o *outcome) print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, o.line())
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-18s%s\n", name, fmt.Sprintf(format, args...))
	}
	if o.err != nil && o.evaluated.Steps != o.res.Steps && !math.IsNaN(o.res.Loss) {
		row("loss evaluated at", "%d local steps", o.evaluated.Steps)
	}
	if o.target != nil {
		reached := "not reached"
		if o.end == endReached {
			reached = "reached after " + virtual(o.res.TimeMS)
		}
		row(fmt.Sprintf("target %v", *o.target), "%s", reached)
	}
	s := o.stats
	unit := "tokens"
	if o.cfg.Workload.Problem.Name == "quadratic" {
		unit = "samples"
	}
	row(unit, "%s", count(float64(o.tokens)))
	row("worker updates", "%d", o.res.Updates)
	row("global updates", "%d", o.last.Version)
	row("workers' time", "compute %s, wait %s, network %s", shareWords(s.Compute), shareWords(s.Wait), shareWords(s.Communicate))
	row("between regions", "%sB", count(s.InterRegionBytes))
	switch o.cfg.Algorithm {
	case runfile.HALoS:
		row("staleness", "%s at LPSs, %s at the GPS", digits3(s.LocalStaleness), digits3(s.GlobalStaleness))
	case runfile.AsyncLocalSGD:
		row("staleness", "%s", digits3(s.GlobalStaleness))
	}
	row("in global model", "%s of updates, by region", strings.Join(o.reached(), " "))
	_, err := io.WriteString(w, b.String())
	return err
}

// reached is the share of each region's updates that is in the global model.
func (o *outcome) reached() []string {
	var all []string
	for region, n := range o.stats.Updates {
		if n == 0 {
			all = append(all, "-")
			continue
		}
		all = append(all, shareWords(float64(o.stats.Reached[region])/float64(n)))
	}
	return all
}

// A pointJSON is an evaluation in a result file.
type pointJSON struct {
	TimeMS  float64 `json:"time_ms"`
	Steps   uint64  `json:"steps"`
	Version uint64  `json:"version"` // updates of the global model
	Loss    number  `json:"loss"`
}

// A statsJSON is what a result file says of the run.
type statsJSON struct {
	Version uint64 `json:"version"` // updates of the global model
	Tokens  uint64 `json:"tokens"`
	costs
}

// json is the line of a result file: [sim.Result] and how it came about.
func (o *outcome) json() ([]byte, error) {
	result, err := o.res.MarshalJSON()
	if err != nil {
		return nil, err
	}
	more := struct {
		Seed   uint64         `json:"seed"`
		End    string         `json:"end"`
		Error  string         `json:"error,omitempty"`
		Target *float64       `json:"target,omitempty"`
		Stats  statsJSON      `json:"stats"`
		Points []pointJSON    `json:"points"`
		Config runfile.Config `json:"config"`
	}{
		Seed: o.seed, End: o.end, Target: o.target, Points: []pointJSON{}, Config: o.cfg,
		Stats: statsJSON{o.last.Version, o.tokens, costsOf(o.stats)},
	}
	if o.err != nil {
		more.Error = o.err.Error()
	}
	for _, p := range o.points {
		more.Points = append(more.Points, pointJSON{p.TimeMS, p.Steps, p.Version, number(p.Loss)})
	}
	rest, err := json.Marshal(more)
	if err != nil {
		return nil, err
	}
	text := append(result[:len(result)-1], ',')
	return append(append(text, rest[1:]...), '\n'), nil
}

// metadata is what a model file says of the run.
func (o *outcome) metadata() map[string]string {
	return map[string]string{"seed": whole(o.seed), "time_ms": exact(o.res.TimeMS), "steps": whole(o.res.Steps), "loss": lossWords(o.res.Loss), "end": o.end}
}

// printSeeds prints medians and ranges over the runs that did not fail.
func printSeeds(w io.Writer, all []outcome, target *float64) error {
	var loss, time, reached []float64
	for _, o := range all {
		if o.err != nil {
			continue
		}
		loss, time = append(loss, o.res.Loss), append(time, o.res.TimeMS)
		if o.end == endReached {
			reached = append(reached, o.res.TimeMS)
		}
	}
	var b strings.Builder
	of := fmt.Sprintf("%d seeds", len(all))
	if len(loss) < len(all) {
		of = fmt.Sprintf("the %d of %d seeds that did not fail", len(loss), len(all))
	}
	if len(loss) > 0 {
		fmt.Fprintf(&b, "median and range of %s\n", of)
		fmt.Fprintf(&b, "%-18s%s\n", "loss", medianRange(loss, lossWords))
		fmt.Fprintf(&b, "%-18s%s\n", "time", medianRange(time, virtual))
	}
	if target != nil {
		fmt.Fprintf(&b, "%-18sreached by %d of %d", fmt.Sprintf("target %v", *target), len(reached), len(all))
		if len(reached) > 0 {
			fmt.Fprintf(&b, ", after %s", medianRange(reached, virtual))
		}
		fmt.Fprintln(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// medianRange is the median, the smallest and the largest.
func medianRange(x []float64, text func(float64) string) string {
	return fmt.Sprintf("%s (%s to %s)", text(median(slices.Clone(x))), text(slices.Min(x)), text(slices.Max(x)))
}

// lossWords is a loss to four digits after the point, - where there is none, and with an
// exponent what is very large.
func lossWords(loss float64) string {
	if math.Abs(loss) >= 1e6 {
		return strconv.FormatFloat(loss, 'g', 5, 64)
	}
	return lossText(loss)
}

func shareWords(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" }
