package sim

import (
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// BenchmarkReference is the timeline of the paper's full run, building included:
// 98,304 local steps of 16 workers, with training stubbed.
func BenchmarkReference(b *testing.B) {
	benchmarkRun(b, reference(runfile.HALoS, 8, true))
}

// BenchmarkHundredRegions is a million rounds of 100 regions of 100 workers.
func BenchmarkHundredRegions(b *testing.B) { benchmarkRun(b, wide(100, 100, 1_000_000)) }

// wide returns a HALoS run of equal regions, in which every round is one step.
func wide(regions, workers int, rounds uint64) runfile.Config {
	cfg := reference(runfile.HALoS, 1, false)
	cfg.Topology.Bandwidths, cfg.Topology.Speeds = nil, nil
	for r := range regions {
		row, speeds := make([]float64, regions), make([]float64, workers)
		for i := range row {
			row[i] = 0.1 + float64((r*7+i*3)%11)/10
		}
		for i := range speeds {
			speeds[i] = 0.1 + float64((r*5+i*13)%29)/30
		}
		row[r] = 100
		cfg.Topology.Bandwidths, cfg.Topology.Speeds = append(cfg.Topology.Bandwidths, row), append(cfg.Topology.Speeds, speeds)
	}
	cfg.Workload.TotalLocalSteps = rounds
	return cfg
}

func benchmarkRun(b *testing.B, cfg runfile.Config) {
	b.Helper()
	b.ReportAllocs()
	events, updates := uint64(0), uint64(0)
	for b.Loop() {
		run, err := New(cfg, idle{}, Options{Workers: 1})
		if err != nil {
			b.Fatal(err)
		}
		result, err := run.Run(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		events += run.sim.Events()
		updates += result.Updates
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(updates)/float64(b.N), "rounds")
}
