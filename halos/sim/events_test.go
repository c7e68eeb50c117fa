package sim

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// eventful returns oneLPSEach, edited, with events.
func eventful(t *testing.T, events string, pairs ...string) runfile.Config {
	return edited(t, append([]string{"seed: 5", "seed: 5\nevents:\n" + events, "total_local_steps: 3000", "total_local_steps: 6000"}, pairs...)...)
}

// diloco makes oneLPSEach synchronous.
func diloco() []string {
	lps := oneLPSEach[strings.Index(oneLPSEach, "lps:\n  opt"):]
	return []string{"algorithm: halos", "algorithm: diloco", lps, "server:\n  optimizer: {name: nesterov, lr: 0.7, momentum: 0.9}\n"}
}

// traced runs cfg to its end.
func traced(t *testing.T, cfg runfile.Config, opts Options) (*Run, Result, []TraceEvent) {
	t.Helper()
	var out bytes.Buffer
	opts.Trace = &out
	run := start(t, cfg, opts)
	result, err := run.Run(t.Context())
	if err != nil {
		t.Fatalf("%v after %v ms", err, run.sim.now)
	}
	events, err := ReadTrace(&out)
	if err != nil {
		t.Fatal(err)
	}
	if s := run.Stats(); result.Updates < result.Reached || s.Compute < 0 || s.Communicate < 0 || math.Abs(s.Compute+s.Wait+s.Communicate-1) > 1e-9 {
		t.Errorf("%+v, %+v", result, s)
	}
	return run, result, events
}

// times returns when events of a kind happened in that part of the trace.
func times(events []TraceEvent, kind TraceKind, from, to float64, of func(TraceEvent) bool) (ms []float64) {
	for _, e := range events {
		if e.Kind == kind && e.T > from && e.T <= to && of(e) {
			ms = append(ms, e.T)
		}
	}
	return ms
}

// TestWorkerComesAndGoes: a worker has updates while it is there, also at times that it does not
// wait for anybody, and the time in which it is not there is nobody's.
func TestWorkerComesAndGoes(t *testing.T) {
	run, result, events := traced(t, eventful(t, `
  - {at_ms: 30000, quit: 3}
  - {at_ms: 60000, join: 3}
  - {at_ms: 20000, join: 7}
  - {at_ms: 40000, quit: 2}
`), Options{})
	for w, there := range map[int][]float64{2: {0, 40_000}, 3: {0, 30_000, 60_000, result.TimeMS}, 7: {20_000, result.TimeMS}, 0: {0, result.TimeMS}} {
		of := func(e TraceEvent) bool { return e.Worker == w }
		all, present := len(times(events, WorkerUpdate, 0, result.TimeMS, of)), 0
		for i := 0; i < len(there); i += 2 {
			n := len(times(events, WorkerUpdate, there[i], there[i+1], of))
			if present += n; n < int((there[i+1]-there[i])/600) {
				t.Errorf("worker %d: %d updates from %v to %v ms", w, n, there[i], there[i+1])
			}
		}
		if all != present {
			t.Errorf("worker %d: %d of %d updates while it is not there", w, all-present, all)
		}
	}
	if result.TimeMS < 70_000 {
		t.Fatalf("ends at %v ms", result.TimeMS)
	}
	if s := run.Stats(); s.Wait > 1e-9 {
		t.Errorf("stats are %+v", s)
	}
	if got := plannedOf(events); got != "20000 join 7; 30000 quit 3; 40000 quit 2; 60000 join 3" {
		t.Errorf("the trace has %s", got)
	}
}

// plannedOf lists what events of the run file are in a trace.
func plannedOf(events []TraceEvent) string {
	var all []string
	for _, e := range events {
		if e.planned() {
			s := fmt.Sprint(e.T, " ", e.Kind)
			for _, n := range []int{e.Worker, e.LPS} {
				if n != None {
					s += fmt.Sprint(" ", n)
				}
			}
			all = append(all, s)
		}
	}
	return strings.Join(all, "; ")
}

// TestUpdateBeforeQuitCounts: who leaves with an update on the way does not overtake it.
func TestUpdateBeforeQuitCounts(t *testing.T) {
	slow := []string{"[[10, 0.01", "[[0.008, 0.01"} // a model takes a second in region 0
	_, _, plain := traced(t, eventful(t, "  - {at_ms: 500000, quit: 0}", slow...), Options{})
	of := func(e TraceEvent) bool { return e.Worker == 0 }
	due := times(plain, WorkerUpdate, 0, 50_000, of)[3]
	_, _, events := traced(t, eventful(t, fmt.Sprintf("  - {at_ms: %v, quit: 0}", due-500), slow...), Options{})
	if got := times(events, WorkerUpdate, due-500, 1e9, of); len(got) != 1 || got[0] != due {
		t.Errorf("updates of worker 0 after it has left: at %v ms, want one at %v", got, due)
	}
}

// TestRegionCutOff: a region goes on while it is cut off, and is heard of again when the link
// has healed.
func TestRegionCutOff(t *testing.T) {
	_, _, events := traced(t, eventful(t, `
  - {at_ms: 40000, heal: [lps1, gps]}
  - {at_ms: 10000, cut: [gps, lps1]}
  - {at_ms: 50000, cut: [worker0, lps0]}
  - {at_ms: 60000, heal: [worker0, lps0]}
`), Options{})
	of := func(e TraceEvent) bool { return e.LPS == 1 }
	cut := len(times(events, GPSUpdate, 10_000, 40_000, of))
	after := len(times(events, GPSUpdate, 40_000, 60_000, of))
	if local := len(times(events, WorkerUpdate, 10_000, 40_000, of)); cut != 0 || after < 3 || local < 50 {
		t.Errorf("%d deltas arrive while the link is cut, %d after; %d updates in the region meanwhile", cut, after, local)
	}
	if n := len(times(events, WorkerUpdate, 50_000, 60_000, func(e TraceEvent) bool { return e.Worker == 0 })); n != 0 {
		t.Errorf("%d updates of a worker over a link that is cut", n)
	}
	if n := len(times(events, WorkerUpdate, 60_000, 65_000, func(e TraceEvent) bool { return e.Worker == 0 })); n < 8 {
		t.Errorf("%d updates of that worker in five seconds after", n)
	}
	if got := plannedOf(events); got != "10000 cut 1; 40000 heal 1; 50000 cut 0; 60000 heal 0" {
		t.Errorf("the trace has %s", got)
	}
}

// TestWaitingForALink: a worker whose update is lost with its link neither computes nor
// communicates until it has healed, and then repeats the update.
func TestWaitingForALink(t *testing.T) {
	const slow, narrow = "[[10, 0.01", "[[0.008, 0.01" // a model takes a second in region 0
	_, _, plain := traced(t, eventful(t, "  - {at_ms: 500000, quit: 0}", slow, narrow), Options{})
	of := func(e TraceEvent) bool { return e.Worker == 0 }
	due := times(plain, WorkerUpdate, 0, 50_000, of)[3]
	run, result, events := traced(t, eventful(t, fmt.Sprintf(`
  - {at_ms: %v, cut: [worker0, lps0]}
  - {at_ms: %v, heal: [worker0, lps0]}
`, due-500, due+30_000), slow, narrow), Options{})
	if got := times(events, WorkerUpdate, due-500, 1e9, of); !near(got[0], due+31_000, 1e-6) {
		t.Errorf("the update arrives at %v ms, want one second after %v", got[0], due+30_000)
	}
	if got := run.Stats().Wait * 8 * result.TimeMS; !near(got, 30_500, 0.01) {
		t.Errorf("workers wait for %v ms in all, want 30500", got)
	}
}

// TestDeltaOnACutLink: a delta that is on a link when it breaks is lost.
func TestDeltaOnACutLink(t *testing.T) {
	_, _, plain := traced(t, eventful(t, "  - {at_ms: 500000, quit: 0}"), Options{})
	of := func(e TraceEvent) bool { return e.LPS == 1 }
	sent := times(plain, LPSSend, 0, 1e9, of)[2]
	_, _, events := traced(t, eventful(t, fmt.Sprintf("  - {at_ms: %v, cut: [lps1, gps]}\n  - {at_ms: %v, heal: [lps1, gps]}", sent+1, sent+10_000)), Options{})
	after := times(events, GPSUpdate, sent, 1e9, of)
	if want := sent + 10_000 + 30 + 1e6*8/0.015e9*1e3; !near(after[0], want, 1e-6) {
		t.Errorf("the delta sent at %v ms arrives at %v, want %v", sent, after[0], want)
	}
}

// TestRestarts: whoever dies, the run goes on to its end, and the global model's counts go on
// from where they were.
func TestRestarts(t *testing.T) {
	for name, pairs := range map[string][]string{
		"halos": {}, "shared samples": {"workload:", "workload:\n  shared_samples: true"}, "diloco": diloco(),
	} {
		t.Run(name, func(t *testing.T) {
			root, events := "gps", "  - {at_ms: 20000, restart: lps1}\n"
			if name == "diloco" {
				root, events = "server", "  - {at_ms: 20000, quit: 7}\n"
			}
			cfg := eventful(t, events+"  - {at_ms: 30000, restart: "+root+"}\n  - {at_ms: 25000, restart: worker2}\n  - {at_ms: 35000, restart: "+root+"}", pairs...)
			run, result, trace := traced(t, cfg, Options{})
			version, steps := uint64(0), uint64(0)
			for _, e := range trace {
				if !e.global() {
					continue
				}
				if e.Version != version+1 || e.Steps <= steps {
					t.Errorf("version %d with %d steps at %v ms follows %d with %d", e.Version, e.Steps, e.T, version, steps)
				}
				version, steps = e.Version, e.Steps
			}
			if result.Steps < 3000 || result.Steps != steps || result.TimeMS < 40_000 || result.Loss > 1 {
				t.Errorf("%+v", result)
			}
			if len(run.lps) > 0 && !slices.Equal(result.LPSTheta[1], run.sim.nodes[2].machine.(interface{ Params() []float32 }).Params()) {
				t.Error("the result has the model of a former life")
			}
		})
	}
}

// TestRoundOfThoseWhoAreThere: a synchronous round waits for the workers that are there, and its
// ring is as long as they are many.
func TestRoundOfThoseWhoAreThere(t *testing.T) {
	run, _, events := traced(t, eventful(t, `
  - {at_ms: 1, join: 0}
  - {at_ms: 30000, quit: 4}
  - {at_ms: 50000, quit: 0}
  - {at_ms: 80000, join: 4}
`, diloco()...), Options{})
	k := run.net.clock
	for _, tt := range []struct {
		from, to float64
		slowest  int
		workers  int
	}{{10_000, 30_000, 4, 8}, {35_000, 50_000, 7, 7}, {55_000, 80_000, 7, 6}, {85_000, 100_000, 4, 7}} {
		at := times(events, OuterUpdate, tt.from, tt.to, func(TraceEvent) bool { return true })
		if len(at) < 4 {
			t.Fatalf("rounds from %v to %v ms: %v", tt.from, tt.to, at)
		}
		slowest := 0.0
		for w, n := range run.plan.Workers() {
			if !(w == 4 && tt.slowest != 4) && !(w == 0 && tt.workers < 8 && tt.from > 50_000) {
				slowest = max(slowest, k.compute(w, n.Steps))
			}
		}
		if got, want := at[3]-at[2], slowest+k.allReduce(tt.workers); !near(got, want, 1e-6) {
			t.Errorf("from %v to %v ms a round takes %v ms, want %v", tt.from, tt.to, got, want)
		}
	}
	s := run.Stats()
	if s.Updates[0] >= 5*s.Updates[1] || s.Updates[2] != 2*s.Updates[1] {
		t.Errorf("updates by region: %v", s.Updates)
	}
}

// TestEventsRepeat: the same file, the same run, on any number of goroutines.
func TestEventsRepeat(t *testing.T) {
	const events = `
  - {at_ms: 5000, restart: worker1}
  - {at_ms: 5000, quit: 3}
  - {at_ms: 5000, join: 3}
  - {at_ms: 7000, cut: [lps0, gps]}
  - {at_ms: 9000, restart: lps0}
  - {at_ms: 9500, cut: [lps0, worker0]}
  - {at_ms: 12000, restart: worker0}
  - {at_ms: 15000, heal: [gps, lps0]}
  - {at_ms: 15000, restart: gps}
  - {at_ms: 17000, heal: [worker0, lps0]}
`
	for _, gather := range []uint64{0, 7} {
		run := func(workers int) string {
			var out bytes.Buffer
			pairs := []string{"[[1, 0.5, 0.8, 0.9, 0.3], [0.7], [0.6, 0.4]]", "[[1, 1, 1, 1, 1], [1], [1, 1]]"}
			result, err := start(t, eventful(t, events, pairs...), Options{Workers: workers, Gather: gather, Trace: &out}).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(result) + out.String()
		}
		if want := run(1); run(2) != want || run(8) != want {
			t.Error("another number of goroutines, another run")
		}
	}
}

// randomEvents returns events that may happen to cfg: every one that is valid after those before.
func randomEvents(cfg runfile.Config, rng *rand.Rand) runfile.Config {
	plan, err := cfg.Plan(idle{})
	if err != nil {
		panic(err)
	}
	at := 0.0
	for range 12 {
		at += float64(rng.IntN(4) * rng.IntN(2000))
		child := plan.Nodes[1+rng.IntN(len(plan.Nodes)-1)]
		w := rng.IntN(cfg.Topology.Workers())
		next := []runfile.Event{{Quit: &w}, {Join: &w}, {Cut: []string{child.ID, child.Parent}}, {Heal: []string{child.Parent, child.ID}},
			{Restart: plan.Nodes[rng.IntN(len(plan.Nodes))].ID}}[rng.IntN(5)]
		next.AtMS = at
		with := cfg
		with.Events = append(slices.Clone(cfg.Events), next)
		if with.Validate() == nil {
			cfg = with
		}
	}
	mixed := cfg // of the same time, the first in the list is first: not every order is valid
	mixed.Events = slices.Clone(cfg.Events)
	rng.Shuffle(len(mixed.Events), func(i, j int) { mixed.Events[i], mixed.Events[j] = mixed.Events[j], mixed.Events[i] })
	if mixed.Validate() == nil {
		return mixed
	}
	return cfg
}

// TestAnyEvents: whatever happens, in whatever method, a run comes to its end, or stands still
// because of a link that is cut, and is the same on any number of goroutines.
func TestAnyEvents(t *testing.T) {
	seeds, ended := 120, 0
	if testing.Short() {
		seeds = 40
	}
	for seed := range uint64(seeds) {
		rng := rand.New(rand.NewPCG(seed, 5))
		cfg := [][]string{{}, {"workload:", twoLPSs}, {"workload:", twoLPSs}, diloco()}[rng.IntN(4)]
		with := randomEvents(edited(t, append(cfg, "total_local_steps: 3000", "total_local_steps: 1500", "[[10, 0.01", "[[0.1, 0.01")...), rng)
		if rng.IntN(2) == 0 {
			with = shared(with)
		}
		run := func(workers int) string {
			var out bytes.Buffer
			run := start(t, with, Options{Workers: workers, Trace: &out})
			result, err := run.Run(t.Context())
			if err == nil {
				ended++
			} else if !strings.Contains(err.Error(), "nothing happens any more") && !strings.Contains(err.Error(), "no worker has a way to") {
				t.Errorf("seed %d: %v", seed, err)
			}
			s := run.Stats()
			if sum := s.Compute + s.Wait + s.Communicate; s.TimeMS > 0 && (math.Abs(sum-1) > 1e-9 || s.Compute < 0 || s.Communicate < 0) {
				t.Errorf("seed %d: %+v", seed, s)
			}
			return fmt.Sprint(result, s, err) + out.String()
		}
		if one := run(1); run(4) != one {
			t.Errorf("seed %d: another number of goroutines, another run", seed)
		}
	}
	if ended < seeds {
		t.Errorf("%d of %d runs have come to their end", ended, 2*seeds)
	}
}

// TestCutOffForGood: a run whose regions are cut off and stay so ends with an error, and not never.
func TestCutOffForGood(t *testing.T) {
	cfg := eventful(t, `
  - {at_ms: 5000, quit: 0}
  - {at_ms: 5000, quit: 1}
  - {at_ms: 5000, quit: 2}
  - {at_ms: 5000, quit: 3}
  - {at_ms: 5000, quit: 4}
  - {at_ms: 9000, cut: [lps1, gps]}
  - {at_ms: 8000, cut: [lps2, gps]}
`)
	_, err := start(t, cfg, Options{Workers: 1}).Run(t.Context())
	if want := "sim: after events[5] no worker has a way to gps, and the run is not over: want a link that heals or a worker that joins"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestSyncGoesOnWithoutThem: a synchronous round does not wait for a worker that leaves, whatever has
// happened to its link and to the server before.
func TestSyncGoesOnWithoutThem(t *testing.T) {
	for _, events := range []string{
		"  - {at_ms: 20000, restart: server}\n  - {at_ms: 20000, quit: 0}\n",
		"  - {at_ms: 20000, restart: server}\n  - {at_ms: 20001, quit: 0}\n",
		"  - {at_ms: 20000, restart: server}\n  - {at_ms: 20500, quit: 0}\n  - {at_ms: 20600, quit: 1}\n",
		"  - {at_ms: 20000, cut: [worker0, server]}\n  - {at_ms: 20100, quit: 0}\n  - {at_ms: 20200, heal: [worker0, server]}\n",
		"  - {at_ms: 20000, quit: 0}\n  - {at_ms: 20000, cut: [worker0, server]}\n",
	} {
		run := start(t, eventful(t, events, diloco()...), Options{})
		if _, err := run.Run(t.Context()); err != nil {
			t.Errorf("%s%v", events, err)
		}
	}
}

// TestFormerModelDelaysNobody: a model on its way to a worker's former life takes bandwidth, and is no part of
// the round of the next life. Two workers of a region share its link: a model takes 1 s alone.
func TestFormerModelDelaysNobody(t *testing.T) {
	cfg, err := runfile.Parse([]byte(`algorithm: async_local_sgd
topology: {network_bandwidths: [[1]], contention: shared, worker_speeds: [[1, 1]]}
workload:
  problem: {name: quadratic, dim: 4, noise: 1}
  model_bytes: 125000000
  local_step_time_ms: 1000
  local_batch_size: 1
  global_batch_size: 4
  total_local_steps: 6
worker: {local_steps: 1, optimizer: {name: sgd}, lr_schedule: {name: constant, lr: 0.02}}
server: {optimizer: {name: sgd, lr: 0.5}}
events: [{at_ms: 500, restart: worker0}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	_, _, events := traced(t, cfg, Options{})
	at := times(events, WorkerUpdate, 0, 1e6, func(e TraceEvent) bool { return e.Worker == 0 })
	if len(at) == 0 || !near(at[0], 6000, 1e-6) {
		t.Errorf("updates of the worker that begins anew at %v: want the first at 6000 ms", at)
	}
}
