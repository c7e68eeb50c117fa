package sim

import (
	"bytes"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// TestGatherOfRun: with equal workers a run that gathers is another one, the same for the
// same seed on any number of goroutines, and trains as well.
func TestGatherOfRun(t *testing.T) {
	equal := []string{"[[1, 0.5, 0.8, 0.9, 0.3], [0.7], [0.6, 0.4]]", "[[1, 1, 1, 1, 1], [1], [1, 1]]", "total_local_steps: 3000", "total_local_steps: 9000"}
	trace := func(cfg runfile.Config, seed uint64, workers int) (string, float64) {
		var out bytes.Buffer
		result, err := start(t, cfg, Options{Trace: &out, Workers: workers, Gather: seed}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), result.Loss
	}
	cfg := edited(t, equal...)
	alone, want := trace(cfg, 0, 1)
	together, loss := trace(cfg, 5, 1)
	if again, _ := trace(cfg, 5, 4); again != together {
		t.Error("one seed, two runs")
	}
	if other, _ := trace(cfg, 6, 1); other == together || alone == together {
		t.Error("two seeds, or none, one run")
	}
	if loss > 2*want+0.1 {
		t.Errorf("loss %v, one by one %v", loss, want)
	}
}
