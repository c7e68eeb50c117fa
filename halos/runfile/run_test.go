package runfile_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/transport"
)

// small is a run of a second or less, for real nodes in one process too.
const small = `
algorithm: halos
topology:
  network_bandwidths: [[10, 1], [1, 10]]
  worker_speeds: [[1, 0.5], [0.8, 0.6]]
workload:
  problem: {name: quadratic, dim: 8}
  local_step_time_ms: 1
  local_batch_size: 4
  global_batch_size: 16
  total_local_steps: 4000
worker:
  local_steps: 4
  dynamic_local_updates: true
  optimizer: {name: sgd}
  lr_schedule: {name: constant, lr: 0.05}
lps:
  optimizer: {name: nesterov, lr: 0.5, momentum: 0.5}
  accumulate: 4
  merge_weight: 0.25
gps:
  optimizer: {name: sgd, lr: 0.7}
`

// A timed Trainer takes as long as the run file says.
type timed struct {
	halos.Trainer
	speeds []float64
	worker int
}

func (w timed) Train(ctx context.Context, params []float32, task halos.Task) error {
	time.Sleep(time.Duration(float64(task.Steps) / w.speeds[w.worker] * 1e6))
	return w.Trainer.Train(ctx, params, task)
}

// together builds all nodes of a plan, runs them for real and returns the first.
func together(ctx context.Context, plan *runfile.Plan, speeds []float64) (halos.Machine, error) {
	var net transport.Mem
	var nodes []halos.Node
	for _, n := range plan.Nodes {
		node, err := plan.Build(n.ID, runfile.Options{})
		if err != nil {
			return nil, err
		}
		if n.Role == runfile.RoleWorker {
			node.Trainer = timed{node.Trainer, speeds, n.Worker}
		}
		nodes = append(nodes, node)
	}
	return nodes[0].Machine, halos.RunAll(ctx, net.Join, nodes...)
}

// TestRealAndSimulated runs the same file on real nodes and in the simulator. Times
// differ a little, and with them the order of arrivals. Both come to the same model.
func TestRealAndSimulated(t *testing.T) {
	for name, levels := range map[string]string{"two levels": "", "three levels": "  levels: [[[0, 1]]]\nworkload:"} {
		t.Run(name, func(t *testing.T) {
			text := small
			if levels != "" {
				text = replace(t, small, "workload:", levels)
			}
			synctest.Test(t, func(t *testing.T) { realAndSimulated(t, text) })
		})
	}
}

func realAndSimulated(t *testing.T, text string) {
	cfg, err := runfile.Parse([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	problem := problemOf(t, cfg)
	plan, err := cfg.Plan(problem)
	if err != nil {
		t.Fatal(err)
	}
	root, err := together(t.Context(), plan, cfg.Topology.RelativeSpeeds())
	if err != nil {
		t.Fatal(err)
	}
	gps := root.(*halos.GPS)
	run, err := sim.New(cfg, problem, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for j, x := range gps.Params() {
		if math.Abs(float64(x-result.Theta[j])) > 0.01 {
			t.Errorf("element %d is %v on real nodes, %v in the simulator", j, x, result.Theta[j])
		}
	}
	if gps.Steps() < 4000 || result.Steps < 4000 || result.Loss > 0.001 {
		t.Errorf("%d steps on real nodes; %d in the simulator, loss %v", gps.Steps(), result.Steps, result.Loss)
	}
}

func problemOf(t testing.TB, cfg runfile.Config) runfile.Problem {
	t.Helper()
	q, err := cfg.NewProblem()
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// replace replaces what is once in s.
func replace(t testing.TB, s, old, text string) string {
	t.Helper()
	if strings.Count(s, old) != 1 {
		t.Fatalf("%q is not once in\n%s", old, s)
	}
	return strings.Replace(s, old, text, 1)
}
