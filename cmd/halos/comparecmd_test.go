package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

const tiny = "testdata/methods"

// compareTiny runs compare in a new folder and returns it.
func compareTiny(t *testing.T, args ...string) (dir, out string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	code, out, errs := command(t, append([]string{"compare", tiny, "-out", dir}, args...)...)
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	return dir, out
}

func TestCompareWritesAllItFinds(t *testing.T) {
	t.Parallel()
	dir, out := compareTiny(t, "-seeds", "2")
	for _, m := range []string{"HALoS", "Async-Local-SGD", "DiLoCo", "DiLoCo+DynUpd", "Sync SGD"} {
		if strings.Count(out, "\n"+m+" ") != 3 {
			t.Errorf("%s is not in both tables and has its sentence:\n%s", m, out)
		}
	}
	var c comparison
	readJSON(t, filepath.Join(dir, "compare.json"), &c)
	if len(c.Runs) != 10 || len(c.Table) != 5 || len(c.Methods) != 5 || c.Seed != 11 || c.Seeds != 2 || c.Cores == 0 || c.Go == "" {
		t.Errorf("compare.json has %d runs, %d rows, %d methods, seed %d", len(c.Runs), len(c.Table), len(c.Methods), c.Seed)
	}
	checkRatios(t, c)
	text, err := os.ReadFile(filepath.Join(dir, "points.csv"))
	if err != nil {
		t.Fatal(err)
	}
	points, err := readPoints(bytes.NewReader(text))
	if err != nil || len(points) != 10 {
		t.Fatalf("points of %d runs, %v: want 10", len(points), err)
	}
	for i, r := range c.Runs {
		if !reflect.DeepEqual(points[i].Points, r.Points) || points[i].Method != r.Method || points[i].Seed != r.Seed {
			t.Errorf("%s: points.csv and compare.json differ", r.Method)
		}
	}
	for _, name := range []string{"loss-time", "loss-tokens"} {
		picture, err := os.ReadFile(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
			t.Errorf("%s.png: %v", name, err)
		}
		svg, _ := os.ReadFile(filepath.Join(dir, name+".svg"))
		if !bytes.Contains(svg, []byte("DiLoCo+DynUpd")) || !bytes.Contains(svg, []byte("held-out loss")) {
			t.Errorf("%s.svg has no legend or no axis", name)
		}
	}
}

// checkRatios checks what a comparison says against its runs.
func checkRatios(t *testing.T, c comparison) {
	t.Helper()
	for _, r := range c.Runs {
		last := r.Points[len(r.Points)-1]
		if last.Loss != r.Loss || last.TimeMS != r.TimeMS || last.Steps != r.Steps {
			t.Errorf("%s ends at %+v, its last point is %+v", r.Method, r, last)
		}
		if reached := r.Loss <= r.Target; reached != (r.End == endReached) {
			t.Errorf("%s: end %s with loss %v, target %v", r.Method, r.End, r.Loss, r.Target)
		}
		for _, p := range r.Points[:len(r.Points)-1] {
			if p.Loss <= r.Target {
				t.Errorf("%s went on after its target", r.Method)
			}
		}
		if sum := r.Compute + r.Wait + r.Communicate; math.Abs(sum-1) > 1e-9 {
			t.Errorf("%s: shares of time sum to %v", r.Method, sum)
		}
	}
	if c.Table[0].Reached == 0 || c.Table[0].TimeRatio.Median.Value != 1 {
		t.Errorf("HALoS: %+v: want it to reach the target, and to be itself", c.Table[0])
	}
}

func TestCompareDoesNotDependOnWorkers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs everything twice")
	}
	t.Parallel()
	var first string
	for _, workers := range []string{"1", "3"} {
		dir, out := compareTiny(t, "-workers", workers)
		text, _ := os.ReadFile(filepath.Join(dir, "points.csv"))
		out += string(text)
		if first == "" {
			first = out
		}
		if out != first {
			t.Errorf("with %s workers:\n%s\nwith 1:\n%s", workers, out, first)
		}
	}
}

func TestCompareInterrupted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string // after which it is interrupted
		runs int
		done []string
	}{
		{"16 steps", 1, nil},
		{"\nDiLoCo  ", 4, []string{"HALoS", "Async-Local-SGD", "Sync SGD"}},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		code, out, errs := interrupt(t, c.text, "compare", tiny, "-out", dir)
		if code != 130 || !strings.Contains(errs, "halos: interrupted\n") {
			t.Errorf("status %d, want 130: %s", code, errs)
		}
		if strings.Contains(errs, "NaN") {
			t.Errorf("a loss that was not evaluated is a number:\n%s", errs)
		}
		if c.done == nil && out != "" {
			t.Errorf("a table of nothing:\n%s", out)
		}
		for _, m := range c.done {
			if !strings.Contains(out, "\n"+m+" ") {
				t.Errorf("%s is done and not in the table:\n%s", m, out)
			}
		}
		if strings.Contains(out, "\nDiLoCo ") {
			t.Errorf("DiLoCo is not done and in the table:\n%s", out)
		}
		var found comparison
		readJSON(t, filepath.Join(dir, "compare.json"), &found)
		if len(found.Runs) != c.runs || found.Runs[c.runs-1].End != endInterrupted {
			t.Errorf("%d runs in compare.json: want %d, the last interrupted", len(found.Runs), c.runs)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 6 {
			t.Errorf("%d files, want 6: %v", len(files), files)
		}
	}
}

// A closed is a reader that has gone away.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestCompareKeepsFilesWhenStdoutIsClosed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	var errs bytes.Buffer
	code := run(t.Context(), []string{"compare", tiny, "-out", dir}, streams{strings.NewReader(""), closed{}, &errs, new(outputs)})
	if files, _ := os.ReadDir(dir); code != exitPipe || len(files) != len(comparisonFiles) {
		t.Errorf("status %d, files %v: want %d and all files: %s", code, files, exitPipe, errs.String())
	}
}

// A comparison without a target ends; what was found until then stays.
func TestCompareKeepsWhatAFailedRunLeaves(t *testing.T) {
	t.Parallel()
	methods := changedMethods(t, "sync*", "name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1", "name: sgd",
		"max_lr: 0.003", "max_lr: 1e4", "clip_norm: 1.0", "")
	dir := filepath.Join(t.TempDir(), "out")
	code, _, errs := command(t, "compare", methods, "-out", dir)
	if code != 1 {
		t.Fatalf("status %d, %q: want 1", code, errs)
	}
	var found comparison
	readJSON(t, filepath.Join(dir, "compare.json"), &found)
	if len(found.Runs) != 1 || !strings.Contains(errs, "there is no target") {
		t.Errorf("%d runs, %q: want the one that failed", len(found.Runs), errs)
	}
}

func TestCompareTrainsOnText(t *testing.T) {
	t.Parallel()
	methods := changedMethods(t, "*", "{name: quadratic, dim: 12, noise: 0.3}",
		"{name: bytelm, context: 8, width: 8, layers: 1, heads: 1, heldout_windows: 4}", "total_local_steps: 4096", "total_local_steps: 64",
		"local_steps: 32", "local_steps: 2", "local_steps: 8", "local_steps: 2", "accumulate: 32", "accumulate: 2")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(prose(0, 8000)), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	code, _, errs := command(t, "compare", methods, "-data", text, "-out", dir)
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	var c comparison
	readJSON(t, filepath.Join(dir, "compare.json"), &c)
	if c.Data != text || c.Runs[0].Tokens != c.Runs[0].Steps*8*8 || c.Runs[0].Loss > 6 {
		t.Errorf("data %q, %d tokens in %d steps of 8 windows of 8, loss %v", c.Data, c.Runs[0].Tokens, c.Runs[0].Steps, c.Runs[0].Loss)
	}
}

func TestComparisonIsReadBack(t *testing.T) {
	t.Parallel()
	methods, err := methodSet{}.load()
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := compareTiny(t)
	var want, got comparison
	readJSON(t, filepath.Join(dir, "compare.json"), &want)
	if want.Runs[1].Target != want.Runs[0].Loss {
		t.Errorf("target %v: want %v, the last loss of Sync SGD", want.Runs[1].Target, want.Runs[0].Loss)
	}
	want.Runs[0].Target = 0 // NaN is not equal to itself
	want.Methods[0].Config = methods[0].cfg
	var b bytes.Buffer
	if err := want.write(&b); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for i := range got.Methods { // where a problem's keys stood in the text is not kept
		a, _ := json.Marshal(got.Methods[i])
		b, _ := json.Marshal(want.Methods[i])
		if !bytes.Equal(a, b) {
			t.Errorf("got  %s\nwant %s", a, b)
		}
	}
	got.Methods, want.Methods = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// runFiles are run files of the tiny methods.
func runFiles(names ...string) []string {
	var files []string
	for _, name := range names {
		files = append(files, filepath.Join(tiny, name+".yaml"))
	}
	return files
}

// compared is what compare finds of any run files.
func compared(t *testing.T, args ...string) (c comparison, out string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	code, out, errs := command(t, append([]string{"compare", "--out", dir}, args...)...)
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	readJSON(t, filepath.Join(dir, "compare.json"), &c)
	return c, out
}

// What the target is, and to what the others are compared.
func TestCompareAnyRunFiles(t *testing.T) {
	t.Parallel()
	k8 := filepath.Join(changedMethods(t, "halos.yaml", "accumulate: 32", "accumulate: 8"), "halos.yaml")
	k8 = copied(t, k8, filepath.Join(filepath.Dir(k8), "k8.yaml"))
	for _, c := range []struct {
		args   []string
		base   string
		setter string // "" is --target
		rows   string
	}{
		{runFiles("diloco", "sync_sgd", "async_local_sgd"), "Async-Local-SGD", "Sync SGD", "Async-Local-SGD, DiLoCo, Sync SGD"},
		{runFiles("diloco", "diloco_dynupd"), "DiLoCo", "DiLoCo", "DiLoCo, DiLoCo+DynUpd"},
		{append(runFiles("async_local_sgd", "halos"), k8), "halos", "halos", "halos, k8, Async-Local-SGD"},
		{append(runFiles("async_local_sgd", "halos"), k8, "--base", "k8"), "k8", "k8", "halos, k8, Async-Local-SGD"},
		{append(runFiles("async_local_sgd", "halos"), "--base", "async_local_sgd.yaml"), "Async-Local-SGD", "Async-Local-SGD", "HALoS, Async-Local-SGD"},
		{append(runFiles("halos", "sync_sgd"), "--target", "30"), "HALoS", "", "HALoS, Sync SGD"},
	} {
		found, out := compared(t, c.args...)
		var rows []string
		for _, r := range found.Table {
			rows = append(rows, r.Method)
			if r.Baseline != (r.Method == c.setter) {
				t.Errorf("%v: %s sets the target: %v", c.args, r.Method, r.Baseline)
			}
			if r.Method == found.Base && r.TimeRatio.Median.Value != 1 {
				t.Errorf("%v: the base is %v times as long as itself", c.args, r.TimeRatio)
			}
		}
		if got := strings.Join(rows, ", "); got != c.rows || found.Base != c.base {
			t.Errorf("%v: rows %s, base %s: want %s, %s", c.args, got, found.Base, c.rows, c.base)
		}
		for _, r := range found.Runs {
			if c.setter == "" && r.Target != 30 {
				t.Errorf("%v: target %v: want 30", c.args, r.Target)
			}
			if c.setter != "" && !r.baseline() && r.Target != found.Runs[0].Loss {
				t.Errorf("%v: target %v: want %v", c.args, r.Target, found.Runs[0].Loss)
			}
		}
		want := "where " + c.setter + " ends.\n"
		if c.setter == "" {
			want = "\nTarget: held-out loss 30, as --target says.\n"
		}
		if !strings.HasSuffix(out, want) {
			t.Errorf("%v: want %q:\n%s", c.args, want, out)
		}
	}
}

func TestCompareWithReferences(t *testing.T) {
	t.Parallel()
	c, out := compared(t, append(runFiles("halos", "async_local_sgd", "sync_sgd"), "--references")...)
	if len(c.Runs) != 5 || len(c.Methods) != 5 || c.Methods[2].Reference || !c.Methods[3].Reference || !c.Table[4].Reference {
		t.Fatalf("%d runs, methods %+v", len(c.Runs), c.Methods)
	}
	alone, ideal := c.Runs[3], c.Runs[4]
	if alone.Method != "region 0 alone" || alone.InterRegionBytes != 0 || len(alone.Updates) != 1 || alone.Target != c.Runs[0].Loss {
		t.Errorf("%+v: want the workers of one region", alone)
	}
	if ideal.Method != "ideal links" || ideal.TimeMS >= c.Runs[1].TimeMS || len(ideal.Updates) != 4 {
		t.Errorf("%s, %v ms: want HALoS faster than its %v ms", ideal.Method, ideal.TimeMS, c.Runs[1].TimeMS)
	}
	if strings.Count(out, "\nreference\nregion 0 alone ") != 2 || !strings.Contains(out, "\nReference \"ideal links\" reaches the target.") {
		t.Errorf("references are not below the methods:\n%s", out)
	}
}
