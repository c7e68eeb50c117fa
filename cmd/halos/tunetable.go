package main

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"
)

// tuneColumns are the columns of tune.csv before those of the knobs. wall_s is the
// only one that is not the same each time.
var tuneColumns = []string{"method", "trial", "best", "end", "time_ms", "steps", "loss", "error", "wall_s", "seed", "budget", "target", "run_file"}

// columns are the columns of tune.csv.
func (t *tuning) columns() []string {
	all := slices.Clone(tuneColumns)
	for _, s := range t.spaces {
		for _, k := range s.knobs {
			if !slices.Contains(all, k.key) {
				all = append(all, k.key)
			}
		}
	}
	return all
}

// writeCSV writes every trial that ended, with a column for every knob.
func (t *tuning) writeCSV(w io.Writer) error {
	columns := t.columns()
	out := csv.NewWriter(w)
	_ = out.Write(columns) // Error reports it
	for i, trials := range t.trials {
		won := best(trials)
		for _, tr := range trials {
			if tr.end != "" {
				_ = out.Write(t.row(columns, i, tr, tr == won))
			}
		}
	}
	for _, row := range t.kept.rest() {
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func (t *tuning) row(columns []string, method int, tr *trial, won bool) []string {
	cell := map[string]string{
		"method": tr.method.name, "trial": strconv.Itoa(tr.number), "best": strconv.FormatBool(won), "end": tr.end,
		"time_ms": exact(tr.ms), "steps": whole(tr.steps), "loss": exact(tr.loss), "wall_s": strconv.FormatFloat(tr.wall.Seconds(), 'f', 3, 64),
		"seed": whole(t.Seed), "budget": whole(tr.cfg.Workload.TotalLocalSteps), "target": t.targetOf(method), "run_file": t.files[method],
	}
	if tr.err != nil {
		cell["error"] = tr.err.Error()
	}
	for i, k := range t.spaces[method].knobs {
		cell[k.key] = tr.texts[i]
	}
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = cell[c]
	}
	return row
}

// targetOf is the target of the trials of a method; "" for the one that sets it.
func (t *tuning) targetOf(method int) string {
	if method == len(t.methods)-1 {
		return ""
	}
	return exact(t.target)
}

// keptTrials are the trials in a tune.csv of before. Each stands there until its
// turn in the search has come.
type keptTrials struct {
	path    string
	columns map[string]int
	rows    map[string][]string // by method and number
	order   []string
}

// fingerprint is what a run file and the data are known by.
func fingerprint(text []byte, data string) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(text, "\n%s", data)))[:12]
}

// keep reads the tune.csv at path, if there is one, for t to go on from. All of it
// must be of the same seed, budget and run files.
func (t *tuning) keep(path string) error {
	t.kept = keptTrials{path: path, columns: make(map[string]int), rows: make(map[string][]string)}
	columns := t.columns()
	rows, err := readKept(path, columns, "this search")
	if err != nil {
		return err
	}
	for i, c := range columns {
		t.kept.columns[c] = i
	}
	for _, row := range rows {
		if err := t.keepRow(row); err != nil {
			return err
		}
	}
	return nil
}

func (t *tuning) keepRow(row []string) error {
	k := &t.kept
	name := k.cell(row, "method")
	method := slices.IndexFunc(t.methods, func(m method) bool { return m.name == name })
	if method < 0 {
		return k.refuse("it has trials of %s, which is not tuned now", name)
	}
	for _, c := range []struct{ column, want, of string }{
		{"seed", whole(t.Seed), "--seed"},
		{"budget", whole(t.spaces[method].cfg.Workload.TotalLocalSteps), "--steps or the run file"},
		{"run_file", t.files[method], "the run file and --data, which are not the same as then"},
	} {
		if got := k.cell(row, c.column); got != c.want {
			return k.refuse("%s trial %s has the %s %s: want %s, that of %s", name, k.cell(row, "trial"), c.column, got, c.want, c.of)
		}
	}
	id := name + " " + k.cell(row, "trial")
	row[k.columns["best"]] = "false" // until its turn has come
	k.rows[id] = row
	k.order = append(k.order, id)
	return nil
}

func (k *keptTrials) cell(row []string, column string) string { return row[k.columns[column]] }

func (k *keptTrials) refuse(format string, args ...any) error {
	return unfitTable(k.path, fmt.Errorf(format, args...))
}

// rest are the rows whose turn has not come.
func (k *keptTrials) rest() [][]string {
	var rest [][]string
	for _, id := range k.order {
		if row := k.rows[id]; row != nil {
			rest = append(rest, row)
		}
	}
	return rest
}

// restore gives trials that are kept their results and returns the others. Trials
// that chased another target are not kept.
func (k *keptTrials) restore(t *tuning, method int, begun []*trial, target float64) (others []*trial, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tr := range begun {
		id := fmt.Sprintf("%s %d", tr.method.name, tr.number)
		row := k.rows[id]
		delete(k.rows, id)
		switch {
		case row == nil:
			others = append(others, tr)
			continue
		case k.cell(row, "target") != t.targetOf(method):
			t.say("%-16s trial %3d of before chased the target %s: it runs again, for %s", tr.method.name, tr.number, k.cell(row, "target"), exact(target))
			others = append(others, tr)
			continue
		}
		for i, knob := range t.spaces[method].knobs {
			if got := k.cell(row, knob.key); got != tr.texts[i] {
				k.rows[id] = row
				return nil, usageError{k.refuse("%s has %s %s: want %s: the search or its space was another", id, knob.key, got, tr.texts[i])}
			}
		}
		if tr.result, err = k.result(row); err != nil {
			return nil, usageError{k.refuse("%s: %w", id, err)}
		}
	}
	return others, nil
}

// result is that of a trial in a row.
func (k *keptTrials) result(row []string) (r result, err error) {
	number := func(column string) float64 {
		x, e := strconv.ParseFloat(k.cell(row, column), 64)
		if e != nil && err == nil {
			err = fmt.Errorf("%s is %q: want a number", column, k.cell(row, column))
		}
		return x
	}
	r = result{end: k.cell(row, "end"), ms: number("time_ms"), steps: uint64(number("steps")), loss: number("loss")}
	r.wall = time.Duration(math.Round(number("wall_s") * float64(time.Second)))
	if text := k.cell(row, "error"); text != "" {
		r.err = errors.New(text)
	}
	if !slices.Contains([]string{endReached, endBudget, endPruned, endDiverged, endFailed}, r.end) {
		err = fmt.Errorf("end is %q: want how a trial ends", r.end)
	}
	return r, err
}
