package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/halos-go/sdk/halos/sim"
)

type compareCmd struct {
	methodSet
	Out     path   `default:"./halos-compare" placeholder:"DIR" help:"Write figures and points into this folder (default: ${default})."`
	Seed    uint64 `default:"11" help:"Of data and initial model (default: ${default})."`
	Seeds   uint64 `default:"1" help:"How many seeds, this one and those after it; the table gives medians (default: ${default})."`
	Workers int    `help:"Goroutines that train. Results do not depend on it. Default: one a core."`
	List    bool   `help:"Print the run files of the methods, with all their hyper-parameters, and end."`
}

// Run compares. If it is interrupted, table and files are of the runs that ended.
func (c compareCmd) Run(ctx context.Context, s streams) error {
	methods, err := c.load()
	if err != nil {
		return usageError{err}
	}
	switch {
	case c.List:
		return list(s.out, methods)
	case c.Seeds < 1:
		return usageError{errors.New("--seeds is 0: want at least 1")}
	case c.Workers < 0:
		return usageError{fmt.Errorf("--workers is %d: want at least 0", c.Workers)}
	}
	found := newComparison(methods, time.Now())
	found.Data, found.Seed, found.Seeds = string(c.Data), c.Seed, int(c.Seeds)
	undo, err := c.folder(s.files, string(c.Out), methods, comparisonFiles)
	if err != nil {
		return err
	}
	defer undo()
	found.Runs, err = c.races(ctx, s.err, methods)
	if len(found.Runs) == 0 {
		return err
	}
	found.Table = summarize(methods, found.Runs)
	if e := found.save(s.files, string(c.Out)); e != nil {
		err = errors.Join(err, fmt.Errorf("--out: %w", e))
	} else {
		fmt.Fprintln(s.err, "halos: figures, points and settings are in "+string(c.Out))
	}
	return errors.Join(found.print(s.out), err, found.failure())
}

// races runs every method with every seed, the one that sets the target first.
func (c compareCmd) races(ctx context.Context, w io.Writer, methods []method) (records []record, err error) {
	order := append([]method{methods[len(methods)-1]}, methods[:len(methods)-1]...)
	var lanes []lane
	for i := range c.Seeds {
		for _, m := range order {
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
		if err := c.seed(ctx, w, order, c.Seed+i, int(i)*len(order), shown, finish); err != nil {
			return records, err
		}
	}
	return records, nil
}

// seed runs every method with one seed; lane is that of the first.
func (c compareCmd) seed(ctx context.Context, w io.Writer, order []method, seed uint64, lane int, shown progress, finish func(int, record)) error {
	first := order[0]
	first.cfg.Seed = seed
	p, err := newProblem(first, string(c.Data))
	if err != nil {
		return usageError{err}
	}
	defer p.Close()
	if seed == c.Seed {
		p.tell(w)
	}
	target := math.NaN()
	for i, m := range order {
		r, err := race{m, seed, target}.run(ctx, p, c.Workers, func(at sim.Point) { shown.at(lane+i, at) })
		if usage, ok := errors.AsType[usageError](err); ok {
			return fmt.Errorf("%s: %w", m.file, usage)
		}
		finish(lane+i, r)
		if err != nil {
			return err
		}
		if i > 0 {
			continue
		}
		if target = float64(r.Loss); r.End == endFailed || !r.Loss.finite() {
			return fmt.Errorf("%s: it ends with loss %v: there is no target %s", m.file, target, r.Error)
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

// print prints the table and what makes its time ratios.
func (c comparison) print(w io.Writer) error {
	if len(c.Table) == 0 {
		return nil
	}
	if err := writeTable(w, c.Table); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := writeFactors(w, c.Table); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, r := range c.Runs {
		if r.baseline() && r.End == endBudget {
			fmt.Fprintf(w, "Target with seed %d: held-out loss %.4f, where %s ends.\n", r.Seed, r.Loss, r.Method)
		}
	}
	return nil
}

// comparisonFiles are the files that save writes.
var comparisonFiles = []string{"points.csv", "compare.json", "loss-time.png", "loss-time.svg", "loss-tokens.png", "loss-tokens.svg"}

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
	var names []string
	for _, m := range c.Methods {
		names = append(names, m.Name)
	}
	for _, x := range abscissas(c.Runs) {
		picture, err := drawLosses(names, c.Runs, x)
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
	for _, r := range c.Runs {
		if r.End == endFailed {
			return fmt.Errorf("%s: %s", r.Method, r.Error)
		}
	}
	return nil
}
