package runfile_test

import (
	"fmt"

	"github.com/halos-go/sdk/halos/runfile"
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
