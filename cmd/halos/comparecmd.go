package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/halos-go/sdk/halos/sim"
)

type compareCmd struct {
	methodSet
	Base       string   `placeholder:"NAME" help:"Method to which the others are compared, by its name in the table or its run file. Default: HALoS if it is there, or else the first."`
	Target     *float64 `placeholder:"LOSS" help:"Held-out loss to reach. Default: where the Sync SGD run ends if there is exactly one, or else where the base ends."`
	References bool     `help:"Also run async_local_sgd in the region of the GPS alone, and halos with ideal links."`
	Out        path     `placeholder:"DIR" help:"Write figures and points into this folder (default: ./halos-compare; with --from its folder)."`
	From       path     `placeholder:"DIR" help:"Run nothing: draw the figures again and print the tables of the compare.json in this folder, or of this file."`
	Seed       uint64   `default:"11" help:"Of data and initial model (default: ${default})."`
	Seeds      uint64   `default:"1" help:"How many seeds, this one and those after it; the table gives medians (default: ${default})."`
	Workers    int      `help:"Goroutines that train. Results do not depend on it. Default: one a core."`
	List       bool     `help:"Print the run files of the methods, with all their hyper-parameters, and end."`
}

// Run compares. If it is interrupted, table and files are of the runs that ended.
func (c compareCmd) Run(ctx context.Context, s streams) error {
	if c.From != "" {
		return c.again(s)
	}
	if c.Out == "" {
		c.Out = "./halos-compare"
	}
	methods, err := c.load()
	if err != nil {
		return usageError{err}
	}
	base, err := c.base(methods)
	switch {
	case err != nil:
		return usageError{err}
	case c.List:
		return list(s.out, methods)
	case c.Seeds < 1:
		return usageError{errors.New("--seeds is 0: want at least 1")}
	case c.Workers < 0:
		return usageError{fmt.Errorf("--workers is %d: want at least 0", c.Workers)}
	case c.Target != nil && !number(*c.Target).finite():
		return usageError{fmt.Errorf("--target is %v: want a finite number", *c.Target)}
	}
	if c.References {
		made, err := references(methods, base)
		if err != nil {
			return usageError{fmt.Errorf("--references: %w", err)}
		}
		methods = append(methods, made...)
	}
	found := newComparison(methods, time.Now())
	found.Data, found.Seed, found.Seeds, found.Base, found.Target = string(c.Data), c.Seed, int(c.Seeds), methods[base].name, c.Target
	undo, err := c.folder(s.files, string(c.Out), methods, comparisonFiles)
	if err != nil {
		return err
	}
	defer undo()
	found.Runs, err = c.races(ctx, s.err, c.order(methods, base))
	if len(found.Runs) == 0 {
		return err
	}
	found.Table = summarize(methods, found.Base, found.Runs)
	if e := found.save(s.files, string(c.Out)); e != nil {
		err = errors.Join(err, fmt.Errorf("--out: %w", e))
	} else {
		fmt.Fprintln(s.err, "halos: figures, points and settings are in "+string(c.Out))
	}
	return errors.Join(found.print(s.out), err, found.failure())
}

// base is the index of the method to which the others are compared.
func (c compareCmd) base(methods []method) (int, error) {
	if c.Base == "" {
		return max(0, slices.IndexFunc(methods, method.halos)), nil
	}
	for _, called := range []func(method) bool{
		func(m method) bool { return m.name == c.Base },
		func(m method) bool { return m.file == c.Base || stem(m.file) == c.Base },
	} {
		if i := slices.IndexFunc(methods, called); i >= 0 {
			return i, nil
		}
	}
	var names []string
	for _, m := range methods {
		names = append(names, strconv.Quote(m.name))
	}
	return 0, fmt.Errorf("--base is %q: want one of %s", c.Base, strings.Join(names, ", "))
}

// order is that of the races: first the one that sets the target, if --target does
// not.
func (c compareCmd) order(methods []method, base int) []method {
	if c.Target != nil {
		return methods
	}
	setter := base
	if only := slices.DeleteFunc(slices.Clone(methods), func(m method) bool { return !m.syncSGD() }); len(only) == 1 {
		setter = slices.IndexFunc(methods, method.syncSGD)
	}
	return slices.Concat(methods[setter:setter+1], methods[:setter], methods[setter+1:])
}

// races runs every method with every seed, in this order.
func (c compareCmd) races(ctx context.Context, w io.Writer, methods []method) (records []record, err error) {
	var lanes []lane
	for i := range c.Seeds {
		for _, m := range methods {
			l := lane{m.name, m.cfg.Workload.TotalLocalSteps}
			if c.Seeds > 1 {
				l.name = fmt.Sprintf("%s, seed %d", m.name, c.Seed+i)
			}
			lanes = append(lanes, l)
		}
	}
	shown := newProgress(w, lanes)
	defer shown.close()
	for i := range c.Seeds {
		finish := func(lane int, r record) {
			records = append(records, r)
			shown.finish(lane, r)
		}
		if err := c.seed(ctx, w, methods, c.Seed+i, int(i)*len(methods), shown, finish); err != nil {
			return records, err
		}
	}
	return records, nil
}

// seed runs every method with one seed; lane is that of the first.
func (c compareCmd) seed(ctx context.Context, w io.Writer, methods []method, seed uint64, lane int, shown progress, finish func(int, record)) error {
	first := methods[0]
	first.cfg.Seed = seed
	p, err := newProblem(first, string(c.Data))
	if err != nil {
		return usageError{err}
	}
	defer p.Close()
	if seed == c.Seed {
		p.tell(w)
	}
	start, err := initial(ctx, p)
	if err != nil {
		return err
	}
	target := math.NaN()
	if c.Target != nil {
		target = *c.Target
	}
	for i, m := range methods {
		r, err := race{m, seed, target, start}.run(ctx, p, c.Workers, func(at sim.Point) { shown.at(lane+i, at) })
		if usage, ok := errors.AsType[usageError](err); ok {
			return fmt.Errorf("%s: %w", m.file, usage)
		}
		finish(lane+i, r)
		if err != nil {
			return err
		}
		if !r.baseline() {
			continue
		}
		if target = float64(r.Loss); r.End == endFailed || !r.Loss.finite() {
			return fmt.Errorf("%s: it ends with loss %v: there is no target: %s", m.file, target, r.Error)
		}
		if target >= start {
			return fmt.Errorf("%s: it ends with loss %v, no better than %v at the start: there is no target", m.file, target, start)
		}
	}
	return nil
}

// list prints run files, each under its name.
func list(w io.Writer, methods []method) error {
	for i, m := range methods {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "# %s, %s\n%s", m.name, m.file, m.text); err != nil {
			return err
		}
	}
	return nil
}

// print prints the tables, what they say in sentences, and the targets.
func (c comparison) print(w io.Writer) error {
	if len(c.Table) == 0 {
		return nil
	}
	if err := writeTables(w, c.Base, c.Table); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := writeVerdicts(w, c.Base, c.Table); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if c.Target != nil {
		_, err := fmt.Fprintf(w, "Target: held-out loss %s, as --target says.\n", exact(*c.Target))
		return err
	}
	for _, r := range c.Runs {
		if r.baseline() && r.End == endBudget {
			fmt.Fprintln(w, wrap(fmt.Sprintf("Target with seed %d: held-out loss %s, where %s ends.", r.Seed, lossText(float64(r.Loss)), r.Method)))
		}
	}
	return nil
}

// comparisonFiles are the files that save writes.
var comparisonFiles = append([]string{"points.csv", "compare.json"}, comparisonFigures...)

var comparisonFigures = []string{"loss-time.png", "loss-time.svg", "loss-tokens.png", "loss-tokens.svg"}

// save writes the points, settings and figures into dir, which exists.
func (c comparison) save(files *outputs, dir string) error {
	points := func(w io.Writer) error { return writePoints(w, c.Runs) }
	return errors.Join(
		files.write(filepath.Join(dir, "points.csv"), points),
		files.write(filepath.Join(dir, "compare.json"), c.write),
		c.draw(files, dir),
	)
}

// draw writes the figures.
func (c comparison) draw(files *outputs, dir string) error {
	for _, x := range abscissas(c.Runs) {
		picture, err := c.drawLosses(x)
		if err != nil {
			return err
		}
		for _, format := range []string{"png", "svg"} {
			name := filepath.Join(dir, x.name+"."+format)
			if err := files.write(name, func(w io.Writer) error { return writePlot(w, picture, format) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// failure is the error of the runs that failed.
func (c comparison) failure() error {
	var errs []error
	for _, r := range c.Runs {
		if r.End == endFailed {
			errs = append(errs, fmt.Errorf("%s, seed %d: %s", r.Method, r.Seed, r.Error))
		}
	}
	return errors.Join(errs...)
}
