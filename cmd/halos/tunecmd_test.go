package main

import (
	"encoding/csv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tuneTiny runs tune in a new folder and returns it and its tune.csv.
func tuneTiny(t *testing.T, args ...string) (dir, table string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	code, _, errs := command(t, append([]string{"tune", "-methods", tiny, "-out", dir}, args...)...)
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	text, err := os.ReadFile(filepath.Join(dir, "tune.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(text)
}

func TestTuneFindsBetterValues(t *testing.T) {
	t.Parallel()
	dir, table := tuneTiny(t, "-trials", "9")
	lines, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(lines) != 1+5*9 {
		t.Fatalf("tune.csv has %d lines, %v: want 46", len(lines), err)
	}
	best := 0
	for _, line := range lines[1:] {
		if line[2] == "true" {
			best++
		}
	}
	if n := strings.Count(table, ",late,"); n == 0 || strings.Contains(strings.Join(lines[1], ","), "late") {
		t.Errorf("%d trials ended when they could not win any more: want some, and none of the first wave", n)
	}
	if best != 5 {
		t.Errorf("%d trials are best, want one for each method", best)
	}
	won, err := methodSet{Methods: path(dir)}.load()
	if err != nil {
		t.Fatal(err)
	}
	before, err := methodSet{Methods: tiny}.load()
	if err != nil {
		t.Fatal(err)
	}
	if err := agree([]method{before[0], won[0], won[4]}); err != nil {
		t.Errorf("tune changed more than it may: %v", err)
	}
	for i, m := range won {
		if m.cfg.Seed != before[i].cfg.Seed || m.cfg.Workload.TotalLocalSteps != before[i].cfg.Workload.TotalLocalSteps {
			t.Errorf("%s: seed or budget is not that of the run file", m.file)
		}
		if !strings.HasPrefix(string(m.text), strings.SplitAfter(string(before[i].text), "\n")[0]) {
			t.Errorf("%s has lost its comment", m.file)
		}
	}
	if code, _, errs := command(t, "compare", "-methods", dir, "-out", filepath.Join(dir, "compared")); code != 0 {
		t.Errorf("compare with the winners: status %d: %s", code, errs)
	}
}

func TestTuneDependsOnSeedOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("runs everything twice")
	}
	t.Parallel()
	_, one := tuneTiny(t, "-trials", "6", "-workers", "1")
	_, many := tuneTiny(t, "-trials", "6", "-workers", "5")
	if one != many {
		t.Errorf("with one worker:\n%s\nwith five:\n%s", one, many)
	}
	if _, other := tuneTiny(t, "-trials", "6", "-seed", "8"); other == one {
		t.Error("another seed finds the same")
	}
}

// A draw of many local steps and a large K does not fit a small budget; the other
// trials go on.
func TestTuneGoesOnWithoutATrialThatDoesNotFit(t *testing.T) {
	t.Parallel()
	methods := changedMethods(t, "*", "local_steps: 32", "local_steps: 4", "accumulate: 32", "accumulate: 4")
	_, table := tuneTiny(t, "-methods", methods, "-trials", "8", "-steps", "300")
	if n := strings.Count(table, "workload.total_local_steps, 300"); n == 0 || strings.Contains(table, ",true,failed,") {
		t.Errorf("%d trials do not fit: want some, none of them best:\n%s", n, table)
	}
}

func TestTuneInterrupted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	code, out, _ := interrupt(t, "Sync SGD", "tune", "-methods", tiny, "-trials", "64", "-workers", "1", "-out", dir)
	if code != 130 || out != "" {
		t.Errorf("status %d, %q: want 130", code, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 1 || filepath.Base(files[0]) != "tune.csv" {
		t.Errorf("files %v: want tune.csv alone", files)
	}
}

// nominalRate is the learning rate of the LPSs for each update of a delay.
func nominalRate(t *trial) float64 {
	p := t.cfg.LPS.Optimizer.Params
	return p["lr"].(float64) / float64(p["delay"].(uint64))
}

func TestTrialsOfAMethod(t *testing.T) {
	t.Parallel()
	methods, err := methodSet{}.load()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range methods {
		zero, err := newTrial(m, 0, nil, 7, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(zero.cfg.Worker.LRSchedule.Params, m.cfg.Worker.LRSchedule.Params) {
			t.Errorf("%s: trial 0 has other values than the run file", m.name)
		}
		for n := range 12 {
			tr, err := newTrial(m, n, nil, 7, 1000)
			if err != nil {
				t.Fatalf("%s, trial %d: %v", m.name, n, err)
			}
			again, _ := newTrial(m, n, nil, 7, 1000)
			for k, v := range tr.values {
				if again.values[k] != v {
					t.Errorf("%s, trial %d: %s is %s and then %s", m.name, n, k, v, again.values[k])
				}
			}
			if n > 0 && m.name == "HALoS" {
				if nominal := nominalRate(tr); nominal < 0.0499 || nominal > 0.8001 {
					t.Errorf("trial %d: lps lr is %v times the delay", n, nominal)
				}
			}
		}
	}
}

// TestTrialNearAnother keeps about two thirds of the values, and of a rate
// beside a delay the rate per delay.
func TestTrialNearAnother(t *testing.T) {
	t.Parallel()
	methods, err := methodSet{}.load()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(methods, func(m method) bool { return m.name == "HALoS" })
	near, err := newTrial(methods[i], 1, nil, 7, 1000)
	if err != nil {
		t.Fatal(err)
	}
	nominal := nominalRate(near)
	kept, same, all := 0, 0, 0
	for n := 2; n < 42; n++ {
		tr, err := newTrial(methods[i], n, near, 7, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if x := nominalRate(tr); math.Abs(x-nominal) < 1e-5 {
			kept++
		}
		for k, v := range tr.values {
			all++
			if v == near.values[k] {
				same++
			}
		}
	}
	if kept < 15 || kept > 37 || same < all/2 || same > all*9/10 {
		t.Errorf("%d of 40 trials keep the rate, %d of %d values are the same", kept, same, all)
	}
}

func TestTrialEndsWhenItDiverges(t *testing.T) {
	t.Parallel()
	methods, err := methodSet{Methods: path(changedMethods(t, "sync*", "name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1", "name: sgd",
		"max_lr: 0.003", "max_lr: 3", "clip_norm: 1.0", ""))}.load()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrial(methods[4], 0, nil, 7, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProblem(method{cfg: tr.cfg}, "")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := initial(t.Context(), p)
	if err := tr.run(t.Context(), p, goal{math.NaN(), math.Inf(1), before}); err != nil || tr.end != endDiverged || tr.steps > 1000 {
		t.Errorf("%v after %d steps with loss %v, %v: want %s, early", tr.end, tr.steps, tr.loss, err, endDiverged)
	}
}

func TestBetter(t *testing.T) {
	order := []*trial{
		{number: 5, end: endReached, time: 10, loss: 2},
		{number: 1, end: endReached, time: 20, loss: 1},
		{number: 3, end: endReached, time: 20, loss: 0},
		{number: 4, end: endBudget, time: 5, loss: 3},
		{number: 2, end: endBudget, time: 1, loss: 4},
		{number: 0, end: endLate, time: 11, loss: 1},
		{number: 6, end: endDiverged, loss: 9},
	}
	mixed := slices.Clone(order)
	slices.Reverse(mixed)
	slices.SortFunc(mixed, func(a, b *trial) int {
		if a.better(b) {
			return -1
		}
		return 1
	})
	if !slices.Equal(mixed, order) {
		t.Errorf("order is %v", mixed)
	}
}
