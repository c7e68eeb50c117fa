package sim

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// An oracle is the clock of the specification for [runfile.HALoS] and
// [runfile.AsyncLocalSGD], written from its text in the plainest way: a worker's round is
// one event, created when it is dispatched.
type oracle struct {
	cfg    runfile.Config
	speeds []float64
	now    float64
	events []oracleEvent
	seq    int
	trace  []string
}

type oracleEvent struct {
	end float64
	seq int
	do  func()
}

func (o *oracle) add(ms float64, do func()) {
	o.seq++
	o.events = append(o.events, oracleEvent{o.now + ms, o.seq, do})
}

func (o *oracle) transfer(a, b int) float64 {
	bytes := float64(o.cfg.Workload.ModelBytes)
	return o.cfg.Topology.Latency.At(a, b) + float64(bytes*8/float64(o.cfg.Topology.Bandwidths[a][b]*1e9)*1e3)
}

// dispatch begins a round of a worker with the model of a server in a region.
func (o *oracle) dispatch(w, server, region int, end func()) {
	steps := o.steps(w)
	compute := o.cfg.Workload.LocalStepTime * steps / o.speeds[w]
	o.add(2*o.transfer(server, region)+compute+float64(float64(w)*1e-6), end)
}

func (o *oracle) steps(w int) float64 {
	if o.cfg.Worker.DynamicLocalUpdates {
		return max(1, math.Ceil(float64(o.cfg.Worker.LocalSteps)*o.speeds[w]))
	}
	return float64(o.cfg.Worker.LocalSteps)
}

func (o *oracle) note(format string, a ...any) {
	o.trace = append(o.trace, fmt.Sprintf("%v ", o.now)+fmt.Sprintf(format, a...))
}

// run returns the trace up to the end of the run.
func (o *oracle) run() []string {
	o.speeds = o.cfg.Topology.RelativeSpeeds()
	total, counted, version := float64(o.cfg.Workload.TotalLocalSteps), 0.0, 0
	region, gps := o.cfg.Topology.Regions(), o.cfg.Topology.GPSRegion
	if o.cfg.Algorithm == runfile.AsyncLocalSGD {
		for w := range region {
			var end func()
			end = func() {
				version++
				counted += o.steps(w)
				o.note("worker_update lps -1 worker %d version %d", w, version)
				o.dispatch(w, gps, region[w], end)
			}
			o.dispatch(w, gps, region[w], end)
		}
	} else {
		k, _ := o.cfg.LPS.Accumulator.Params["accumulate"].(uint64)
		for l, group := range o.cfg.Topology.Groups() {
			at := region[group[0]]
			applied, merged, pending := 0, 0, 0.0
			for _, w := range group {
				var end func()
				end = func() {
					applied++
					pending += o.steps(w)
					o.note("worker_update lps %d worker %d version %d", l, w, applied)
					if applied == merged+int(k) {
						o.note("lps_send lps %d worker -1 version %d", l, applied)
						steps := pending
						pending = 0
						o.add(o.transfer(at, gps), func() {
							version++
							counted += steps
							o.note("gps_update lps %d worker -1 version %d", l, version)
							o.add(o.transfer(gps, at), func() {
								merged = applied
								o.note("lps_merge lps %d worker -1 version %d", l, applied)
							})
						})
					}
					o.dispatch(w, at, at, end)
				}
				o.dispatch(w, at, at, end)
			}
		}
	}
	for counted < total {
		i := 0
		for j, e := range o.events {
			if f := o.events[i]; e.end < f.end || e.end == f.end && e.seq < f.seq {
				i = j
			}
		}
		e := o.events[i]
		o.events = slices.Delete(o.events, i, i+1)
		o.now = e.end
		e.do()
	}
	return o.trace
}

// roundNumbers returns a run whose times are round numbers, so that many events are due at
// the same time.
func roundNumbers(rng *rand.Rand) runfile.Config {
	pick := func(of ...float64) float64 { return of[rng.IntN(len(of))] }
	cfg := reference([]string{runfile.HALoS, runfile.HALoS, runfile.AsyncLocalSGD}[rng.IntN(3)], uint64(1+rng.IntN(4)), rng.IntN(2) == 0)
	t := runfile.Topology{Latency: runfile.Latency{Between: pick(0, 5, 10)}}
	regions := 1 + rng.IntN(3)
	for range regions {
		row, speeds := make([]float64, regions), make([]float64, 1+rng.IntN(3))
		for i := range row {
			row[i] = pick(0.1, 0.05, 0.2)
		}
		for i := range speeds {
			speeds[i] = pick(1, 0.5, 0.25, 0.1, 0.07)
		}
		t.Bandwidths, t.Speeds = append(t.Bandwidths, row), append(t.Speeds, speeds)
	}
	t.GPSRegion = rng.IntN(regions)
	id := 0
	for _, speeds := range t.Speeds { // the workers of an LPS in any order
		group := rng.Perm(len(speeds))
		for i := range group {
			group[i] += id
		}
		t.LPS, id = append(t.LPS, group), id+len(speeds)
	}
	cfg.Topology = t
	cfg.Workload.ModelBytes, cfg.Workload.LocalStepTime = 125_000, pick(10, 5, 0.1) // 1 ms at 1 Gbit/s
	cfg.Workload.TotalLocalSteps = 400
	if cfg.LPS != nil {
		cfg.LPS.Accumulator.Params["accumulate"] = uint64(1 + rng.IntN(4))
	}
	return cfg
}

// TestOracle wants the timeline of the specification, bit for bit, also where events are due
// at the same time: then a round comes in the order of its dispatch.
func TestOracle(t *testing.T) {
	runs := 200
	if testing.Short() {
		runs = 60
	}
	for seed := range uint64(runs) {
		cfg := roundNumbers(rand.New(rand.NewPCG(seed, 1)))
		want := (&oracle{cfg: cfg}).run()
		var out bytes.Buffer
		run, err := New(cfg, idle{}, Options{Workers: 1, Trace: &out})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := run.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		events, err := ReadTrace(&out)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range events {
			if got := fmt.Sprintf("%v %s lps %d worker %d version %d", e.T, e.Kind, e.LPS, e.Worker, e.Version); i >= len(want) || got != want[i] {
				t.Fatalf("seed %d, %s: event %d is\n%s, want\n%s", seed, cfg.Algorithm, i, got, want[min(i, len(want)-1)])
			}
		}
		if len(events) != len(want) {
			t.Fatalf("seed %d: %d events, want %d", seed, len(events), len(want))
		}
	}
}
