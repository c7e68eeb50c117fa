package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	if code != 1 || out != "" || !strings.Contains(err, "diverged") {
		t.Errorf("status %d, %q, %q: want 1 and an error", code, out, err)
	}
	var res struct {
		Steps uint64
		Loss  *float64
	}
	if readJSON(t, result, &res); res.Steps == 0 {
		t.Errorf("result %+v: want the steps that were done", res)
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
	var res struct{ Steps uint64 }
	if readJSON(t, result, &res); res.Steps == 0 {
		t.Error("the result has no steps: want those that were done")
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
