package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// command runs a command in this process.
func command(t *testing.T, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, streams{strings.NewReader(""), &stdout, &stderr, new(outputs)})
	return code, stdout.String(), stderr.String()
}

// A trigger calls act once, when what is written to it has the text.
type trigger struct {
	bytes.Buffer
	text string
	act  func()
}

func (w *trigger) Write(b []byte) (int, error) {
	n, err := w.Buffer.Write(b)
	if strings.Contains(w.String(), w.text) {
		w.act()
	}
	return n, err
}

const quadraticRun = `
algorithm: async_local_sgd
seed: 3
topology: {network_bandwidths: [[100, 0.5], [0.5, 100]], worker_speeds: [[0.5, 1], [0.6]]}
workload: {problem: {name: quadratic, dim: 4}, model_bytes: 1000000, local_step_time_ms: 200,
  local_batch_size: 8, global_batch_size: 32, total_local_steps: 200}
worker: {local_steps: 4, optimizer: {name: sgd}, lr_schedule: {name: constant, lr: 0.01}}
server: {optimizer: {name: nesterov, lr: 0.5, momentum: 0.5}}
`

// runFileWith writes quadraticRun, changed, into a folder of the test.
func runFileWith(t *testing.T, oldnew ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte(strings.NewReplacer(oldnew...).Replace(quadraticRun)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMistakesAreToldInOneLine(t *testing.T) {
	good := runFileWith(t)
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		args string
		code int
		want []string // in the line
	}{
		{"simulate", 2, []string{"simulate"}},
		{"help nothing", 2, []string{"nothing"}},
		{"sim", 2, []string{"<run.yaml>"}},
		{"sim " + good + " -trace", 2, []string{"--trace"}},
		{"sim " + good + " -seeds 0 -result " + out, 2, []string{"--seeds", "0"}},
		{"sim " + good + " -seed x", 2, []string{"--seed", "x"}},
		{"sim " + good + " -target nan -result " + out, 2, []string{"--target", "NaN"}},
		{"sim " + good + " -tensorboard -", 2, []string{"--tensorboard", "folder"}},
		{"sim " + good + " -seeds 2 -trace " + out, 2, []string{"--seeds", "--trace"}},
		{"sim " + good + " -seeds 2 -model " + out, 2, []string{"--seeds", "--model"}},
		{"sim " + good + " -seed 2 -set seed=3 -result " + out, 2, []string{"--seed", "--set seed"}},
		{"sim " + good + " -seed 2 -set workload.problem.seed=3", 2, []string{"--seed", "--set workload.problem.seed"}},
		{"sim " + good + " -set worker.steps=3 -result " + out, 2, []string{"--set", "worker.steps", "worker.local_steps"}},
		{"sim " + good + " -set worker.local_steps=0 -result " + out, 2, []string{"--set: worker.local_steps is 0"}},
		{"init " + good, 1, []string{good, "already"}},
		{"init " + out + "/x", 1, []string{out, "no such file"}},
		{"sim " + good + " -colour red", 2, []string{"--colour"}},
		{"sim " + good + " extra", 2, []string{"extra"}},
		{"sim missing.yaml -result " + out, 2, []string{"missing.yaml"}},
		{"sim " + runFileWith(t, "seed: 3", "sead: 3") + " -result " + out, 2, []string{"sead", "line 3"}},
		{"sim " + runFileWith(t, "0.6", "-0.6") + " -trace " + out, 2, []string{"topology.worker_speeds[1][0]", "-0.6"}},
		{"sim " + runFileWith(t, "dim: 4", "dim: 0") + " -trace " + out, 2, []string{"workload.problem.dim", "0"}},
		{"sim " + runFileWith(t, "name: quadratic", "name: cubic") + " -trace " + out, 2, []string{"workload.problem", "cubic"}},
		{"compare -seed eleven", 2, []string{"--seed", "eleven"}},
		{"compare -seeds 0", 2, []string{"--seeds", "0"}},
		{"compare -workers -1", 2, []string{"--workers", "-1"}},
		{"compare -published x", 2, []string{"--published", `"x"`}},
		{"compare nowhere", 2, []string{"nowhere", "no such file"}},
		{"compare testdata/methods -data x -out " + out, 2, []string{"--data", `"x"`}},
		{"compare " + t.TempDir(), 2, []string{"no run file", "*.yaml"}},
		{"compare testdata/methods -base mine", 2, []string{"--base", `"mine"`, `"HALoS"`, `"DiLoCo+DynUpd"`}},
		{"compare testdata/methods -target inf", 2, []string{"--target", "+Inf", "finite"}},
		{"compare testdata/methods/halos.yaml -references", 2, []string{"--references", "async_local_sgd"}},
		{"compare testdata/methods/async_local_sgd.yaml -references", 2, []string{"--references", "algorithm halos"}},
		{"tune testdata/methods/halos.yaml", 2, []string{"sync_sgd", "exactly one"}},
		{"tune -trials 0", 2, []string{"--trials", "0"}},
		{"tune nowhere", 2, []string{"nowhere", "no such file"}},
	} {
		code, stdout, stderr := command(t, strings.Fields(c.args)...)
		if code != c.code || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "halos: ") {
			t.Errorf("halos %s: status %d, want %d; stdout %q; stderr %q", c.args, code, c.code, stdout, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("halos %s: %q does not name %q", c.args, stderr, want)
			}
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("halos %s left a file", c.args)
		}
	}
}

func TestLongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"sim a -trace b -result=c":    "sim a --trace b --result=c",
		"sim - --result - -trace -":   "sim - --result=- --trace=-",
		"sim -h - -trace=- -":         "sim -h - --trace=- -",
		"compare -seed 3 -- -list --": "compare --seed 3 -- -list --",
	} {
		if got := longFlags(strings.Fields(args)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s becomes %q, want %s", args, got, want)
		}
	}
}

func TestHelp(t *testing.T) {
	for args, want := range map[string]string{
		"-help": "Usage: halos <command>", "help": "Usage: halos <command>", "help sim": "Usage: halos sim",
		"help init": "Usage: halos init", "sim --help": "Usage: halos sim", "compare -h": "Usage: halos compare", "tune -help": "Usage: halos tune",
	} {
		code, out, err := command(t, strings.Fields(args)...)
		if code != 0 || !strings.Contains(out, want) || err != "" {
			t.Errorf("halos %s: status %d, %q, %q", args, code, out, err)
		}
	}
	if code, out, err := command(t); code != 2 || out != "" || !strings.Contains(err, "Usage: halos <command>") || !strings.Contains(err, "143  ended by SIGTERM") {
		t.Errorf("halos: status %d, %q, %q: want 2 and the usage", code, out, err)
	}
}

func TestVersion(t *testing.T) {
	if code, out, err := command(t, "version"); code != 0 || !strings.HasPrefix(out, "halos ") || !strings.Contains(out, runtime.Version()) || err != "" {
		t.Errorf("status %d, %q, %q", code, out, err)
	}
}

// interrupt runs a command until it has written text to stdout or stderr.
func interrupt(t *testing.T, text string, args ...string) (code int, out, err string) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	act := func() { cancel(interruption{syscall.SIGINT}) }
	stdout, stderr := &trigger{text: text, act: act}, &trigger{text: text, act: act}
	code = run(ctx, args, streams{strings.NewReader(""), stdout, stderr, new(outputs)})
	return code, stdout.String(), stderr.String()
}
