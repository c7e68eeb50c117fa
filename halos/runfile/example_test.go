package runfile_test

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/runfile"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// What does not fit is found before anything runs, and named.
func ExampleParse() {
	_, err := runfile.Parse([]byte(`
algorithm: sync_sgd
topology:
  network_bandwidths: [[100, 0.5], [0.5, 100]] # Gbit/s
  worker_speeds:
    - [1.0, 0.8]
    - [0.9, -0.3]
workload:
  problem: {name: quadratic, dim: 24}
  local_step_time_ms: 238.391
  local_batch_size: 64
  global_batch_size: 1024
  total_local_steps: 6000
worker:
  optimizer: {name: sgd}
  lr_schedule: {name: constant, lr: 0.001}
`), ".")
	fmt.Println(err)
	// Output:
	// runfile: line 7: topology.worker_speeds[1][1] is -0.3: want 1e-09 to 1e+09
}

const run = `
algorithm: halos
topology:
  network_bandwidths: [[10, 1], [1, 10]]
  worker_speeds: [[1, 0.5], [0.8]]
workload:
  problem: {name: quadratic, dim: 8}
  local_step_time_ms: 1
  local_batch_size: 4
  global_batch_size: 16
  total_local_steps: 1000
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

// Every host reads the same file and builds its own node. Here all hosts are one
// process.
func ExampleConfig_Plan() {
	cfg, err1 := runfile.Parse([]byte(run), ".")
	problem, err2 := cfg.NewProblem()
	plan, err3 := cfg.Plan(problem)
	if err1 != nil || err2 != nil || err3 != nil {
		fmt.Println(err1, err2, err3)
		return
	}
	var net transport.Mem
	var nodes []halos.Node
	for _, n := range plan.Nodes {
		fmt.Printf("%-6s %-7s under %q in region %d\n", n.Role, n.ID, n.Parent, n.Region)
		node, err := plan.Build(n.ID, runfile.Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		nodes = append(nodes, node)
	}
	err := halos.RunAll(context.Background(), net.Join, nodes...)
	fmt.Println("error", err)
	// Output:
	// gps    gps     under "" in region 0
	// lps    lps0    under "gps" in region 0
	// lps    lps1    under "gps" in region 1
	// worker worker0 under "lps0" in region 0
	// worker worker1 under "lps0" in region 0
	// worker worker2 under "lps1" in region 1
	// error <nil>
}

// A program gives an optimizer of its own a name for run files.
func ExamplePlugs() {
	plugs := runfile.Builtin()
	plugs.Optimizer(runfile.OptimizerRow{
		Name: "mine",
		Keys: []runfile.Key{runfile.Factor("decay"), runfile.Whole("every", 1, 100).Or(10)},
		Build: func(v runfile.Values, _ optim.Layout) optim.Optimizer {
			fmt.Println("decay", v.Float("decay"), "every", v.Int("every"))
			return new(optim.SGD) // an optim.Optimizer with these values
		},
	})
	text := `
algorithm: async_local_sgd
topology:
  network_bandwidths: [[10]]
  worker_speeds: [[1, 1]]
workload:
  problem: {name: quadratic, dim: 8}
  local_step_time_ms: 1
  local_batch_size: 4
  global_batch_size: 16
  total_local_steps: 1000
worker:
  local_steps: 4
  optimizer: {name: sgd}
  lr_schedule: {name: constant, lr: 0.05}
server:
  optimizer: {name: mine, lr: 0.7, decay: 0.9}
`
	cfg, err1 := plugs.Parse([]byte(text), ".")
	problem, err2 := cfg.NewProblem()
	plan, err3 := cfg.Plan(problem)
	if err1 != nil || err2 != nil || err3 != nil {
		fmt.Println(err1, err2, err3)
		return
	}
	server, err := plan.Build("server", runfile.Options{})
	fmt.Println(server.Machine.ID(), err)
	// Output:
	// decay 0.9 every 10
	// server <nil>
}

// The plugs that a run file can name, with their keys.
func ExamplePlugs_String() {
	fmt.Print(runfile.Builtin())
	// Output:
	// optimizer sgd
	// optimizer heavy_ball: momentum at least 0, below 1
	// optimizer nesterov: momentum at least 0, below 1
	// optimizer delayed_nesterov: beta at least 0, below 1; delay 1 to 2^30; c 0 to 1, default 0
	// optimizer adamw: betas a list of 2, each at least 0, below 1; eps 1e-30 to 1; weight_decay 0 to 1e+09
	// schedule constant: lr above 0, up to 1e+09
	// schedule linear: max_lr above 0, up to 1e+09; min_lr 0 to 1e+09, optional; warmup_steps 0 to 2^40, default 0; total_steps 1 to 2^40
	// schedule cosine: max_lr above 0, up to 1e+09; min_lr 0 to 1e+09, optional; warmup_steps 0 to 2^40, default 0; total_steps 1 to 2^40
	// schedule wsd: max_lr above 0, up to 1e+09; min_lr 0 to 1e+09, optional; warmup_steps 0 to 2^40, default 0; total_steps 1 to 2^40; decay_steps 0 to 2^40
	// accumulator every: accumulate 1 to 2^30; carry_in_flight true or false, default false
	// merger mix: merge_weight 0 to 1
	// merger replay
	// problem quadratic: dim 1 to 2^28; noise 0 to 1e+30, default 0
}
