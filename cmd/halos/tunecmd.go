package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"

	"github.com/halos-go/sdk/halos/runfile"
)

type tuneCmd struct {
	methodSet
	Out     path   `default:"./halos-tune" placeholder:"DIR" help:"Write the winners' run files and tune.csv into this folder (default: ${default})."`
	Trials  int    `default:"16" help:"Trials of each method; the first has the values of its run file (default: ${default})."`
	Steps   uint64 `help:"Budget of a trial in local steps, for every method. Default: that of its run file."`
	Seed    uint64 `default:"7" help:"Of data, initial model and search; choose another than the one that will be reported (default: ${default})."`
	Workers int    `help:"Trials at a time. Results do not depend on it. Default: one a core."`
}

// Run tunes. If it is interrupted or fails, tune.csv has the trials that ended,
// and there are no run files.
func (c tuneCmd) Run(ctx context.Context, s streams) error {
	methods, err := c.load()
	if err != nil {
		return usageError{err}
	}
	switch {
	case c.Trials < 1:
		return usageError{fmt.Errorf("--trials is %d: want at least 1", c.Trials)}
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
	first := methods[0]
	first.cfg.Seed = c.Seed
	if t.problem, err = newProblem(first, string(c.Data)); err != nil {
		return usageError{err}
	}
	defer t.problem.Close()
	t.problem.tell(s.err)
	t.lines = s.err
	err = t.run(ctx)
	if _, ok := errors.AsType[usageError](err); ok {
		return err
	}
	if e := t.save(s.files, string(c.Out), err == nil); e != nil {
		return errors.Join(err, fmt.Errorf("--out: %w", e))
	}
	if err != nil {
		return err
	}
	return t.print(s.out)
}

// print prints the winners.
func (t *tuning) print(w io.Writer) error {
	lines := [][]string{{"method", "best trial", "end", "simulated time", "loss", "|  run file: end", "simulated time", "loss"}}
	for _, trials := range t.trials {
		won, first := best(trials), trials[0]
		lines = append(lines, []string{won.method.name, fmt.Sprint(won.number), won.end, virtual(won.time), fmt.Sprintf("%.4f", won.loss),
			first.end, virtual(first.time), fmt.Sprintf("%.4f", first.loss)})
	}
	if err := writeColumns(w, lines); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "Target: held-out loss %.4f.\n", t.target)
	return err
}

// save writes the trials that ended and, if wanted, the winners' run files into
// dir, which exists.
func (t *tuning) save(files *outputs, dir string, winners bool) error {
	errs := []error{files.write(filepath.Join(dir, "tune.csv"), t.writeCSV)}
	for _, trials := range t.trials {
		if !winners {
			break
		}
		won := best(trials)
		text, err := won.file.text()
		if err == nil {
			err = files.write(filepath.Join(dir, won.method.file), func(w io.Writer) error {
				_, err := w.Write(text)
				return err
			})
		}
		errs = append(errs, err)
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
