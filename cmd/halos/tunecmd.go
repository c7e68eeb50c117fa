package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/halos-go/sdk/halos/runfile"
)

type tuneCmd struct {
	methodSet
	Out     path          `default:"./halos-tune" placeholder:"DIR" help:"Write the winners' run files and tune.csv into this folder; trials in its tune.csv are kept (default: ${default})."`
	Trials  *int          `xor:"effort" placeholder:"16" help:"Trials of each method; the first has the values of its run file (default: 16)."`
	Time    time.Duration `xor:"effort" placeholder:"TIME" help:"Instead, computing time of each method, as 10m: it begins four trials at a time until they have taken so long together. How many that is depends on the machine."`
	Steps   uint64        `help:"Budget of a trial in local steps, for every method. Default: that of its run file."`
	Seed    uint64        `default:"7" help:"Of data, initial model and search; choose another than the one that will be reported (default: ${default})."`
	Workers int           `help:"Trials at a time. Results do not depend on it. Default: one a core."`
}

// Run tunes. Every trial that ends is in tune.csv at once. The winners' run files
// are written at the end, and also if it is interrupted or fails, once every method
// has a trial: so a folder has a run file of every method or of none.
func (c tuneCmd) Run(ctx context.Context, s streams) error {
	methods, err := c.loadToTune()
	if err != nil {
		return usageError{err}
	}
	switch {
	case c.Trials != nil && *c.Trials < 1:
		return usageError{fmt.Errorf("--trials is %d: want at least 1", *c.Trials)}
	case c.Time < 0:
		return usageError{fmt.Errorf("--time is %s: want at least 0", c.Time)}
	case c.Workers < 0:
		return usageError{fmt.Errorf("--workers is %d: want at least 0", c.Workers)}
	case c.Workers == 0:
		c.Workers = runtime.GOMAXPROCS(0)
	}
	t, err := newTuning(c, methods)
	if err != nil {
		return usageError{err}
	}
	names := []string{"tune.csv"}
	for _, m := range methods {
		names = append(names, m.file)
	}
	undo, err := c.folder(s.files, string(c.Out), methods, names)
	if err != nil {
		return err
	}
	defer undo()
	table := filepath.Join(string(c.Out), "tune.csv")
	if err := t.keep(table); err != nil {
		return usageError{err}
	}
	if t.problem, err = tuneProblem(methods[0], c.Seed, string(c.Data)); err != nil {
		return usageError{err}
	}
	defer t.problem.Close()
	t.problem.tell(s.err)
	t.lines = s.err
	t.save = func() error {
		if err := s.files.write(table, t.writeCSV); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		return nil
	}
	err = errors.Join(t.run(ctx), t.saveWinners(s.files, string(c.Out)))
	if err != nil {
		return err
	}
	return t.print(s.out)
}

// tuneProblem builds the problem of a method with another seed. Bytelm's loss is
// that of its validation windows: those that compare reports are not for choosing by.
func tuneProblem(m method, seed uint64, data string) (*problem, error) {
	m.cfg.Seed = seed
	if m.cfg.Workload.Problem.Name == "bytelm" {
		f, err := newRunFile(m)
		if err != nil {
			return nil, err
		}
		put(f.find("workload.problem"), "windows", "validation")
		cfg, err := f.config()
		if err != nil {
			return nil, err
		}
		m.cfg.Workload.Problem = cfg.Workload.Problem
	}
	return newProblem(m, data)
}

// print prints the winners.
func (t *tuning) print(w io.Writer) error {
	lines := [][]string{{"method", "trials", "best trial", "end", "simulated time", "loss", "|  run file: end", "simulated time", "loss"}}
	for _, trials := range t.trials {
		won, first := best(trials), trials[0]
		lines = append(lines, []string{won.method.name, fmt.Sprint(len(trials)), fmt.Sprint(won.number), won.end, virtual(won.ms), lossText(won.loss),
			first.end, virtual(first.ms), lossText(first.loss)})
	}
	if err := writeColumns(w, lines); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "Target: held-out loss %.4f.\n", t.target)
	return err
}

// saveWinners writes the winners' run files into dir, if every method has one.
func (t *tuning) saveWinners(files *outputs, dir string) error {
	if slices.ContainsFunc(t.trials, func(trials []*trial) bool { return best(trials) == nil }) {
		return nil
	}
	var errs []error
	for _, trials := range t.trials {
		won := best(trials)
		text, err := won.file.text()
		if err == nil {
			err = files.write(filepath.Join(dir, won.method.file), func(w io.Writer) error {
				_, err := w.Write(text)
				return err
			})
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("--out: %w", err))
		}
	}
	return errors.Join(errs...)
}

// initial is the loss before any training.
func initial(ctx context.Context, p runfile.Problem) (float64, error) {
	params := make([]float32, p.Layout().Len())
	p.Init(params)
	loss, err := p.Loss(ctx, params)
	if err == nil && math.IsNaN(loss) {
		err = errors.New("the loss of the initial model is NaN")
	}
	return loss, err
}
