package runfile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// goodRun is the run file of the format's documentation.
const goodRun = `algorithm: halos
seed: 11
topology:
  network_bandwidths: [[100.0, 0.537], [0.537, 100.0]]
  latency_ms: 0
  worker_speeds: [[0.232, 0.907], [0.574, 0.531]]
  lps: [[0, 1], [2, 3]]
  gps_region: 0
workload:
  problem: {name: quadratic, dim: 24, noise: 0.3}
  model_bytes: 281706496
  local_step_time_ms: 238.391
  local_batch_size: 64
  global_batch_size: 1024
  total_local_steps: 6000
worker:
  local_steps: 8
  dynamic_local_updates: true
  optimizer: {name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1}
  lr_schedule: {name: cosine, max_lr: 0.001, warmup_steps: 30, total_steps: 400}
  clip_norm: 1.0
lps:
  optimizer: {name: delayed_nesterov, lr: 3.2, beta: 0.9, delay: 16, c: 0}
  accumulate: 32
  merge_weight: 0.25
  carry_in_flight: false
gps:
  optimizer: {name: delayed_nesterov, lr: 0.3, beta: 0.5, delay: 2}
`

func mustParse(t *testing.T, text string) Config {
	t.Helper()
	c, err := Parse([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParse(t *testing.T) {
	c := mustParse(t, goodRun)
	if c.Algorithm != HALoS || c.Seed != 11 || c.Topology.Speeds[1][0] != 0.574 || c.Topology.LPS[1][1] != 3 ||
		c.Workload.ModelBytes != 281706496 || c.Worker.ClipNorm != 1 {
		t.Errorf("got %+v", c)
	}
	plugs := []struct {
		got  Plug
		want Plug
	}{
		{c.Workload.Problem, Plug{Name: "quadratic", Params: Params{"dim": uint64(24), "noise": 0.3}}},
		{c.Worker.Optimizer, Plug{Name: "adamw", Params: Params{"betas": []float64{0.9, 0.95}, "eps": 1e-8, "weight_decay": 0.1}}},
		{c.LPS.Optimizer, Plug{Name: "delayed_nesterov", Params: Params{"lr": 3.2, "beta": 0.9, "delay": uint64(16), "c": 0.0}}},
		{c.LPS.Accumulator, Plug{Name: "every", Params: Params{"accumulate": uint64(32), "carry_in_flight": false}}},
		{c.LPS.Merger, Plug{Name: "mix", Params: Params{"merge_weight": 0.25}}},
	}
	for _, p := range plugs {
		if !reflect.DeepEqual(p.got.Params, p.want.Params) || p.got.Name != p.want.Name {
			t.Errorf("got %v, want %v", p.got, p.want)
		}
	}
}

func TestParseVariants(t *testing.T) {
	diloco := edit(t, goodRun, "algorithm: halos", "algorithm: diloco")
	diloco, _, _ = strings.Cut(diloco, "lps:\n")
	diloco += "server:\n  optimizer: {name: nesterov, lr: 0.7, momentum: 0}\n"
	tests := []struct{ name, text string }{
		{"no lps list", edit(t, goodRun, "  lps: [[0, 1], [2, 3]]\n", "")},
		{"two lps in a region", edit(t, goodRun, "[[0, 1], [2, 3]]", "[[3, 2], [1], [0]]")},
		{"latency matrix", edit(t, goodRun, "latency_ms: 0", "latency_ms: [[1, 30], [40, 2]]")},
		{"latency number", edit(t, goodRun, "latency_ms: 0", "latency_ms: 30.5")},
		{"largest seed", edit(t, goodRun, "seed: 11", "seed: 18446744073709551615")},
		{"no seed", edit(t, goodRun, "seed: 11\n", "")},
		{"replay", edit(t, goodRun, "merge_weight: 0.25", "merger: replay")},
		{"mix, weight 0", edit(t, goodRun, "merge_weight: 0.25", "merger: mix\n  merge_weight: 0")},
		{"min_lr 0", edit(t, goodRun, "max_lr: 0.001,", "max_lr: 0.001, min_lr: 0,")},
		{"constant", edit(t, goodRun, "{name: cosine, max_lr: 0.001, warmup_steps: 30, total_steps: 400}", "{name: constant, lr: 1}")},
		{"linear", edit(t, goodRun, "name: cosine", "name: linear")},
		{"wsd", edit(t, goodRun, "name: cosine", "name: wsd, decay_steps: 7")},
		{"sgd", edit(t, goodRun, "{name: adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0.1}", "{name: sgd}")},
		{"eval_every", edit(t, goodRun, "total_local_steps: 6000", "total_local_steps: 6000\n  eval_every: 100")},
		{"other problem", edit(t, goodRun, "name: quadratic, dim: 24, noise: 0.3", "name: bytelm, layers: 2, text: {path: 'a: b', parts: [1, x]}")},
		{"diloco", diloco},
		{"async", edit(t, diloco, "algorithm: diloco", "algorithm: async_local_sgd")},
		{"sync", edit(t, edit(t, diloco, "algorithm: diloco", "algorithm: sync_sgd"), diloco[strings.Index(diloco, "server:"):], "",
			"  local_steps: 8\n", "  local_steps: 1\n", "dynamic_local_updates: true", "dynamic_local_updates: false")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { roundTrip(t, mustParse(t, tt.text)) })
	}
}

// roundTrip wants c to survive being written and read, as YAML and as JSON.
func roundTrip(t *testing.T, c Config) {
	t.Helper()
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(text, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if text2, err := yaml.Marshal(again); err != nil || !bytes.Equal(text, text2) {
		t.Fatalf("%v: wrote\n%s\nthen\n%s", err, text, text2)
	}
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var fromJSON Config
	if err := json.Unmarshal(j, &fromJSON); err != nil {
		t.Fatalf("%v\n%s", err, j)
	}
	if j2, err := json.Marshal(fromJSON); err != nil || !bytes.Equal(j, j2) {
		t.Fatalf("%v: wrote\n%s\nthen\n%s", err, j, j2)
	}
}

func TestGoldenConfigsParse(t *testing.T) {
	for name, config := range goldens(t) {
		c, err := Parse(config, "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		roundTrip(t, c)
		var indented bytes.Buffer
		if err := json.Indent(&indented, config, "", "\t"); err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(indented.Bytes(), ""); err != nil {
			t.Errorf("%s, indented with tabs: %v", name, err)
		}
	}
}

func TestReadConfigWithEnv(t *testing.T) {
	const env = "num_regions: 2\nnetwork_bandwidths: [\n  [100, 0.5],\n  [0.5, 100]\n] # in Gbps\nworker_speeds: [[1, 2], [3]]\n"
	run := edit(t, goodRun, "  network_bandwidths: [[100.0, 0.537], [0.537, 100.0]]\n", "  env: envs/env.yaml\n",
		"  worker_speeds: [[0.232, 0.907], [0.574, 0.531]]\n", "", "  lps: [[0, 1], [2, 3]]\n", "")
	tests := []struct{ name, env, run, want string }{
		{"good", env, run, ""},
		{"value", edit(t, env, "[3]", "[-3]"), run, "env.yaml line 6: topology.worker_speeds[1][0] is -3: want 1e-09 to 1e+09"},
		{"shape", edit(t, env, "[100, 0.5]", "[100]"), run, "env.yaml line 3: topology.network_bandwidths[0] is a list of 1: want a list of 2, one for each region"},
		{"regions", edit(t, env, "num_regions: 2", "num_regions: 3"), run, "env.yaml line 1: num_regions is 3: want 2, the rows of network_bandwidths"},
		{"unknown", env + "speed: 1\n", run, "env.yaml line 7: speed is unknown: want one of num_regions, network_bandwidths, worker_speeds"},
		{"missing", edit(t, env, "num_regions: 2\n", ""), run, "env.yaml line 1: num_regions is missing: want a whole number"},
		{"empty", "", run, "env.yaml: there is nothing in it: want the keys num_regions, network_bandwidths, worker_speeds"},
		{"twice", env, edit(t, run, "  env: envs/env.yaml\n", "  env: envs/env.yaml\n  worker_speeds: [[1], [1]]\n"),
			"run.yaml line 5: topology.worker_speeds is here: want it in the file of topology.env only"},
		{"no file", env, edit(t, run, "envs/env.yaml", "nope.yaml"), `run.yaml line 4: topology.env is "nope.yaml": want a file that can be read (open `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "envs", "env.yaml"), tt.env)
			path := filepath.Join(dir, "run.yaml")
			write(t, path, tt.run)
			c, err := Read(path)
			switch {
			case tt.want != "":
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
			case err != nil:
				t.Error(err)
			case c.Topology.Env != "" || c.Topology.Speeds[1][0] != 3 || len(c.Topology.Groups()) != 2:
				t.Errorf("got %+v", c.Topology)
			default:
				roundTrip(t, c)
			}
		})
	}
	if _, err := Read("no such file"); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("got %v", err)
	}
}

func TestDecodeOfAnotherProblem(t *testing.T) {
	type text struct {
		Path  string   `yaml:"path"`
		Parts []uint32 `yaml:"parts,omitempty"`
	}
	type problem struct {
		Layers int     `yaml:"layers"`
		Rate   float32 `yaml:"rate,omitempty"`
		Text   *text   `yaml:"text,omitempty"`
	}
	tests := []struct{ keys, want string }{
		{"layers: 2, rate: 0.5, text: {path: x, parts: [1, 2]}", ""},
		{"rate: 1", "runfile: line 10: workload.problem.layers is missing: want a whole number"},
		{"layers: 2, size: 3", "runfile: line 10: workload.problem.size is unknown: want one of layers, rate, text"},
		{"layers: 2.5", "runfile: line 10: workload.problem.layers is 2.5: want a whole number"},
		{"layers: 2, rate: 1e39", "runfile: line 10: workload.problem.rate is 1e39: want a finite number"},
		{"layers: 2, text: {path: x, parts: [1, -2]}", "runfile: line 10: workload.problem.text.parts[1] is -2: want a whole number from 0 to 2^32-1"},
		{"layers: 2, text: {}", "runfile: line 10: workload.problem.text.path is missing: want a word"},
		{"layers: 2, text: hello", `runfile: line 10: workload.problem.text is "hello": want the keys path, parts`},
	}
	for _, tt := range tests {
		c := mustParse(t, edit(t, goodRun, "name: quadratic, dim: 24, noise: 0.3", "name: bytelm, "+tt.keys))
		var p problem
		err := c.Workload.Problem.Decode(&p)
		if got := errorText(err); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.keys, got, tt.want)
		}
		if err == nil && (p.Layers != 2 || p.Rate != 0.5 || p.Text.Parts[1] != 2) {
			t.Errorf("%s: got %+v", tt.keys, p)
		}
	}
}

// TestDecodeParams: what is decoded from a file can be made in Go too.
func TestDecodeParams(t *testing.T) {
	var keys struct {
		Layers int       `yaml:"layers"`
		Rates  []float64 `yaml:"rates,omitempty"`
	}
	good := Plug{Name: "net", Params: Params{"layers": 2, "rates": []float64{1, 0.5}}}
	if err := good.Decode(&keys); err != nil || keys.Layers != 2 || keys.Rates[1] != 0.5 {
		t.Errorf("%v: got %+v", err, keys)
	}
	bad := []struct {
		params Params
		want   string
	}{
		{nil, "runfile: Params: workload.problem.layers is missing: want a whole number"},
		{Params{"layers": 2.5}, "runfile: Params: workload.problem.layers is 2.5: want a whole number"},
		{Params{"layers": func() {}}, "runfile: workload.problem: Params: layers is a Go func(): want what a run file can say"},
		{Params{"layers": 2, "size": 1}, "runfile: Params: workload.problem.size is unknown: want one of layers, rates"},
	}
	for _, tt := range bad {
		if got := errorText(Plug{Name: "net", Params: tt.params}.Decode(&keys)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// edit replaces in s, each pair of old and new once, and wants to find old.
func edit(t testing.TB, s string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("no %q in\n%s", pairs[i], s)
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

// goldens returns the run files of the simulator's golden timelines.
func goldens(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	files, err := filepath.Glob("../sim/testdata/golden/*.json")
	if err != nil || len(files) != 7 {
		t.Fatalf("%v: found %q", err, files)
	}
	all := make(map[string]json.RawMessage)
	for _, file := range files {
		var g struct {
			Config json.RawMessage `json:"config"`
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &g); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[file] = g.Config
	}
	return all
}
