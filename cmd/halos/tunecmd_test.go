package main

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tuneTiny runs tune in a new folder and returns it and its tune.csv.
func tuneTiny(t *testing.T, args ...string) (dir, table string) {
	t.Helper()
	return tuneMethods(t, tiny, args...)
}

// tuneMethods is tuneTiny for another folder of methods.
func tuneMethods(t *testing.T, methods string, args ...string) (dir, table string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	code, _, errs := command(t, append([]string{"tune", methods, "-out", dir}, args...)...)
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
	dir, table := tuneTiny(t, "-trials", "12")
	lines, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(lines) != 1+5*12 {
		t.Fatalf("tune.csv has %d lines, %v: want 61", len(lines), err)
	}
	best := 0
	for _, line := range lines[1:] {
		if line[2] == "true" {
			best++
		}
	}
	if n := strings.Count(table, ",pruned,"); n == 0 || strings.Contains(strings.Join(lines[1], ","), "pruned") {
		t.Errorf("%d trials ended when they could not win any more: want some, and none of the first wave", n)
	}
	if best != 5 {
		t.Errorf("%d trials are best, want one for each method", best)
	}
	won, err := methodSet{Files: []path{path(dir)}}.load()
	if err != nil {
		t.Fatal(err)
	}
	before, err := methodSet{Files: []path{tiny}}.load()
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
	if code, _, errs := command(t, "compare", dir, "-out", filepath.Join(dir, "compared")); code != 0 {
		t.Errorf("compare with the winners: status %d: %s", code, errs)
	}
}

func TestTuneDependsOnSeedOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("runs everything twice")
	}
	t.Parallel()
	one := withoutWall(tuneTiny(t, "-trials", "14", "-workers", "1"))
	many := withoutWall(tuneTiny(t, "-trials", "14", "-workers", "5"))
	if one != many {
		t.Errorf("with one worker:\n%s\nwith five:\n%s", one, many)
	}
	if other := withoutWall(tuneTiny(t, "-trials", "6", "-seed", "8")); strings.ReplaceAll(other, ",8,", ",7,") == one {
		t.Error("another seed finds the same")
	}
}

// withoutWall is a table without wall_s, in which runs differ.
func withoutWall(_, table string) string {
	return regexp.MustCompile(`,[0-9]+\.[0-9]{3},([0-9]+,[0-9]+,[^,]*,[0-9a-f]{12},)`).ReplaceAllString(table, ",-,$1")
}

// A draw of many local steps and a large K does not fit a small budget; the other
// trials go on.
func TestTuneGoesOnWithoutATrialThatDoesNotFit(t *testing.T) {
	t.Parallel()
	methods := changedMethods(t, "*", "local_steps: 32", "local_steps: 4", "local_steps: 16", "local_steps: 4", "accumulate: 32", "accumulate: 4")
	_, table := tuneMethods(t, methods, "-trials", "8", "-steps", "100")
	if n := strings.Count(table, "workload.total_local_steps, 100"); n == 0 || strings.Contains(table, ",true,failed,") {
		t.Errorf("%d trials do not fit: want some, none of them best:\n%s", n, table)
	}
}

func TestTuneInterrupted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	args := []string{"tune", tiny, "-trials", "6", "-workers", "1", "-out", dir}
	code, out, errs := interrupt(t, "Sync SGD         trial ", args...)
	if code != 130 || out != "" || !strings.HasPrefix(errs, "Sync SGD") || !strings.Contains(errs, "Sync SGD         trials 0 to 3 of 6 begin\n") {
		t.Errorf("status %d, %q, %q: want 130, and that Sync SGD begins", code, out, errs)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 1 || filepath.Base(files[0]) != "tune.csv" {
		t.Errorf("files %v: want tune.csv alone", files)
	}
	kept, err := os.ReadFile(files[0])
	if n := strings.Count(string(kept), "\nSync SGD,"); err != nil || n != 1 {
		t.Fatalf("%v, %d trials are kept: want the one that ended:\n%s", err, n, kept)
	}

	code, _, errs = interrupt(t, "\nDiLoCo           trial ", args...)
	if n := strings.Count(errs, "Sync SGD         trial "); code != 130 || n > 5 {
		t.Errorf("status %d, %d trials of Sync SGD run again: want 130, and those alone that had not ended:\n%s", code, n, errs)
	}
	if code, _, errs = command(t, args...); code != 0 {
		t.Fatalf("status %d, %s", code, errs)
	}
	again, _ := os.ReadFile(files[0])
	if _, whole := tuneTiny(t, "-trials", "6"); withoutWall("", string(again)) != withoutWall("", whole) {
		t.Errorf("interrupted twice:\n%s\nat once:\n%s", again, whole)
	}
	if code, _, errs = command(t, args...); code != 0 || strings.Contains(errs, " begin\n") || strings.Contains(errs, " begin;") {
		t.Errorf("with all trials there: status %d, %s: want none to run", code, errs)
	}
	for _, c := range []struct{ old, new, want string }{ // changes of args
		{"6", "6 -seed 8", "has the seed 7: want 8, that of --seed"},
		{"6", "6 -steps 1000", "has the budget 4096: want 1000, that of --steps or the run file"},
		{tiny, changedMethods(t, "halos*", "max_lr: 0.001", "max_lr: 0.002"), "want 0"},
	} {
		var other []string
		for _, a := range args {
			if a == c.old {
				a = c.new
			}
			other = append(other, strings.Fields(a)...)
		}
		code, _, errs := command(t, other...)
		if c.want == "want 0" {
			c.want = "that of the run file and --data, which are not the same as then; choose another folder for --out"
		}
		if code != 2 || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: status %d, %q: want %q", c.new, code, errs, c.want)
		}
	}
	// A search with another space draws other values for the same trials.
	lines := strings.Split(string(again), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "HALoS,5,") {
			lines[i] = l[:strings.LastIndex(strings.TrimRight(l, ","), ",")] + ",0.123" + strings.Repeat(",", len(l)-len(strings.TrimRight(l, ",")))
		}
	}
	if err := os.WriteFile(files[0], []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, args...); code != 2 || !strings.Contains(errs, "HALoS 5 has ") || !strings.Contains(errs, "0.123: want ") {
		t.Errorf("status %d, %q: want that trial 5 is of another search", code, errs)
	}
}

// More trials of Sync SGD may have a lower loss, which all others then chase.
func TestTuneGoesOnWithMoreTrials(t *testing.T) {
	t.Parallel()
	dir, _ := tuneTiny(t, "-trials", "1")
	code, _, errs := command(t, "tune", tiny, "-out", dir, "-trials", "5")
	if code != 0 || strings.Contains(errs, "Sync SGD         trial   0") || !strings.Contains(errs, "HALoS            trial   0 of before chased the target ") {
		t.Errorf("status %d, %s", code, errs)
	}
	table, _ := os.ReadFile(filepath.Join(dir, "tune.csv"))
	if _, whole := tuneTiny(t, "-trials", "5"); withoutWall("", string(table)) != withoutWall("", whole) {
		t.Errorf("in two parts:\n%s\nat once:\n%s", table, whole)
	}
}

func TestTuneForATime(t *testing.T) {
	t.Parallel()
	_, table := tuneTiny(t, "-time", "1ns")
	if n := strings.Count(table, "\n"); n != 1+5*wave {
		t.Errorf("tune.csv has %d lines: want four trials of each method:\n%s", n, table)
	}
	code, _, errs := command(t, "tune", "-time", "1s", "-trials", "3")
	if code != 2 || !strings.Contains(errs, "--time") || !strings.Contains(errs, "--trials") {
		t.Errorf("status %d, %q: want one of both", code, errs)
	}
}

func TestTrialIsDiverged(t *testing.T) {
	t.Parallel()
	tr, p, before := syncTrial(t, "name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1", "name: sgd", "max_lr: 0.003", "max_lr: 1e8", "clip_norm: 1.0", "")
	r, err := tr.run(t.Context(), p, goal{math.NaN(), math.Inf(1), before})
	if err != nil || r.end != endDiverged || r.err != nil || r.steps > 2000 {
		t.Errorf("%v after %d steps with loss %v, %v, %v: want %s, early", r.end, r.steps, r.loss, r.err, err, endDiverged)
	}
}

// A trial may be much worse than an untrained model for half of its budget.
func TestTrialIsPruned(t *testing.T) {
	t.Parallel()
	tr, p, before := syncTrial(t)
	for _, c := range []struct {
		g     goal
		end   string
		steps uint64
	}{
		{goal{math.NaN(), math.Inf(1), before}, endBudget, 4096},
		{goal{math.NaN(), math.Inf(1), 0}, endPruned, 2048},
		{goal{0, 1000, before}, endPruned, 16},
		{goal{before, math.Inf(1), 0}, endReached, 16},
	} {
		r, err := tr.run(t.Context(), p, c.g)
		if err != nil || r.end != c.end || r.steps > c.steps+128 || r.steps < c.steps || math.IsNaN(r.loss) {
			t.Errorf("%+v: %s after %d steps, loss %v, %v: want %s after %d", c.g, r.end, r.steps, r.loss, err, c.end, c.steps)
		}
	}
}

// syncTrial is trial 0 of Sync SGD, whose run file is changed, its problem, and
// the loss before.
func syncTrial(t *testing.T, oldnew ...string) (*trial, *problem, float64) {
	t.Helper()
	methods, err := methodSet{Files: []path{path(changedMethods(t, "sync*", oldnew...))}}.load()
	if err != nil {
		t.Fatal(err)
	}
	m := methods[4]
	f, err := newRunFile(m)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrial(m, newSpace(f, m.cfg), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newProblem(m, "")
	if err != nil {
		t.Fatal(err)
	}
	before, err := initial(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return tr, p, before
}

// Tune chooses by the loss of other windows than compare reports.
func TestTuneChoosesOnValidationWindows(t *testing.T) {
	methods, err := methodSet{}.load()
	if err != nil {
		t.Fatal(err)
	}
	test, err := newProblem(methods[0], "")
	if err != nil {
		t.Fatal(err)
	}
	defer test.Close()
	chosen, err := tuneProblem(methods[0], methods[0].cfg.Seed, "")
	if err != nil {
		t.Fatal(err)
	}
	defer chosen.Close()
	a, err1 := initial(t.Context(), test)
	b, err2 := initial(t.Context(), chosen)
	if err1 != nil || err2 != nil || a == b {
		t.Errorf("the initial loss is %v and %v, %v, %v: want other windows", a, b, err1, err2)
	}
}

func TestBetter(t *testing.T) {
	order := []*trial{
		{number: 5, result: result{end: endReached, ms: 10, loss: 2}},
		{number: 1, result: result{end: endReached, ms: 20, loss: 1}},
		{number: 3, result: result{end: endReached, ms: 20, loss: 0}},
		{number: 4, result: result{end: endBudget, ms: 5, loss: 3}},
		{number: 2, result: result{end: endBudget, ms: 1, loss: 4}},
		{number: 0, result: result{end: endPruned, ms: 11, loss: 1}},
		{number: 6, result: result{end: endDiverged, loss: 9}},
		{number: 7, result: result{end: endFailed, loss: math.NaN()}},
		{number: 8, result: result{end: endDiverged, loss: 2}},
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
