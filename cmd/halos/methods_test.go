package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// changedMethods is a folder with the tiny methods, in which each old string of
// the files that match is replaced by the new one behind it.
func changedMethods(t *testing.T, match string, oldnew ...string) string {
	t.Helper()
	env, err := filepath.Abs("env16.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(tiny, "*.yaml"))
	dir := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.Replace(string(text), "../../env16.yaml", filepath.ToSlash(env), 1))
		if ok, _ := filepath.Match(match, filepath.Base(file)); ok {
			text = []byte(strings.NewReplacer(oldnew...).Replace(string(text)))
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestShippedMethods(t *testing.T) {
	for _, set := range []methodSet{{}, {Published: true}} {
		methods, err := set.load()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range methods {
			names = append(names, m.name)
			if n := m.cfg.Topology.Workers(); n != 16 {
				t.Errorf("%s has %d workers, want 16", m.file, n)
			}
			if w := m.cfg.Workload; w.ModelBytes != 281706496 || w.LocalStepTime != 238.391 || w.Problem.Name != "bytelm" {
				t.Errorf("%s: %+v: want the clock of Pythia-70M and text", m.file, w)
			}
			if set.Published && m.cfg.Workload.TotalLocalSteps != 393216 {
				t.Errorf("%s has %d local steps, want 393216", m.file, m.cfg.Workload.TotalLocalSteps)
			}
		}
		if got := strings.Join(names, ", "); got != "HALoS, Async-Local-SGD, DiLoCo, DiLoCo+DynUpd, Sync SGD" {
			t.Errorf("methods are %s", got)
		}
	}
}

func TestMethodsMustAgree(t *testing.T) {
	for _, c := range []struct {
		match, old, new string
		want            []string
	}{
		{"diloco.yaml", "model_bytes: 281706496", "model_bytes: 4000", []string{"diloco.yaml", "workload.model_bytes", "4000", "281706496", "halos.yaml"}},
		{"async*", "238.391", "10", []string{"async_local_sgd.yaml", "workload.local_step_time_ms", "10", "238.391"}},
		{"sync*", "dim: 12", "dim: 13", []string{"sync_sgd.yaml", "workload.problem.dim", "13", "12"}},
		{"sync*", "gps_region: 0", "latency_ms: 5", []string{"sync_sgd.yaml", "topology.latency_ms", "5", "missing"}},
		{"sync*", "algorithm: sync_sgd", "algorithm: sink_sgd", []string{"sync_sgd.yaml", "algorithm", "sink_sgd"}},
	} {
		code, _, err := command(t, "compare", changedMethods(t, c.match, c.old, c.new), "-out", filepath.Join(t.TempDir(), "out"))
		if code != 2 {
			t.Errorf("%s: %s: status %d, want 2: %s", c.match, c.new, code, err)
		}
		for _, want := range c.want {
			if !strings.Contains(err, want) {
				t.Errorf("%s: %s: %q does not name %q", c.match, c.new, err, want)
			}
		}
	}
}

// copied is a copy of a run file of dir.
func copied(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestTuneNeedsOneTarget(t *testing.T) {
	dir := changedMethods(t, "")
	sync := filepath.Join(dir, "sync_sgd.yaml")
	second := copied(t, sync, filepath.Join(dir, "other", "sync2.yaml"))
	same := copied(t, filepath.Join(dir, "halos.yaml"), filepath.Join(dir, "other", "halos.yaml"))
	for want, files := range map[string][]path{
		"exactly one":              {path(dir), path(second)},
		"two run files are called": {path(dir), path(same)},
		"sync_sgd":                 {path(same)},
	} {
		if _, err := (methodSet{Files: files}).loadToTune(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v: want %q", files, err, want)
		}
	}
	if _, err := (methodSet{Files: []path{path(same), path(sync)}}).loadToTune(); err != nil {
		t.Errorf("two of the methods: %v", err)
	}
}

func TestEqualMethodsAreNamedByTheirFiles(t *testing.T) {
	dir := changedMethods(t, "")
	halos := filepath.Join(dir, "halos.yaml")
	mine, other := copied(t, halos, filepath.Join(dir, "mine.yaml")), copied(t, halos, filepath.Join(dir, "other", "mine.yaml"))
	stem := strings.TrimSuffix(mine, ".yaml")
	for _, c := range []struct {
		files []path
		want  string
	}{
		{[]path{path(dir)}, "halos, mine, Async-Local-SGD, DiLoCo, DiLoCo+DynUpd, Sync SGD"},
		{[]path{path(mine), path(halos)}, "mine, halos"},
		{[]path{path(mine), path(filepath.Join(dir, "diloco.yaml"))}, "HALoS, DiLoCo"},
		{[]path{path(mine), path(other), path(halos)}, stem + ", " + filepath.Join(dir, "other", "mine") + ", halos"},
	} {
		methods, err := methodSet{Files: c.files}.load()
		var names []string
		for _, m := range methods {
			names = append(names, m.name)
		}
		if got := strings.Join(names, ", "); err != nil || got != c.want {
			t.Errorf("names are %s, %v: want %s", got, err, c.want)
		}
	}
	if _, err := (methodSet{Files: []path{path(mine), path(mine)}}).load(); err == nil || !strings.Contains(err.Error(), "given twice") {
		t.Errorf("one file twice: %v", err)
	}
}

func TestList(t *testing.T) {
	code, out, err := command(t, "compare", "-list")
	if code != 0 || err != "" || strings.Count(out, "algorithm: ") != 5 || !strings.Contains(out, "# DiLoCo+DynUpd, diloco_dynupd.yaml\n") {
		t.Errorf("status %d, %q\n%s", code, err, out)
	}
}

// A flag changes all run files alike, and what it does not know it says.
func TestVariants(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"--problem non-iid", []string{"partition: region"}},
		{"--problem convex", []string{"name: quadratic, dim: 4096", "weight_decay: 0}"}},
		{"--clock 410M", []string{"model_bytes: 1621336064", "local_step_time_ms: 1888"}},
		{"--published --problem IID --clock 160m", []string{"model_bytes: 649291776", "local_step_time_ms: 660", "total_local_steps: 393216"}},
	} {
		code, out, err := command(t, append([]string{"compare", "--list"}, strings.Fields(c.args)...)...)
		for _, want := range c.want {
			if n := strings.Count(out, want); code != 0 || n != 5 {
				t.Errorf("%s: status %d, %q is there %d times, want 5: %s", c.args, code, want, n, err)
			}
		}
	}
	for args, want := range map[string]string{
		"--problem concave":         `--problem is "concave": want iid, non-iid or convex`,
		"--clock 7b":                `--clock is "7b": want 70m, 160m or 410m`,
		tiny + " --problem non-iid": "partition",
	} {
		code, _, err := command(t, append([]string{"compare", "--list"}, strings.Fields(args)...)...)
		if code != 2 || !strings.Contains(err, want) {
			t.Errorf("%s: status %d, %q: want 2 and %q", args, code, err, want)
		}
	}
}

// A seed in the problem would come before that of the command: three seeds would be one.
func TestSeedOfProblemIsRefused(t *testing.T) {
	methods := changedMethods(t, "halos.yaml", "{name: quadratic, dim: 12, noise: 0.3}", "{name: bytelm, seed: 5}")
	for _, c := range []string{"compare", "tune"} {
		code, _, err := command(t, c, methods, "--out", filepath.Join(t.TempDir(), "out"))
		if want := "halos.yaml: workload.problem.seed is 5: want none"; code != 2 || !strings.Contains(err, want) {
			t.Errorf("%s: status %d, %q: want 2 and %q", c, code, err, want)
		}
	}
}

// A flag sets what a run file has, and its errors name the flag.
func TestVariantsOfOtherFiles(t *testing.T) {
	plain := runFileWith(t)
	if code, out, err := command(t, "compare", "--list", "--problem", "convex", plain); code != 0 || !strings.Contains(out, "dim: 4096") || strings.Contains(out, "decay") {
		t.Errorf("status %d, %q, %q: want the problem, and no decay for an optimizer that has none", code, out, err)
	}
	if code, _, err := command(t, "compare", "--list", "--problem", "iid", plain); code != 2 || !strings.Contains(err, "--problem: ") || strings.Contains(err, "--set") {
		t.Errorf("status %d, %q: want an error that names --problem", code, err)
	}
}

// Workers that leave in one method and stay in another make no comparison.
func TestEventsMustAgree(t *testing.T) {
	dir := changedMethods(t, "async*", "algorithm: async_local_sgd", "events: [{at_ms: 5, quit: 1}]\nalgorithm: async_local_sgd")
	code, _, err := command(t, "compare", dir, "--out", filepath.Join(t.TempDir(), "out"))
	if want := "async_local_sgd.yaml: events is"; code != 2 || !strings.Contains(err, want) {
		t.Errorf("status %d, %q: want 2 and %q", code, err, want)
	}
	dir = changedMethods(t, "*", "algorithm:", "events: [{at_ms: 5, quit: 1}]\nalgorithm:")
	code, _, err = command(t, "compare", "--references", dir, "--out", filepath.Join(t.TempDir(), "out"))
	if want := "--references: "; code != 2 || !strings.Contains(err, want) || !strings.Contains(err, "events: want none") {
		t.Errorf("status %d, %q: want 2 and %q", code, err, want)
	}
}
