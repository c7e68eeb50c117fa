package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

const halosRun = `{"algorithm": "halos", "topology": {"network_bandwidths": [[1]], "worker_speeds": [[1]]},
"workload": {"problem": {"name": "bytelm", "seed": 7, "width": 8}, "local_step_time_ms": 1, "local_batch_size": 1, "global_batch_size": 1, "total_local_steps": 100},
"worker": {"local_steps": 2, "optimizer": {"name": "sgd"}, "lr_schedule": {"name": "cosine", "max_lr": 1, "total_steps": 9}},
"lps": {"optimizer": {"name": "delayed_nesterov", "lr": 1, "beta": 0.5, "delay": 2}, "accumulate": 4, "merge_weight": 0.5},
"gps": {"optimizer": {"name": "sgd", "lr": 1}}}`

func halosMethod(t *testing.T) method {
	t.Helper()
	m := method{file: "run.json", dir: ".", text: []byte(halosRun)}
	var err error
	if m.cfg, err = runfile.Parse(m.text, "."); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSet(t *testing.T) {
	set, err := parseSettings([]string{
		"lps.accumulate=8", "worker.lr_schedule.max_lr=0.01", "lps.carry_in_flight=true", "topology.latency_ms=[[5]]",
		"lps.optimizer={name: nesterov, lr: 0.7, momentum: 0.9}", "lps.accumulate=2",
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := halosMethod(t).set(set)
	if err != nil {
		t.Fatal(err)
	}
	c := m.cfg
	got := fmt.Sprintln(c.LPS.Accumulator.Params, c.Worker.LRSchedule.Params, c.Topology.Latency.Matrix, c.LPS.Optimizer.Name, c.LPS.Optimizer.Params)
	if want := "map[accumulate:2 carry_in_flight:true] map[max_lr:0.01 total_steps:9] [[5]] nesterov map[lr:0.7 momentum:0.9]\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSetSaysWhatIsWrong(t *testing.T) {
	for arg, want := range map[string]string{
		"lps.acumulate=3":                     "--set: lps.acumulate is no key of * is lps.accumulate",
		"lps.carry_inflight=true":             "--set: lps.carry_inflight is no key of * is lps.carry_in_flight",
		"accumulate=3":                        "--set: accumulate is unknown: * is lps.accumulate",
		"wroker.local_steps=3":                "--set: wroker is unknown: * to wroker.local_steps is worker.local_steps",
		"worker.lr_schedule.maxlr=3":          "--set: worker.lr_schedule.maxlr is no key of cosine: * is worker.lr_schedule.max_lr",
		"worker.lr_schedule.minlr=3":          "--set: worker.lr_schedule.minlr is no key of cosine: * is worker.lr_schedule.min_lr",
		"worker.steps=3":                      "--set: worker.steps is unknown: * is worker.local_steps",
		"topology.latency=3":                  "--set: topology.latency is unknown: * is topology.latency_ms",
		"topology.worker_speeds[0]=[1]":       `--set: topology."worker_speeds[0]" is unknown: * is topology.worker_speeds`,
		"lps.accumulate=x":                    `--set: lps.accumulate is "x": want a whole number *`,
		"lps.accumulate=":                     `--set: lps.accumulate is "": want a value`,
		"lps.accumulate=: :":                  `--set: lps.accumulate is ": :": want a value in YAML *`,
		"lps.accumulate.x=3":                  "--set: lps.accumulate.x: there are no keys in lps.accumulate",
		"lps.accumulate":                      `--set is "lps.accumulate": want KEY=VALUE, *`,
		"=3":                                  `--set is "=3": want KEY=VALUE, *`,
		"lps.optimizer={name: sgd, lr: -1}":   "--set: lps.optimizer.lr is -1: want above 0, *",
		"server.optimizer={name: sgd, lr: 1}": "--set: server is here: want it left out: *",
	} {
		settings, err := parseSettings([]string{arg})
		if err == nil {
			_, err = halosMethod(t).set(settings)
		}
		before, after, _ := strings.Cut(want, "*")
		if err == nil || !strings.HasPrefix(err.Error(), before) || !strings.HasSuffix(err.Error(), after) {
			t.Errorf("--set %s: %v\nwant %s", arg, err, want)
		}
	}
}

// The keys of bytelm are read when the problem is made.
func TestSetOfAProblem(t *testing.T) {
	run := runFileWith(t, "{name: quadratic, dim: 4}", "{name: bytelm, width: 8, heads: 1}")
	code, out, err := command(t, "sim", run, "--set", "workload.problem.widht=4")
	if code != 2 || out != "" || !strings.HasPrefix(err, "halos: --set: workload.problem.widht is unknown: ") || !strings.HasSuffix(err, " is workload.problem.width\n") {
		t.Errorf("status %d, %q, %q", code, out, err)
	}
	wrong := runFileWith(t, "{name: quadratic, dim: 4}", "{name: bytelm, widht: 8}")
	if code, _, err := command(t, "sim", wrong, "--seed", "4"); code != 2 || !strings.Contains(err, "run.yaml line 5: workload.problem.widht") {
		t.Errorf("status %d, %q: want the line of the file", code, err)
	}
}

// An explicit seed is that of the run, whatever the problem has of its own.
func TestSeedIsOne(t *testing.T) {
	m := halosMethod(t)
	if got := seedOf(m.cfg); got != 7 {
		t.Errorf("seed %d, want that of the problem", got)
	}
	if same, err := m.seeded(7); err != nil || string(same.text) != halosRun {
		t.Errorf("%v: the seed that it has changes it to\n%s", err, same.text)
	}
	m, err := m.seeded(5)
	if err != nil || m.cfg.Seed != 5 || seedOf(m.cfg) != 5 || strings.Contains(string(m.text), "7") {
		t.Errorf("%v: seed %d, %d, want 5 alone:\n%s", err, m.cfg.Seed, seedOf(m.cfg), m.text)
	}
}

func TestDistance(t *testing.T) {
	for words, want := range map[string]int{"a a": 0, "kitten sitting": 5, "abc bc": 2, "bc abc": 1, "x abcd": 5, "maxlr max_lr": 1} {
		a, b, _ := strings.Cut(words, " ")
		if got := distance(a, b); got != want {
			t.Errorf("from %s to %s: %d, want %d", a, b, got, want)
		}
	}
}

// Whatever is given to --set, the run file is valid after it or the error is one line.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"lps.accumulate=8", "a..b=[", "topology={}", "workload.problem=&a [*a]", "seed=1\n---\n2", "lps=~", "<<={seed: 1}", "=", "worker.optimizer.name.x=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		settings, err := parseSettings([]string{arg})
		if err != nil {
			return
		}
		m := method{file: "run.json", dir: t.TempDir(), text: []byte(halosRun)}
		m.cfg, _ = runfile.Parse(m.text, m.dir)
		set, err := m.set(settings)
		switch {
		case err == nil && set.cfg.Validate() != nil:
			t.Errorf("--set %q makes a run file that is not valid", arg)
		case err != nil && !strings.HasPrefix(err.Error(), "--set"):
			t.Errorf("--set %q: %v: want the flag named", arg, err)
		}
	})
}
