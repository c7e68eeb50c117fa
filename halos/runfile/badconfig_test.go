package runfile

import (
	"math"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// badRuns are edits of goodRun, and what is said about each.
var badRuns = []struct{ old, new, want string }{
	// the text as a whole
	{goodRun, "", "there is nothing in it: want the keys algorithm, seed, topology, workload, worker, lps, gps, server, events"},
	{goodRun, "# nothing\n", "there is nothing in it: want the keys algorithm, seed, topology, workload, worker, lps, gps, server, events"},
	{goodRun, "[1, 2]", "it is a list: want the keys algorithm, seed, topology, workload, worker, lps, gps, server, events"},
	{goodRun, "halos", `it is "halos": want the keys algorithm, seed, topology, workload, worker, lps, gps, server, events`},
	{goodRun, "a: 1\n---\nb: 1\n", "there is more than one document in it: want one"},
	{goodRun, "{", "yaml: line 1: did not find expected node content"},
	{goodRun, "a: &x [1]\nb: *x\n", "line 2: alias *x: want the value itself"},
	// keys
	{"seed: 11", "sed: 11", "line 2: sed is unknown: want one of algorithm, seed, topology, workload, worker, lps, gps, server, events"},
	{"seed: 11", "seed: 11\nseed: 12", "line 3: seed is here again: want it once: it is on line 2 already"},
	{"worker_speeds", "worker_speed", "line 6: topology.worker_speed is unknown: want one of network_bandwidths, latency_ms, contention, worker_speeds, lps, levels, gps_region, env"},
	{"seed: 11", "\"se\\ned\": 11", `line 2: "se\ned" is unknown: want one of algorithm, seed, topology, workload, worker, lps, gps, server, events`},
	{"seed: 11", "? [a]\n: 11", `line 2: "" is unknown: want one of algorithm, seed, topology, workload, worker, lps, gps, server, events`},
	{"algorithm: halos\n", "", "line 1: algorithm is missing: want one of halos, async_local_sgd, diloco, sync_sgd"},
	{"algorithm: halos", "algorithm: fedavg", `line 1: algorithm is "fedavg": want one of halos, async_local_sgd, diloco, sync_sgd`},
	{"algorithm: halos", "algorithm: [halos]", "line 1: algorithm is a list: want a word"},
	{"algorithm: halos", "algorithm:", "line 1: algorithm is empty: want a word"},
	// seed
	{"seed: 11", "seed: -1", "line 2: seed is -1: want a whole number from 0 to 2^64-1"},
	{"seed: 11", "seed: 18446744073709551616", "line 2: seed is 18446744073709551616: want a whole number from 0 to 2^64-1"},
	{"seed: 11", "seed: 1.5", "line 2: seed is 1.5: want a whole number from 0 to 2^64-1"},
	{"seed: 11", "seed: '11'", `line 2: seed is "11": want a whole number from 0 to 2^64-1`},
	// topology
	{"[[100.0, 0.537], [0.537, 100.0]]", "[[100.0, 0.537], [0.537]]", "line 4: topology.network_bandwidths[1] is a list of 1: want a list of 2, one for each region"},
	{"[[100.0, 0.537], [0.537, 100.0]]", "[[100.0, 0], [0.537, 100.0]]", "line 4: topology.network_bandwidths[0][1] is 0: want 1e-09 to 1e+09"},
	{"[[100.0, 0.537], [0.537, 100.0]]", "[[100.0, .inf], [0.537, 100.0]]", "line 4: topology.network_bandwidths[0][1] is .inf: want a finite number"},
	{"[[100.0, 0.537], [0.537, 100.0]]", "[100.0, 0.537]", "line 4: topology.network_bandwidths[0] is 100.0: want a list, each element a finite number"},
	{"[[100.0, 0.537], [0.537, 100.0]]", "100", "line 4: topology.network_bandwidths is 100: want a list, each element a list, each element a finite number"},
	{"[[100.0, 0.537], [0.537, 100.0]]", "[]", "line 4: topology.network_bandwidths is empty: want a list for each region"},
	{"  network_bandwidths: [[100.0, 0.537], [0.537, 100.0]]\n", "", "line 3: topology.network_bandwidths is missing: want a list for each region"},
	{"[[0.232, 0.907], [0.574, 0.531]]", "[[0.232, 0.907], [-0.3, 0.531]]", "line 6: topology.worker_speeds[1][0] is -0.3: want 1e-09 to 1e+09"},
	{"[[0.232, 0.907], [0.574, 0.531]]", "\n    - [0.232, 0.907]\n    - [0.574, 0]", "line 8: topology.worker_speeds[1][1] is 0: want 1e-09 to 1e+09"},
	{"[[0.232, 0.907], [0.574, 0.531]]", "[[0.232, .nan], [0.574, 0.531]]", "line 6: topology.worker_speeds[0][1] is .nan: want a finite number"},
	{"[[0.232, 0.907], [0.574, 0.531]]", "[[0.232, 0.907, 0.574, 0.531]]", "line 6: topology.worker_speeds is a list of 1: want a list of 2, one for each region of network_bandwidths"},
	{"[[0.232, 0.907], [0.574, 0.531]]", "[[0.232, 0.907], []]", "line 6: topology.worker_speeds[1] is empty: want the speed of each worker of region 1"},
	{"[[0.232, 0.907], [0.574, 0.531]]", "[[0.232, fast], [0.574, 0.531]]", `line 6: topology.worker_speeds[0][1] is "fast": want a finite number`},
	{"latency_ms: 0", "latency_ms: -1", "line 5: topology.latency_ms is -1: want 0 to 1e+09"},
	{"latency_ms: 0", "latency_ms: [[0, 1], [2]]", "line 5: topology.latency_ms[1] is a list of 1: want a list of 2, one for each region"},
	{"latency_ms: 0", "latency_ms: [[0, -1], [2, 0]]", "line 5: topology.latency_ms[0][1] is -1: want 0 to 1e+09"},
	{"latency_ms: 0", "latency_ms: {a: 1}", "line 5: topology.latency_ms is a mapping: want a number, or a row of numbers for each region"},
	{"latency_ms: 0", "latency_ms: 5ms", `line 5: topology.latency_ms is "5ms": want a finite number`},
	{"latency_ms: 0", "contention: fair", `line 5: topology.contention is "fair": want one of none, shared`},
	{"latency_ms: 0", "contention: true", "line 5: topology.contention is true: want a word"},
	{"[[0, 1], [2, 3]]", "[[0, 2], [1, 3]]", "line 7: topology.lps[0][1] is 2: want workers of one region in an LPS: this one is in region 1, worker 0 in region 0"},
	{"[[0, 1], [2, 3]]", "[[0, 1], [2, 3, 2]]", "line 7: topology.lps[1][2] is 2: want each worker in one LPS: it is in topology.lps[1] too"},
	{"[[0, 1], [2, 3]]", "[[0, 1], [2]]", "line 7: topology.lps is without worker 3: want every worker in one LPS"},
	{"[[0, 1], [2, 3]]", "[[0, 1], [2, 4]]", "line 7: topology.lps[1][1] is 4: want one of the workers, 0 to 3"},
	{"[[0, 1], [2, 3]]", "[[-1, 1], [2, 3]]", "line 7: topology.lps[0][0] is -1: want one of the workers, 0 to 3"},
	{"[[0, 1], [2, 3]]", "[[0, 1], [], [2, 3]]", "line 7: topology.lps[1] is empty: want the numbers of its workers"},
	{"[[0, 1], [2, 3]]", "[]", "line 7: topology.lps is without worker 0: want every worker in one LPS"},
	{"gps_region: 0", "gps_region: 2", "line 8: topology.gps_region is 2: want a region, 0 to 1"},
	{"gps_region: 0", "gps_region: -1", "line 8: topology.gps_region is -1: want a region, 0 to 1"},
	{"gps_region: 0", "levels: [[[0, 2]]]", "line 8: topology.levels[0][0][1] is 2: want one of the LPSs, 0 to 1"},
	{"gps_region: 0", "levels: [[[0, 1]], [[1]]]", "line 8: topology.levels[1][0][0] is 1: want one of the LPSs, 0 to 0"},
	{"gps_region: 0", "levels: [[[0], [1, 0]]]", "line 8: topology.levels[0][1][1] is 0: want each LPS in one server of this level: it is in topology.levels[0][0] too"},
	{"gps_region: 0", "levels: [[[0], []]]", "line 8: topology.levels[0][1] is empty: want the numbers of its LPSs"},
	{"gps_region: 0", "levels: [[[0]]]", "line 8: topology.levels[0] is without LPS 1: want every LPS in one server of this level"},
	{"gps_region: 0", "levels: [[0, 1]]", "line 8: topology.levels[0][0] is 0: want a list, each element a whole number"},
	// workload
	{"name: quadratic, dim: 24, noise: 0.3", "dim: 24", "line 10: workload.problem.name is missing: want one of quadratic"},
	{"{name: quadratic, dim: 24, noise: 0.3}", "quadratic", `line 10: workload.problem is "quadratic": want the key name and those of what it names`},
	{"dim: 24", "dim: 0", "line 10: workload.problem.dim is 0: want 1 to 2^28"},
	{"dim: 24", "dim: 99999999999", "line 10: workload.problem.dim is 99999999999: want 1 to 2^28"},
	{"dim: 24, ", "", "line 10: workload.problem.dim is missing: want 1 to 2^28"},
	{"noise: 0.3", "noise: -0.3", "line 10: workload.problem.noise is -0.3: want 0 to 1e+30"},
	{"noise: 0.3", "nose: 0.3", "line 10: workload.problem.nose is no key of quadratic: want one of name, dim, noise"},
	{"dim: 24", "dim: 24, dim: 25", "line 10: workload.problem.dim is here again: want it once: it is on line 10 already"},
	{"model_bytes: 281706496", "model_bytes: 0", "line 11: workload.model_bytes is 0: want at least 1, or no such key for 4 bytes a parameter"},
	{"model_bytes: 281706496", "model_bytes: 1125899906842625", "line 11: workload.model_bytes is 1125899906842625: want at most 2^50"},
	{"local_step_time_ms: 238.391", "local_step_time_ms: 0", "line 12: workload.local_step_time_ms is 0: want 1e-09 to 1e+12"},
	{"  local_step_time_ms: 238.391\n", "", "line 9: workload.local_step_time_ms is missing: want 1e-09 to 1e+12"},
	{"local_batch_size: 64", "local_batch_size: 0", "line 13: workload.local_batch_size is 0: want 1 to 2^40"},
	{"total_local_steps: 6000", "total_local_steps: 1099511627777", "line 15: workload.total_local_steps is 1099511627777: want 1 to 2^40"},
	{"local_batch_size: 64\n  global_batch_size: 1024\n  total_local_steps: 6000", "local_batch_size: 1099511627776\n  global_batch_size: 1\n  total_local_steps: 10000000",
		"line 15: workload.total_local_steps is 10000000: want fewer: with this local_batch_size they need more than 2^60 samples"},
	{"local_batch_size: 64", "local_batch_size: 1099511627776", "line 17: worker.local_steps is 8: want fewer: with this workload.local_batch_size a round uses more than 2^40 samples"},
	// worker
	{"  local_steps: 8\n", "", "line 16: worker.local_steps is missing: want 1 to 2^40"},
	{"dynamic_local_updates: true", "dynamic_local_updates: yes", `line 18: worker.dynamic_local_updates is "yes": want true or false`},
	{"name: adamw", "name: adam", `line 19: worker.optimizer.name is "adam": want one of sgd, heavy_ball, nesterov, delayed_nesterov, adamw`},
	{"name: adamw", "name: sgd", "line 19: worker.optimizer.betas is no key of sgd: want no key but name"},
	{"name: adamw", "name: adamw, lr: 1", "line 19: worker.optimizer.lr is 1: want none: the rate comes from worker.lr_schedule"},
	{"name: adamw", "name: adamw, lr: 0", "line 19: worker.optimizer.lr is 0: want none: the rate comes from worker.lr_schedule"},
	{"[0.9, 0.95]", "[0.9, 1]", "line 19: worker.optimizer.betas[1] is 1: want at least 0, below 1"},
	{"[0.9, 0.95]", "[0.9]", "line 19: worker.optimizer.betas is a list of 1: want a list of 2, each at least 0, below 1"},
	{"eps: 1.0e-8", "eps: 0", "line 19: worker.optimizer.eps is 0: want 1e-30 to 1"},
	{", weight_decay: 0.1", "", "line 19: worker.optimizer.weight_decay is missing: want 0 to 1e+09"},
	{"name: cosine", "name: cos", `line 20: worker.lr_schedule.name is "cos": want one of constant, linear, cosine, wsd`},
	{"name: cosine", "name: constant", "line 20: worker.lr_schedule.max_lr is no key of constant: want one of name, lr"},
	{"max_lr: 0.001", "max_lr: 0", "line 20: worker.lr_schedule.max_lr is 0: want above 0, up to 1e+09"},
	{"max_lr: 0.001", "max_lr: 0.001, min_lr: 0.002", "line 20: worker.lr_schedule.min_lr is 0.002: want 0 to 0.001"},
	{"total_steps: 400", "total_steps: 29", "line 20: worker.lr_schedule.total_steps is 29: want at least the 30 of its parts"},
	{", total_steps: 400", "", "line 20: worker.lr_schedule.total_steps is missing: want 1 to 2^40"},
	{"clip_norm: 1.0", "clip_norm: -1", "line 21: worker.clip_norm is -1: want 0 to 1e+30"},
	{"worker:\n", "workers:\n", "line 16: workers is unknown: want one of algorithm, seed, topology, workload, worker, lps, gps, server, events"},
	// servers
	{"lr: 3.2, ", "", "line 23: lps.optimizer.lr is missing: want above 0, up to 1e+09, or mass, 1e-09 to 1e+09"},
	{"lr: 3.2", "lr: 3.2, mass: 0.5", "line 23: lps.optimizer.mass is 0.5: want mass or lr, not both: lr is 3.2"},
	{"lr: 3.2", "mass: 0", "line 23: lps.optimizer.mass is 0: want 1e-09 to 1e+09"},
	{"lr: 3.2", "mass: -1", "line 23: lps.optimizer.mass is -1: want 1e-09 to 1e+09"},
	{"lr: 3.2", "mass: one", `line 23: lps.optimizer.mass is "one": want a finite number`},
	{"delayed_nesterov, lr: 3.2, beta: 0.9, delay: 16, c: 0", "adamw, mass: 1, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0",
		"line 23: lps.optimizer.mass is no key of adamw: want one of name, lr, betas, eps, weight_decay"},
	{"delayed_nesterov, lr: 3.2, beta: 0.9, delay: 16, c: 0", "adamw, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: 0",
		"line 23: lps.optimizer.lr is missing: want above 0, up to 1e+09"},
	{"name: adamw", "name: adamw, mass: 1", "line 19: worker.optimizer.mass is 1: want none: the rate comes from worker.lr_schedule"},
	{"lr: 3.2", "lr: -3.2", "line 23: lps.optimizer.lr is -3.2: want above 0, up to 1e+09"},
	{"lr: 3.2", "lr: 1e999", `line 23: lps.optimizer.lr is "1e999": want a finite number`},
	{"lr: 3.2", "lr: !!float inf", "line 23: lps.optimizer.lr is inf: want a finite number"},
	{"lr: 3.2", "lr: !!float nan", "line 23: lps.optimizer.lr is nan: want a finite number"},
	{"beta: 0.9, ", "", "line 23: lps.optimizer.beta is missing: want at least 0, below 1"},
	{"delay: 16", "delay: 0", "line 23: lps.optimizer.delay is 0: want 1 to 2^30"},
	{"c: 0}", "c: 1.5}", "line 23: lps.optimizer.c is 1.5: want 0 to 1"},
	{"beta: 0.9", "beta: 0.9, momentum: 0.9", "line 23: lps.optimizer.momentum is no key of delayed_nesterov: want one of name, lr, mass, beta, delay, c"},
	{"accumulate: 32", "accumulate: 2001", "line 24: lps.accumulate is 2001: want at most 2000: with worker.local_steps 8 more updates are not reached within workload.total_local_steps, 6000"},
	{"accumulate: 32", "accumulate: 1000000000", "line 24: lps.accumulate is 1000000000: want at most 2000: with worker.local_steps 8 more updates are not reached within workload.total_local_steps, 6000"},
	{"local_steps: 8", "local_steps: 30000", "line 17: worker.local_steps is 30000: want fewer: a round has at least 7674, more than workload.total_local_steps, 6000"},
	{"accumulate: 32", "accumulate: 0", "line 24: lps.accumulate is 0: want 1 to 2^30"},
	{"  merge_weight: 0.25\n", "", "line 22: lps.merge_weight is missing: want 0 to 1"},
	{"merge_weight: 0.25", "merge_weight: 1.25", "line 25: lps.merge_weight is 1.25: want 0 to 1"},
	{"accumulate: 32", "accumulate: 32\n  merger: replay", "line 26: lps.merge_weight is no key of accumulator every and merger replay: want one of optimizer, accumulator, merger, accumulate, carry_in_flight"},
	{"accumulate: 32", "accumulate: 32\n  merger: mixed", `line 25: lps.merger is "mixed": want one of mix, replay`},
	{"accumulate: 32", "accumulate: 32\n  accumulator: always", `line 25: lps.accumulator is "always": want one of every`},
	{"  accumulate: 32\n", "", "line 22: lps.accumulate is missing: want 1 to 2^30"},
	{"accumulate: 32", "accumulate: [32]", "line 24: lps.accumulate is a list: want a whole number from 0 to 2^64-1"},
	{"accumulate: 32", "accumulate: 32\n  accumulate: 33", "line 25: lps.accumulate is here again: want it once: it is on line 24 already"},
	{"  optimizer: {name: delayed_nesterov, lr: 3.2, beta: 0.9, delay: 16, c: 0}\n", "", `line 22: lps.optimizer.name is missing: want one of sgd, heavy_ball, nesterov, delayed_nesterov, adamw`},
	{"accumulate: 32", "accumulate: 32\n  merger: ''", `line 25: lps.merger is "": want one of mix, replay`},
	{"gps:\n  optimizer: {name: delayed_nesterov, lr: 0.3, beta: 0.5, delay: 2}\n", "", "line 1: gps is missing: want this section: halos needs it"},
	{"gps:\n  optimizer: {name: delayed_nesterov, lr: 0.3, beta: 0.5, delay: 2}\n", "gps:\n", "line 27: gps is empty: want the keys optimizer"},
	{"gps:\n", "server:\n  optimizer: {name: sgd, lr: 1}\ngps:\n", "line 27: server is here: want it left out: halos has no use for it"},
	{"algorithm: halos", "algorithm: diloco", "line 22: lps is here: want it left out: diloco has no use for it"},
	// events
	{"seed: 11", "events: {}", "line 2: events is a mapping: want a list, each element the keys at_ms, quit, join, cut, heal, restart"},
	{"seed: 11", "events: [{quit: 3}]", "line 2: events[0].at_ms is missing: want a finite number"},
	{"seed: 11", "events:\n  - {at_ms: 5, quit: 3}\n  - {at_ms: -5, join: 3}", "line 4: events[1].at_ms is -5: want 0 to 1e+15"},
	{"seed: 11", "events: [{at_ms: 1e16, quit: 3}]", "line 2: events[0].at_ms is 1e+16: want 0 to 1e+15"},
	{"seed: 11", "events: [{at_ms: soon, quit: 3}]", `line 2: events[0].at_ms is "soon": want a finite number`},
	{"seed: 11", "events: [{at_ms: 5}]", "line 2: events[0] is without what happens: want one of quit, join, cut, heal, restart"},
	{"seed: 11", "events: [{at_ms: 5, quit: 3, cut: [lps0, gps]}]", "line 2: events[0] is both quit and cut: want one of quit, join, cut, heal, restart"},
	{"seed: 11", "events: [{at_ms: 5, leave: 3}]", "line 2: events[0].leave is unknown: want one of at_ms, quit, join, cut, heal, restart"},
	{"seed: 11", "events: [{at_ms: 5, quit: worker3}]", `line 2: events[0].quit is "worker3": want a whole number`},
	{"seed: 11", "events: [{at_ms: 5, quit: 4}]", "line 2: events[0].quit is 4: want one of the workers, 0 to 3"},
	{"seed: 11", "events: [{at_ms: 5, join: -1}]", "line 2: events[0].join is -1: want one of the workers, 0 to 3"},
	{"seed: 11", "events:\n  - {at_ms: 9, quit: 3}\n  - {at_ms: 5, quit: 3}", "line 3: events[0].quit is 3: want a worker that is there: it has left by events[1]"},
	{"seed: 11", "events: [{at_ms: 5, quit: 3}, {at_ms: 6, join: 3}, {at_ms: 7, join: 3}]", "line 2: events[2].join is 3: want a worker that is away: it is there"},
	{"seed: 11", "events: [{at_ms: 0, join: 3}]", "line 2: events[0].join is 3: want a worker that is away: it is there"},
	{"seed: 11", "events: [{at_ms: 5, quit: 3}, {at_ms: 6, restart: worker3}]", `line 2: events[1].restart is "worker3": want a worker that is there: it has left by events[0]`},
	{"seed: 11", "events: [{at_ms: 5, join: 3}, {at_ms: 4, restart: worker3}]", `line 2: events[1].restart is "worker3": want a worker that is there: it has not come yet`},
	{"seed: 11", "events: [{at_ms: 5, restart: lps2}]", `line 2: events[0].restart is "lps2": want the name of a node, one of gps, lps0 to lps1, worker0 to worker3`},
	{"seed: 11", "events: [{at_ms: 5, restart: 3}]", "line 2: events[0].restart is 3: want a word"},
	{"seed: 11", "events: [{at_ms: 5, cut: lps0}]", `line 2: events[0].cut is "lps0": want a list, each element a word`},
	{"seed: 11", "events: [{at_ms: 5, cut: [lps0]}]", "line 2: events[0].cut is a list of 1: want a list of 2, a node and its parent"},
	{"seed: 11", "events: [{at_ms: 5, cut: [gps, lps]}]", `line 2: events[0].cut[1] is "lps": want the name of a node, one of gps, lps0 to lps1, worker0 to worker3`},
	{"seed: 11", "events: [{at_ms: 5, cut: [lps0, lps1]}]", "line 2: events[0].cut is [lps0, lps1]: want a node and its parent: that of lps0 is gps"},
	{"seed: 11", "events: [{at_ms: 5, cut: [gps, worker3]}]", "line 2: events[0].cut is [gps, worker3]: want a node and its parent: that of worker3 is lps1"},
	{"seed: 11", "events: [{at_ms: 5, heal: [gps, gps]}]", "line 2: events[0].heal is [gps, gps]: want a node and its parent"},
	{"seed: 11", "events: [{at_ms: 5, heal: [gps, lps0]}]", "line 2: events[0].heal is [gps, lps0]: want a link that is cut: it is up"},
	{"seed: 11", "events: [{at_ms: 5, cut: [gps, lps0]}, {at_ms: 5, cut: [lps0, gps]}]", "line 2: events[1].cut is [lps0, gps]: want a link that is up: events[0] has cut it"},
	{"algorithm: halos", "algorithm: sync_sgd", "line 17: worker.local_steps is 8: want 1 or none: sync_sgd has no local steps"},
}

func TestBadRunFiles(t *testing.T) {
	for _, tt := range badRuns {
		_, err := Parse([]byte(edit(t, goodRun, tt.old, tt.new)), "")
		if got := errorText(err); got != "runfile: "+tt.want {
			t.Errorf("%q:\ngot  %s\nwant runfile: %s", tt.new, got, tt.want)
		}
	}
}

// TestBadConfigs does in Go what a run file cannot.
func TestBadConfigs(t *testing.T) {
	tests := []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) {}, ""},
		{func(c *Config) { c.Topology.Env = "env.yaml" }, `runfile: topology.env is "env.yaml": want none in a Config made in Go: Read and Parse read it`},
		{func(c *Config) { c.Topology.Latency = Latency{1, [][]float64{{0, 0}, {0, 0}}} }, "runfile: topology.latency_ms is both a number and a matrix: want one of them"},
		{func(c *Config) { c.GPS.Optimizer.Params["momentum"] = 0.5 }, "runfile: gps.optimizer.momentum is no key of delayed_nesterov: want one of name, lr, mass, beta, delay, c"},
		{func(c *Config) { c.Worker.LRSchedule.Params["decay_steps"] = 5 }, "runfile: worker.lr_schedule.decay_steps is no key of cosine: want one of name, max_lr, min_lr, warmup_steps, total_steps"},
		{func(c *Config) { c.LPS.Merger.Name = "replay" }, "runfile: lps.merge_weight is no key of merger replay: want one of optimizer, accumulator, merger"},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = 2 }, ""},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = -2 }, "runfile: gps.optimizer.delay is -2: want 1 to 2^30"},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = 2.5 }, "runfile: gps.optimizer.delay is 2.5: want 1 to 2^30"},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = "two" }, `runfile: gps.optimizer.delay is "two": want 1 to 2^30`},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = nil }, "runfile: gps.optimizer.delay is nil: want 1 to 2^30"},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = []int{2} }, "runfile: gps.optimizer.delay is a list of 1: want 1 to 2^30"},
		{func(c *Config) { c.GPS.Optimizer.Params["delay"] = c }, "runfile: gps.optimizer.delay is a Go *runfile.Config: want 1 to 2^30"},
		{func(c *Config) { c.GPS.Optimizer.Params["lr"] = 1 }, ""},
		{func(c *Config) { c.GPS.Optimizer.Params["lr"] = float32(0.5) }, ""},
		{func(c *Config) { c.GPS.Optimizer.Params["lr"] = math.NaN() }, "runfile: gps.optimizer.lr is NaN: want above 0, up to 1e+09"},
		{func(c *Config) { c.GPS.Optimizer.Params = nil }, "runfile: gps.optimizer.lr is missing: want above 0, up to 1e+09, or mass, 1e-09 to 1e+09"},
		{func(c *Config) { c.Worker.Optimizer.Params["betas"] = []float64{0.5, math.Inf(1)} }, "runfile: worker.optimizer.betas[1] is +Inf: want at least 0, below 1"},
		{func(c *Config) { c.Worker.Optimizer.Params["lr"] = 0.5 }, "runfile: worker.optimizer.lr is 0.5: want none: the rate comes from worker.lr_schedule"},
		{func(c *Config) { c.LPS.Accumulator.Params["carry_in_flight"] = 1 }, "runfile: lps.carry_in_flight is 1: want true or false"},
		{func(c *Config) { c.LPS.Accumulator.Params["merge_weight"] = 1 }, "runfile: lps.merge_weight is no key of accumulator every: want one of optimizer, accumulator, merger, accumulate, carry_in_flight"},
		{func(c *Config) { c.LPS.Accumulator.Name, c.LPS.Merger.Name = "", "" }, ""},
		{func(c *Config) { c.Workload.Problem.Params["dim"] = 0 }, "runfile: workload.problem.dim is 0: want 1 to 2^28"},
		{func(c *Config) { c.Workload.Problem.Name = "" }, `runfile: workload.problem.name is "": want one of quadratic`},
		{func(c *Config) { c.LPS = nil }, "runfile: lps is missing: want this section: halos needs it"},
		{func(c *Config) { c.Workload.Problem = Plug{Name: "idle"} }, ""},
	}
	for i, tt := range tests {
		c := mustParse(t, goodRun)
		tt.change(&c)
		if got := errorText(c.Validate()); got != tt.want {
			t.Errorf("%d:\ngot  %s\nwant %s", i, got, tt.want)
		}
	}
}

// TestFirstUpdateFitsTheBudget takes for each algorithm the shortest budget in
// which its four workers can update the global model once, and one step less.
func TestFirstUpdateFitsTheBudget(t *testing.T) {
	tests := []struct {
		algorithm string
		shortest  uint64
		want      string // key and value of the error for one step less
	}{
		{HALoS, 32 * 8, "lps.accumulate is 32: want at most 31:"},
		{AsyncLocalSGD, 8, "worker.local_steps is 8: want fewer: a round has at least 8,"},
		{DiLoCo, 4 * 8, "worker.local_steps is 8: want fewer: a round of all workers has at least 32,"},
		{SyncSGD, 4, "workload.total_local_steps is 3: want at least 4,"},
	}
	for _, tt := range tests {
		c := mustParse(t, goodRun)
		c.Algorithm, c.Worker.DynamicLocalUpdates = tt.algorithm, false
		if tt.algorithm != HALoS {
			c.LPS, c.GPS = nil, nil
		}
		switch tt.algorithm {
		case AsyncLocalSGD, DiLoCo:
			c.Server = &Server{Plug{Name: "sgd", Params: Params{"lr": 1}}}
		case SyncSGD:
			c.Worker.LocalSteps = 0
		}
		c.Workload.TotalLocalSteps = tt.shortest
		if err := c.Validate(); err != nil {
			t.Errorf("%s with %d steps: %v", tt.algorithm, tt.shortest, err)
		}
		c.Workload.TotalLocalSteps--
		if got := errorText(c.Validate()); !strings.HasPrefix(got, "runfile: "+tt.want) || !strings.Contains(got, "total_local_steps") {
			t.Errorf("%s with a step less: %s, want %s", tt.algorithm, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(goodRun))
	for _, tt := range badRuns {
		f.Add([]byte(strings.Replace(goodRun, tt.old, tt.new, 1)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "env") {
			t.Skip("reads files")
		}
		c, err := Parse(text, "")
		if err != nil {
			if s := err.Error(); strings.Contains(s, "\n") || !strings.HasPrefix(s, "runfile: ") {
				t.Fatalf("error is %q", s)
			}
			return
		}
		once, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		c, err = Parse(once, "")
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if twice, err := yaml.Marshal(c); err != nil || string(once) != string(twice) {
			t.Fatalf("%v: wrote\n%s\nthen\n%s", err, once, twice)
		}
	})
}
