package main

import (
	"bytes"
	"encoding/csv"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// sweepRows reads a sweep.csv, but for its header.
func sweepRows(t *testing.T, dir string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "sweep.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestSweepWritesAllItFinds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out")
	code, out, errs := command(t, "sweep", tiny, "--out", dir, "--length", "0.25,0.5", "--links", "1,4", "--batch", "4,8")
	if code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	rows := sweepRows(t, dir)
	if len(rows) != 10 || strings.Count(errs, "begins") != 10 || !strings.Contains(errs, "10 of 10") {
		t.Errorf("%d runs, want 10, as two points are one: %s", len(rows), errs)
	}
	if !strings.Contains(errs, "length 0.5, links 1, batch 8     1") {
		t.Errorf("no line is from within a run: %s", errs)
	}
	for _, row := range rows {
		if row[14] == "" || row[14] != rows[0][14] && row[1] == "0.25" {
			t.Errorf("ratio %q: want one, the same for both methods", row[14])
		}
	}
	for _, want := range []string{"\n0.25  ", "\n0.5  ", "\n4  ", "\n8  ", "run length", "links between regions", "local batch"} {
		if !strings.Contains("\n"+out, want) {
			t.Errorf("the tables have no %q:\n%s", want, out)
		}
	}
	picture, err := os.ReadFile(filepath.Join(dir, "sweep.png"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Error(err)
	}
	svg, _ := os.ReadFile(filepath.Join(dir, "sweep.svg"))
	for _, want := range []string{">run length<", ">links between regions<", ">local batch<", ">steps of the schedule, times those of the run files<", ">0.25<", "seed 11"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the figure does not say %q", want)
		}
	}
}

// A sweep that is interrupted goes on where it was, and comes to the same end.
func TestSweepGoesOn(t *testing.T) {
	t.Parallel()
	args := []string{"sweep", tiny, "--length", "0.25,0.5,1", "--links", "1", "--batch", "8", "--workers", "1", "--out"}
	whole, parts := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "out")
	if code, _, errs := command(t, append(args, whole)...); code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	code, out, errs := interrupt(t, "3 of 6", append(args, parts)...)
	if done := len(sweepRows(t, parts)); code != 130 || done != 3 || !strings.Contains(out, "run length") || strings.Contains(out, "local batch") {
		t.Errorf("status %d, %d runs: want 130 and 3, with the one table that has something: %s%s", code, done, out, errs)
	}
	code, _, errs = command(t, append(args, parts)...)
	if code != 0 || strings.Count(errs, "begins") != 3 {
		t.Errorf("status %d: want the other three to run: %s", code, errs)
	}
	a, _ := os.ReadFile(filepath.Join(whole, "sweep.csv"))
	if b, _ := os.ReadFile(filepath.Join(parts, "sweep.csv")); !bytes.Equal(a, b) {
		t.Errorf("in one go:\n%s\nin two:\n%s", a, b)
	}
	code, _, errs = command(t, append(args, parts, "--seed", "12", "--workers", "3")...)
	if rows := sweepRows(t, parts); code != 0 || len(rows) != 12 || strings.Count(errs, "begins") != 6 {
		t.Errorf("status %d, %d rows: want those of both seeds: %s", code, len(rows), errs)
	}
}

func TestASweepsPoints(t *testing.T) {
	t.Parallel()
	m, err := variant{}.readMethods([]path{tiny})
	if err != nil {
		t.Fatal(err)
	}
	var own, got runfile.Config
	for _, m := range m {
		if m.cfg.Algorithm == runfile.HALoS {
			m.text = bytes.Replace(m.text, []byte("total_local_steps: 4096"), []byte("total_local_steps: 9000"), 1)
			changed, err := gridPoint{length: 0.25, links: 4, batch: 16}.apply(m, 12)
			if err != nil {
				t.Fatal(err)
			}
			own, got = m.cfg, changed.cfg
		}
	}
	w := got.Workload
	if got.Seed != 12 || w.TotalLocalSteps != 512 || w.LocalBatchSize != 16 || w.GlobalBatchSize != 256 || w.LocalStepTime != own.Workload.LocalStepTime {
		t.Errorf("seed %d, workload %+v: want a quarter of the samples, and the end of the schedule", got.Seed, w)
	}
	schedule := struct {
		MaxLR float64 `yaml:"max_lr"`
		Warm  uint64  `yaml:"warmup_steps"`
		Total uint64  `yaml:"total_steps"`
	}{}
	if err := got.Worker.LRSchedule.Decode(&schedule); err != nil || schedule.Total != 32 || schedule.Warm != 1 {
		t.Errorf("schedule %+v, %v: want 32 steps, 1 of them warm-up", schedule, err)
	}
	if b := got.Topology.Bandwidths; b[0][1] != 4*own.Topology.Bandwidths[0][1] || b[1][1] != own.Topology.Bandwidths[1][1] {
		t.Errorf("bandwidths %v: want those between regions times 4", b)
	}
}

func TestScheduleKeepsItsShape(t *testing.T) {
	t.Parallel()
	f, err := parseRunFile(method{text: []byte("worker: {lr_schedule: {name: cosine, max_lr: 3, warmup_steps: 0, total_steps: 9}}")})
	if err != nil {
		t.Fatal(err)
	}
	f.stretch("worker.lr_schedule", 0.5)
	text, _ := f.text()
	if want := "worker: {lr_schedule: {name: cosine, max_lr: 3, warmup_steps: 0, total_steps: 5}}\n"; string(text) != want {
		t.Errorf("got %swant %s", text, want)
	}
}

func TestSweepRatios(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	done := func(losses ...float64) *sweepRun {
		r := &sweepRun{done: true, record: curve("a", losses...)}
		last := r.record.Points[len(losses)-1]
		r.record.TimeMS, r.record.Loss = last.TimeMS, last.Loss
		return r
	}
	failed := done(6, 4, 2)
	failed.record.End = endFailed
	for _, c := range []struct {
		what                string
		a, b                *sweepRun
		target, timeA, rate float64
	}{
		{"the second ends higher", done(6, 4, 2), done(6, 5, 4, 3), 3, 90e3, 2},
		{"the first ends higher", done(6, 5, 4, 3), done(6, 4, 2), 3, 180e3, 0.5},
		{"the first time counts", done(6, 2, 4, 3), done(6, 4, 2), 3, 45e3, 2},
		{"after a loss that is not finite", done(6, nan, 2), done(6, 4, 3), 3, 120e3, 1},
		{"a run that learns nothing", done(6, 4, 2), done(6, 7, 6), nan, nan, nan},
		{"a run that fails", failed, done(6, 4, 2), nan, nan, nan},
		{"a run that is not done", &sweepRun{}, done(6, 4, 2), nan, nan, nan},
	} {
		v := (&duel{runs: [2]*sweepRun{c.a, c.b}}).verdict()
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		if !same(v.target, c.target) || !same(v.times[0], c.timeA) || !same(v.ratio, c.rate) {
			t.Errorf("%s: got %+v, want %v, %v, %v", c.what, v, c.target, c.timeA, c.rate)
		}
	}
}

func TestSweepRefuses(t *testing.T) {
	t.Parallel()
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "sweep.csv"), []byte("a,b\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--length", "0"}, "--length: 0: want a positive number"},
		{[]string{"--links=-1"}, "--links: -1: want a positive number"},
		{[]string{"--batch", "0"}, "--batch: 0: want a positive number"},
		{[]string{"--workers", "0"}, "--workers is 0"},
		{[]string{"--out", other}, "its columns are not those of a sweep"},
		{[]string{filepath.Join(tiny, "halos.yaml")}, "2 run files have algorithm halos: want one"},
	} {
		args := append([]string{"sweep", "--out", filepath.Join(t.TempDir(), "out"), tiny}, c.args...)
		code, _, errs := command(t, args...)
		if code != exitUsage || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d: %s: want %q", c.args, code, errs, c.want)
		}
	}
}
