package main

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// spaceOfMethod is the space of a shipped method with settings, each KEY=VALUE.
func spaceOfMethod(t *testing.T, name string, changes ...string) (method, space, *runFile) {
	t.Helper()
	methods, err := methodSet{}.load()
	if err != nil {
		t.Fatal(err)
	}
	m := methods[slices.IndexFunc(methods, func(m method) bool { return m.name == name })]
	f, err := newRunFile(m)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := parseSettings(changes)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if err := f.assign(s); err != nil {
			t.Fatal(err)
		}
	}
	if m.text, err = f.text(); err != nil {
		t.Fatal(err)
	}
	if m.cfg, err = f.config(); err != nil {
		t.Fatal(err)
	}
	return m, newSpace(f, m.cfg), f
}

func TestTuneTrialZeroIsTheRunFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"HALoS", "Async-Local-SGD", "DiLoCo", "DiLoCo+DynUpd", "Sync SGD"} {
		m, s, f := spaceOfMethod(t, name)
		if want := len(spaceOf(m.cfg.Algorithm)); len(s.knobs) != want {
			t.Errorf("%s: %d knobs: want %d", name, len(s.knobs), want)
		}
		tr, err := newTrial(m, s, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		before, _ := f.text()
		if after, _ := tr.file.text(); string(after) != string(before) {
			t.Errorf("%s: trial 0 is\n%s\nwant the run file\n%s", name, after, before)
		}
	}
}

// The masses of the run files are those of the paper's words, see runfile.Plug.
func TestTuneReadsMasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, section, optimizer string
		mass, beta                 float64
	}{
		{"HALoS", "lps", "{name: delayed_nesterov, lr: 1.2864, beta: 0.3, delay: 16}", 4 * 1.2864 / (16 * 0.7), 0.3},
		{"HALoS", "gps", "{name: sgd, lr: 0.5}", 2, 0},
		{"HALoS", "gps", "{name: heavy_ball, mass: 0.9, momentum: 0.25}", 0.9, 0.25},
		{"Async-Local-SGD", "server", "{name: delayed_nesterov, lr: 5.024, beta: 0.3, delay: 32}", 16 * 5.024 / (32 * 0.7), 0.3},
		{"DiLoCo", "server", "{name: nesterov, lr: 0.635, momentum: 0.8}", 0.635 / 0.2, 0.8},
	} {
		_, s, f := spaceOfMethod(t, c.method, c.section+".optimizer="+c.optimizer)
		values := s.values(f)
		for i, k := range s.knobs {
			if k.section() != c.section+".optimizer" {
				continue
			}
			if want := map[form]float64{mass: c.mass, decay: c.beta}[k.as]; math.Abs(values[i]-want) > 1e-9 {
				t.Errorf("%s, %s: %s is %v: want %v", c.method, c.optimizer, k.key, values[i], want)
			}
		}
	}
}

// Any optimizer with a mass becomes one without momentum and back.
func TestTuneChangesMomentum(t *testing.T) {
	t.Parallel()
	const delayed = "{name: delayed_nesterov, lr: 5.024, beta: 0.3, delay: 32}"
	for _, c := range []struct {
		method, was string
		beta        float64
		want        map[string]any
	}{
		{"Async-Local-SGD", delayed, 0, map[string]any{"mass": 2.5}},
		{"Async-Local-SGD", delayed, 0.6, map[string]any{"mass": 2.5, "beta": 0.6, "delay": uint64(32)}},
		{"Async-Local-SGD", "{name: sgd, mass: 1}", 0.6, map[string]any{"mass": 2.5, "beta": 0.6, "delay": uint64(16)}},
		{"Async-Local-SGD", "{name: heavy_ball, lr: 1, momentum: 0.1}", 0.6, map[string]any{"mass": 2.5, "momentum": 0.6}},
		{"DiLoCo", "{name: sgd, lr: 1}", 0.5, map[string]any{"mass": 2.5, "momentum": 0.5}},
	} {
		m, s, _ := spaceOfMethod(t, c.method, "server.optimizer="+c.was)
		values := make([]float64, len(s.knobs))
		for i, k := range s.knobs {
			values[i] = map[form]float64{plain: 4, schedule: 0.5, mass: 2.5, decay: c.beta}[k.as]
		}
		tr, err := newTrial(m, s, 1, values)
		if err != nil || tr.unfit != nil {
			t.Fatal(err, tr.unfit)
		}
		if got := tr.cfg.Server.Optimizer; !maps.Equal(got.Params, c.want) || (got.Name == "sgd") != (c.beta == 0) {
			t.Errorf("%s, %s with beta %v: %s %v: want %v", c.method, c.was, c.beta, got.Name, got.Params, c.want)
		}
		for i, k := range s.knobs {
			if back := s.values(tr.file)[i]; math.Abs(back-values[i]) > 0.01*values[i] {
				t.Errorf("%s, %s: %s is %v again: want %v", c.method, c.was, k.key, back, values[i])
			}
		}
	}
}

// Adamw has no mass: its knobs are left out, and it stays as it is.
func TestTuneLeavesOutWhatIsNotThere(t *testing.T) {
	t.Parallel()
	_, s, _ := spaceOfMethod(t, "HALoS", "gps.optimizer={name: adamw, lr: 0.01, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0}",
		"lps={optimizer: {name: sgd, mass: 1}, accumulate: 1, merger: replay, carry_in_flight: true}")
	for _, k := range s.knobs {
		if strings.HasPrefix(k.key, "gps") || k.key == "lps.merge_weight" {
			t.Errorf("%s is in the space", k.key)
		}
	}
	if len(s.knobs) != 8 {
		t.Errorf("%d knobs: want 8", len(s.knobs))
	}
}
