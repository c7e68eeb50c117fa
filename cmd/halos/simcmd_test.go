package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halos-go/sdk/halos/sim"
)

func TestSimWritesTraceAndResult(t *testing.T) {
	dir := t.TempDir()
	trace, result := filepath.Join(dir, "t.jsonl"), filepath.Join(dir, "r.json")
	code, out, err := command(t, "sim", runFileWith(t), "-trace", trace, "--result="+result)
	if code != 0 || err != "" || !strings.HasPrefix(out, "loss ") {
		t.Fatalf("status %d, %q, %q", code, out, err)
	}
	var res struct {
		TimeMS float64 `json:"time_ms"`
		Steps  uint64
	}
	readJSON(t, result, &res)
	text, _ := os.ReadFile(trace)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	var last struct {
		T     float64
		Kind  string
		Steps uint64
	}
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil {
		t.Fatal(err)
	}
	if res.Steps < 200 || last.Steps != res.Steps || last.T != res.TimeMS || last.Kind != "worker_update" {
		t.Errorf("result %+v, last event %+v: want the same end, after 200 local steps", res, last)
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("%d files, want 2: %v", len(files), files)
	}
}

func TestSimReadsAndWritesStandardStreams(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"sim", "-", "-trace", "-", "-result", "-"}, streams{strings.NewReader(quadraticRun), &out, &errs, new(outputs)})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if code != 0 || errs.Len() > 0 || !strings.HasPrefix(lines[0], `{"t":`) || !strings.HasPrefix(lines[len(lines)-1], `{"time_ms":`) {
		t.Errorf("status %d, %q\n%s", code, errs.String(), out.String())
	}
	for i, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("line %d is no JSON: %s", i+1, line)
		}
	}
}

// Which it is is told where there is a choice, and a GPU that is not there is no CPU.
func TestSimBackend(t *testing.T) {
	t.Setenv("HALOS_LIBCUDA", filepath.Join(t.TempDir(), "none.so"))
	if code, out, err := command(t, "sim", runFileWith(t), "-backend", "auto"); code != 0 || !strings.HasPrefix(err, "models on cpu: ") || !strings.HasPrefix(out, "loss ") {
		t.Errorf("auto: status %d, %q, %q", code, out, err)
	}
	for name, want := range map[string]string{"cuda": "none.so", "gpu": `"gpu"`} {
		if code, out, err := command(t, "sim", runFileWith(t), "-backend", name); code != 2 || out != "" || !strings.Contains(err, want) {
			t.Errorf("%s: status %d, %q, %q", name, code, out, err)
		}
	}
}

// The trace of a run that diverged is what says why.
func TestSimKeepsWhatAFailedRunLeaves(t *testing.T) {
	dir := t.TempDir()
	trace, result := filepath.Join(dir, "t"), filepath.Join(dir, "r")
	diverges := runFileWith(t, "lr: 0.01", "lr: 1e9", "total_local_steps: 200", "total_local_steps: 1000000")
	code, out, err := command(t, "sim", diverges, "-trace", trace, "-result", result)
	if code != 1 || !strings.HasPrefix(out, "loss ") || strings.Contains(out, "NaN") || !strings.Contains(out, " local steps: diverged\n") || !strings.Contains(err, "diverged") {
		t.Errorf("status %d, %q, %q: want 1, the last loss and an error", code, out, err)
	}
	res := readResult(t, result)
	if res.Steps == 0 || res.Loss == nil || res.End != "diverged" || !strings.Contains(res.Error, "diverged") || len(res.Points) == 0 {
		t.Errorf("result %+v: want the steps that were done, the last loss and how it ended", res)
	}
	if text, _ := os.ReadFile(trace); !bytes.HasPrefix(text, []byte(`{"t":`)) || !bytes.HasSuffix(text, []byte("}\n")) {
		t.Errorf("trace %q: want whole lines", text)
	}
	if code, out, _ := command(t, "sim", diverges, "-result", "-"); code != 1 || !json.Valid([]byte(out)) {
		t.Errorf("status %d, %q: want 1 and the result", code, out)
	}
}

func TestSimInterrupted(t *testing.T) {
	endless := runFileWith(t, "total_local_steps: 200", "total_local_steps: 100000000000, eval_every: 100000000000")
	result := filepath.Join(t.TempDir(), "r.json")
	code, _, err := interrupt(t, `"t":`, "sim", endless, "-trace", "-", "-result", result)
	if code != 130 || err != "halos: interrupted\n" {
		t.Errorf("status %d, %q: want 130", code, err)
	}
	if res := readResult(t, result); res.Steps == 0 || res.End != "interrupted" || res.Loss == nil || res.Points[0].Steps >= res.Steps {
		t.Errorf("result %+v: want what was done and the last loss", res)
	}
}

// A resultFile is the result file of halos sim.
type resultFile struct {
	TimeMS float64 `json:"time_ms"`
	Steps  uint64
	Loss   *float64
	Theta  []float64
	Seed   uint64
	End    string
	Error  string
	Target *float64
	Stats  struct {
		Version, Tokens        uint64
		Compute, Wait          float64
		Communicate            float64
		Updates, Reached       []uint64
		GlobalStaleness, Bytes float64
	}
	Points []struct {
		TimeMS         float64 `json:"time_ms"`
		Steps, Version uint64
		Loss           *float64
	}
	Config json.RawMessage
}

func readResult(t *testing.T, path string) (r resultFile) {
	t.Helper()
	readJSON(t, path, &r)
	return r
}

// The result says what the run was: its configuration runs again to the same end.
func TestSimResultIsComplete(t *testing.T) {
	file := filepath.Join(t.TempDir(), "r.json")
	if code, _, err := command(t, "sim", runFileWith(t), "--result", file, "--seed", "5", "--set", "worker.local_steps=2"); code != 0 {
		t.Fatalf("status %d, %q", code, err)
	}
	res := readResult(t, file)
	last := res.Points[len(res.Points)-1]
	if res.Seed != 5 || res.End != "budget" || *last.Loss != *res.Loss || last.TimeMS != res.TimeMS || last.Steps != res.Steps || last.Version != res.Stats.Version {
		t.Errorf("result %+v: want seed 5 and the last point where it ends", res)
	}
	if s := res.Stats; s.Tokens != 8*res.Steps || math.Abs(s.Compute+s.Wait+s.Communicate-1) > 1e-9 || len(s.Updates) != 2 || len(s.Reached) != 2 {
		t.Errorf("statistics %+v: want shares of 1, and two regions", s)
	}
	again, second := filepath.Join(t.TempDir(), "run.json"), filepath.Join(t.TempDir(), "r.json")
	if err := os.WriteFile(again, res.Config, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, err := command(t, "sim", again, "--result", second); code != 0 {
		t.Fatalf("status %d, %q", code, err)
	}
	a, _ := os.ReadFile(file)
	if b, _ := os.ReadFile(second); !bytes.Equal(a, b) {
		t.Errorf("from the configuration in the result comes\n%s\nwant\n%s", b, a)
	}
}

func TestSimSeeds(t *testing.T) {
	run, dir := runFileWith(t), t.TempDir()
	all, one := filepath.Join(dir, "all"), filepath.Join(dir, "one")
	code, out, err := command(t, "sim", run, "--seeds", "3", "--target", "3", "--result", all, "--tensorboard", filepath.Join(dir, "board"))
	lines := strings.Split(out, "\n")
	if code != 0 || err != "" || !strings.HasPrefix(lines[0], "seed 3: loss ") || !strings.HasPrefix(lines[2], "seed 5: loss ") ||
		lines[3] != "median and range of 3 seeds" || !strings.HasPrefix(lines[6], "target 3          reached by ") || len(lines) != 8 {
		t.Errorf("status %d, %q\n%s", code, err, out)
	}
	if code, _, err := command(t, "sim", run, "--seed", "4", "--target", "3", "--result", one); code != 0 {
		t.Fatalf("status %d, %q", code, err)
	}
	text, _ := os.ReadFile(all)
	want, _ := os.ReadFile(one)
	if results := bytes.SplitAfter(text, []byte("\n")); len(results) != 4 || !bytes.Equal(results[1], want) {
		t.Errorf("results\n%s\nwant three, the second\n%s", text, want)
	}
	if boards, _ := filepath.Glob(filepath.Join(dir, "board", "seed-*", "*tfevents*")); len(boards) != 3 {
		t.Errorf("files for TensorBoard %v: want one for each seed", boards)
	}
}

// A seed that fails is said, and the others go on.
func TestSimSeedsThatFail(t *testing.T) {
	diverges := runFileWith(t, "lr: 0.01", "lr: 1e9")
	code, out, err := command(t, "sim", diverges, "--seeds", "2", "--target", "0.1")
	if code != 1 || strings.Count(out, ": diverged\n") != 2 || !strings.Contains(out, "reached by 0 of 2\n") || strings.Contains(out, "median") ||
		strings.Count(err, "\n") != 2 || !strings.HasPrefix(err, "halos: seed 3: ") {
		t.Errorf("status %d, %q, %q: want 1, a line each and no median", code, out, err)
	}
}

func TestSimTarget(t *testing.T) {
	run, file := runFileWith(t), filepath.Join(t.TempDir(), "r")
	code, out, err := command(t, "sim", run, "--target", "3", "--result", file)
	res := readResult(t, file)
	if code != 0 || err != "" || res.End != "reached" || *res.Target != 3 || *res.Loss > 3 || res.Steps >= 200 {
		t.Errorf("status %d, %q, %+v: want it reached, early", code, err, res)
	}
	if n := len(res.Points); *res.Points[n-2].Loss <= 3 || !strings.Contains(out, "target 3          reached after "+virtual(res.TimeMS)+"\n") {
		t.Errorf("%q, %+v: want the time of the first loss that is at most 3", out, res.Points)
	}
	if code, out, _ := command(t, "sim", run, "--target", "0.001"); code != 0 || !strings.Contains(out, "target 0.001      not reached\n") {
		t.Errorf("status %d, %q: want 0, not reached", code, out)
	}
}

func TestSimTensorBoard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "a")
	for range 2 { // the second takes the place of the first
		if code, _, err := command(t, "sim", runFileWith(t), "--tensorboard", dir); code != 0 || err != "" {
			t.Fatalf("status %d, %q", code, err)
		}
	}
	files, _ := os.ReadDir(dir)
	text, err := os.ReadFile(filepath.Join(dir, boardFile))
	if err != nil || len(files) != 1 || bytes.Count(text, []byte("updates/in_global_model")) < 10 || !bytes.HasPrefix(text[12+9:], []byte("\x1a\x0dbrain.Event:2")) {
		t.Errorf("%v, %d files, %d bytes: want one with the curves", err, len(files), len(text))
	}
}

// A run that is over at once shows no progress; one that is not does, and not where the
// trace is.
func TestSimProgress(t *testing.T) {
	var errs bytes.Buffer
	p := lateProgress{w: &errs, lane: lane{"run", 100}, began: time.Now()}
	if p.at(sim.Point{Steps: 1, Loss: 3, TimeMS: 500}); errs.Len() > 0 {
		t.Errorf("at once: %q", errs.String())
	}
	p.began = p.began.Add(-time.Minute)
	p.at(sim.Point{Steps: 2, Loss: math.NaN()})
	p.at(sim.Point{Steps: 50, Loss: 2, TimeMS: 1000})
	p.close()
	if got := errs.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "loss 3.0000") || !strings.Contains(got, "50 steps") {
		t.Errorf("%q: want the loss before and each tenth", got)
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
