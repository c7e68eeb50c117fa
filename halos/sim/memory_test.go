//go:build !race

package sim

import (
	"io"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// TestMemoryIsBounded wants a run four times as long to allocate no more. It is not for the
// race detector, under which a sync.Pool drops things at random. Otherwise a pool has
// something for each processor, until the garbage collector takes it: with one processor and
// no collection what is counted is the run's.
func TestMemoryIsBounded(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, algorithm := range []string{runfile.HALoS, runfile.AsyncLocalSGD, runfile.DiLoCo, runfile.SyncSGD} {
		h := uint64(8)
		if algorithm == runfile.SyncSGD {
			h = 1
		}
		bytes := func(steps uint64, workers int, gather uint64) uint64 {
			cfg := reference(algorithm, h, false)
			cfg.Workload.TotalLocalSteps = steps
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			run, err := New(cfg, idle{}, Options{Workers: workers, Trace: io.Discard, Gather: gather})
			if err == nil {
				_, err = run.Run(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		for _, workers := range []int{1, 2} {
			for gather := range uint64(2) {
				short, long := bytes(5000, workers, gather), bytes(20000, workers, gather)
				if long > short+32<<10 {
					t.Errorf("%s, %d goroutines, gather %d: %d bytes for 5,000 local steps, %d for 20,000", algorithm, workers, gather, short, long)
				}
			}
		}
	}
}
