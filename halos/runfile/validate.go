package runfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	maxCount = 1 << 40 // for every count that stays a uint64
	maxBytes = 1 << 50
	maxClaim = 1 << 40 // samples of one round, or of one lease
)

// Validate reports the first thing wrong with c, in one line that names the key
// path, the value and what would be right:
//
//	runfile: topology.worker_speeds[1][2] is -0.3: want 1e-09 to 1e+09
func (c Config) Validate() error {
	plugs := c.known()
	if plugs.err != nil {
		return plugs.err
	}
	var v validator
	v.oneOf("algorithm", c.Algorithm, HALoS, AsyncLocalSGD, DiLoCo, SyncSGD)
	c.Topology.validate(&v)
	c.Workload.validate(&v)
	c.Worker.validate(&v, c.Algorithm == SyncSGD)
	c.validateServers(&v)
	for _, s := range c.sections() {
		s.validate(&v, plugs)
	}
	c.validateSamples(&v)
	c.validateBudget(&v, plugs)
	c.validateEvents(&v)
	if v.err != nil {
		return v.err
	}
	return nil
}

// validateServers checks that the sections of the algorithm are there, and no other.
func (c Config) validateServers(v *validator) {
	v.section("lps", c.LPS != nil, c.Algorithm == HALoS, c.Algorithm)
	v.section("gps", c.GPS != nil, c.Algorithm == HALoS, c.Algorithm)
	v.section("server", c.Server != nil, c.Algorithm == AsyncLocalSGD || c.Algorithm == DiLoCo, c.Algorithm)
}

// validateSamples checks that the cursor over the samples cannot overflow.
func (c Config) validateSamples(v *validator) {
	w, total := c.Workload, float64(c.Workload.TotalLocalSteps)
	round := float64(max(c.Worker.LocalSteps, 1))
	ahead := float64(c.Topology.Workers()) * round
	if (total+ahead)*float64(w.LocalBatchSize) > 1<<60 {
		v.fail("workload.total_local_steps", whole(w.TotalLocalSteps), "fewer: with this local_batch_size they need more than 2^60 samples")
	}
	if round*float64(w.LocalBatchSize) > maxClaim {
		v.fail("worker.local_steps", whole(c.Worker.LocalSteps), "fewer: with this workload.local_batch_size a round uses more than 2^40 samples")
	}
}

func (t Topology) validate(v *validator) {
	if t.Env != "" {
		v.fail("topology.env", strconv.Quote(t.Env), "none in a Config made in Go: Read and Parse read it")
	}
	regions := len(t.Bandwidths)
	v.matrix("topology.network_bandwidths", t.Bandwidths, regions, 1e-9)
	if t.Latency.Matrix != nil {
		v.matrix("topology.latency_ms", t.Latency.Matrix, regions, 0)
	}
	v.within("topology.latency_ms", t.Latency.Between, 0, 1e9)
	if t.Latency.Matrix != nil && t.Latency.Between != 0 {
		v.fail("topology.latency_ms", "both a number and a matrix", "one of them")
	}
	if t.Contention != "" {
		v.oneOf("topology.contention", t.Contention, Unshared, Shared)
	}
	const speeds = "topology.worker_speeds"
	v.rows(speeds, len(t.Speeds), regions)
	for r, row := range t.Speeds {
		if len(row) == 0 {
			v.fail(index(speeds, r), "empty", "the speed of each worker of region "+strconv.Itoa(r))
		}
		for i, s := range row {
			v.elem(speeds, r, i, s, 1e-9)
		}
	}
	if t.GPSRegion < 0 || t.GPSRegion >= regions {
		v.fail("topology.gps_region", strconv.Itoa(t.GPSRegion), "a region, 0 to "+strconv.Itoa(regions-1))
	}
	if t.LPS != nil && v.err == nil {
		t.validateLPS(v)
	}
	if v.err == nil {
		t.validateLevels(v)
	}
}

// validateLPS checks that every worker has one LPS, in its own region.
func (t Topology) validateLPS(v *validator) {
	const path = "topology.lps"
	region := t.Regions()
	v.partition(path, t.LPS, len(region), "worker", "LPS")
	if v.err != nil {
		return
	}
	for g, group := range t.LPS {
		for i, id := range group {
			if region[id] != region[group[0]] {
				v.fail(index(index(path, g), i), strconv.Itoa(id), fmt.Sprintf("workers of one region in an LPS: this one is in region %d, worker %d in region %d",
					region[id], group[0], region[group[0]]))
			}
		}
	}
}

// validateLevels checks that every server below another one has one parent.
func (t Topology) validateLevels(v *validator) {
	below := len(t.Groups())
	for l, level := range t.Levels {
		v.partition(index("topology.levels", l), level, below, "LPS", "server of this level")
		below = len(level)
	}
}

func (w Workload) validate(v *validator) {
	if w.ModelBytes > maxBytes {
		v.fail("workload.model_bytes", whole(w.ModelBytes), "at most 2^50")
	}
	v.within("workload.local_step_time_ms", w.LocalStepTime, 1e-9, 1e12)
	v.count("workload.local_batch_size", w.LocalBatchSize)
	v.count("workload.global_batch_size", w.GlobalBatchSize)
	v.count("workload.total_local_steps", w.TotalLocalSteps)
	v.atMost("workload.eval_every", w.EvalEvery)
}

func (w Worker) validate(v *validator, sync bool) {
	switch {
	case !sync:
		v.count("worker.local_steps", w.LocalSteps)
	case w.LocalSteps > 1:
		v.fail("worker.local_steps", whole(w.LocalSteps), "1 or none: sync_sgd has no local steps")
	case w.DynamicLocalUpdates:
		v.fail("worker.dynamic_local_updates", "true", "false: sync_sgd has no local steps")
	}
	v.within("worker.clip_norm", w.ClipNorm, 0, 1e30)
}

// A validator keeps the first error.
type validator struct{ err *fieldError }

func (v *validator) fail(path, value, want string) {
	if v.err == nil {
		v.err = &fieldError{path: path, value: value, want: want}
	}
}

func (v *validator) within(path string, x, lo, hi float64) {
	if !(x >= lo && x <= hi) { // so that NaN fails
		v.fail(path, num(x), num(lo)+" to "+num(hi))
	}
}

func (v *validator) count(path string, x uint64) {
	if x < 1 || x > maxCount {
		v.fail(path, whole(x), "1 to 2^40")
	}
}

func (v *validator) atMost(path string, x uint64) {
	if x > maxCount {
		v.fail(path, whole(x), "0 to 2^40")
	}
}

func (v *validator) oneOf(path, x string, names ...string) {
	if !slices.Contains(names, x) {
		v.fail(path, strconv.Quote(x), "one of "+strings.Join(names, ", "))
	}
}

func (v *validator) section(path string, there, needed bool, algorithm string) {
	switch {
	case needed && !there:
		v.fail(path, "missing", "this section: "+algorithm+" needs it")
	case there && !needed:
		v.fail(path, "here", "it left out: "+algorithm+" has no use for it")
	}
}

// matrix wants regions x regions numbers from lo to 1e9.
func (v *validator) matrix(path string, m [][]float64, regions int, lo float64) {
	v.rows(path, len(m), regions)
	for i, row := range m {
		if len(row) != regions {
			v.fail(index(path, i), list(len(row)), list(regions)+", one for each region")
		}
		for j, x := range row {
			v.elem(path, i, j, x, lo)
		}
	}
}

// partition wants each of n members, numbered from 0, in one group, and no empty group.
func (v *validator) partition(path string, groups [][]int, n int, member, group string) {
	owner := make(map[int]int)
	for g, members := range groups {
		if len(members) == 0 {
			v.fail(index(path, g), "empty", "the numbers of its "+member+"s")
		}
		for i, id := range members {
			at := index(index(path, g), i)
			switch other, taken := owner[id]; {
			case id < 0 || id >= n:
				v.fail(at, strconv.Itoa(id), fmt.Sprintf("one of the %ss, 0 to %d", member, n-1))
			case taken:
				v.fail(at, strconv.Itoa(id), fmt.Sprintf("each %s in one %s: it is in %s too", member, group, index(path, other)))
			}
			owner[id] = g
		}
	}
	for id := range n {
		if _, ok := owner[id]; !ok {
			v.fail(path, fmt.Sprintf("without %s %d", member, id), fmt.Sprintf("every %s in one %s", member, group))
			return
		}
	}
}

func (v *validator) rows(path string, n, regions int) {
	switch {
	case n == 0:
		v.fail(path, "empty", "a list for each region")
	case n != regions:
		v.fail(path, list(n), list(regions)+", one for each region of network_bandwidths")
	}
}

func (v *validator) elem(path string, i, j int, x, lo float64) {
	if !(x >= lo && x <= 1e9) {
		v.fail(index(index(path, i), j), num(x), num(lo)+" to 1e+09")
	}
}

func num(x float64) string            { return strconv.FormatFloat(x, 'g', -1, 64) }
func whole(x uint64) string           { return strconv.FormatUint(x, 10) }
func list(n int) string               { return "a list of " + strconv.Itoa(n) }
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
