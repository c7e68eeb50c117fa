package sim

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// TestGolden repeats the runs of an independent program in float64. Events and
// their integers must be the same; times to 1e-6 ms, losses to 1e-4 relative,
// models to 1e-5 relative in the L2 norm, for state here is float32.
func TestGolden(t *testing.T) {
	for name, g := range goldens(t) {
		for _, workers := range []int{1, 3} {
			t.Run(name, func(t *testing.T) {
				trace, result := simulate(t, g, workers)
				compareTraces(t, trace, g.Trace)
				if !near(result.TimeMS, g.Result.TimeMS, 1e-6) || result.Steps != g.Result.Steps || !nearLoss(result.Loss, g.Result.Loss) {
					t.Errorf("ends at %v ms, %d steps, loss %v; want %v, %d, %v", result.TimeMS, result.Steps, result.Loss,
						g.Result.TimeMS, g.Result.Steps, g.Result.Loss)
				}
				compareModels(t, "theta", result.Theta, g.Result.Theta)
				if len(result.LPSTheta) != len(g.Result.LPSTheta) {
					t.Fatalf("%d LPSs, want %d", len(result.LPSTheta), len(g.Result.LPSTheta))
				}
				for i, theta := range result.LPSTheta {
					compareModels(t, "lps_theta", theta, g.Result.LPSTheta[i])
				}
			})
		}
	}
}

func simulate(t *testing.T, g golden, workers int) ([]TraceEvent, Result) {
	t.Helper()
	cfg, err := runfile.Parse(g.Config, "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Workload.SharedSamples = true // as in that program
	problem := quadratic(t, cfg)
	var out bytes.Buffer
	run, err := New(cfg, problem, Options{Trace: &out, Workers: workers})
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trace, err := ReadTrace(&out)
	if err != nil {
		t.Fatal(err)
	}
	return trace, result
}

func compareTraces(t *testing.T, got, want []TraceEvent) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if g.Kind != w.Kind || g.LPS != w.LPS || g.Worker != w.Worker || g.Version != w.Version || g.Steps != w.Steps ||
			!near(g.T, w.T, 1e-6) || g.Evaluated != w.Evaluated || !nearLoss(g.Loss, w.Loss) {
			t.Fatalf("event %d is\n%+v, want\n%+v", i, g, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d events, want %d", len(got), len(want))
	}
}

func nearLoss(got, want float64) bool { return near(got, want, 1e-4*math.Abs(want)) }

func compareModels(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d parameters, want %d", name, len(got), len(want))
	}
	diff, norm := 0.0, 0.0
	for j, x := range want {
		diff += (float64(got[j]) - x) * (float64(got[j]) - x)
		norm += x * x
	}
	if e := math.Sqrt(diff / norm); !(e <= 1e-5) {
		t.Errorf("%s is off by %.1e", name, e)
	}
}

// TestQuadraticOfGolden wants the loss that the golden result has for its model.
func TestQuadraticOfGolden(t *testing.T) {
	for name, g := range goldens(t) {
		c, err := runfile.Parse(g.Config, "")
		if err != nil {
			t.Fatal(err)
		}
		q := quadratic(t, c)
		theta := make([]float32, len(g.Result.Theta))
		for j, x := range g.Result.Theta {
			theta[j] = float32(x)
		}
		if got, _ := q.Loss(t.Context(), theta); math.Abs(got/g.Result.Loss-1) > 1e-6 {
			t.Errorf("%s: loss is %v, want %v", name, got, g.Result.Loss)
		}
	}
}

// A golden is a file of testdata/golden: a run of an independent program.
type golden struct {
	Config json.RawMessage `json:"config"`
	Result struct {
		TimeMS   float64     `json:"time_ms"`
		Steps    uint64      `json:"steps"`
		Loss     float64     `json:"loss"`
		Theta    []float64   `json:"theta"`
		LPSTheta [][]float64 `json:"lps_theta"`
	} `json:"result"`
	Trace []TraceEvent `json:"trace"`
}

func goldens(t *testing.T) map[string]golden {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.json")
	if err != nil || len(files) != 7 {
		t.Fatalf("%v: found %q", err, files)
	}
	all := make(map[string]golden)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var g golden
		if err := json.Unmarshal(b, &g); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = g
	}
	return all
}

// quadratic returns the problem of a run file that names it.
func quadratic(t testing.TB, c runfile.Config) runfile.Problem {
	t.Helper()
	q, err := c.NewProblem()
	if err != nil {
		t.Fatal(err)
	}
	return q
}
