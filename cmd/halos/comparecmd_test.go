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
	code, out, errs := command(t, append([]string{"compare", "-methods", tiny, "-out", dir}, args...)...)
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	return dir, out
}

func TestCompareWritesAllItFinds(t *testing.T) {
	t.Parallel()
	dir, out := compareTiny(t, "-seeds", "2")
	for _, m := range []string{"HALoS", "Async-Local-SGD", "DiLoCo", "DiLoCo+DynUpd", "Sync SGD"} {
		if strings.Count(out, "\n"+m+" ") != 2 {
			t.Errorf("%s is not in both tables:\n%s", m, out)
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
	if c.Table[0].Reached == 0 || c.Table[0].TimeRatio.Median != 1 {
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
		code, out, errs := interrupt(t, c.text, "compare", "-methods", tiny, "-out", dir)
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
	code := run(t.Context(), []string{"compare", "-methods", tiny, "-out", dir}, streams{strings.NewReader(""), closed{}, &errs, new(outputs)})
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
	code, _, errs := command(t, "compare", "-methods", methods, "-out", dir)
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
	code, _, errs := command(t, "compare", "-methods", methods, "-data", text, "-out", dir)
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
