package sim

import (
	"errors"
	"math"
	"testing"

	"github.com/halos-go/sdk/halos"
)

// TestSharesEndAtTheLastUpdate: what workers do after the last update of the global model
// does not change their shares up to it.
func TestSharesEndAtTheLastUpdate(t *testing.T) {
	run := start(t, edited(t), Options{Workers: 1})
	var then Stats
	run.sim.Observer = observed(func(ms float64, node int, e halos.Event) {
		switch {
		case then.TimeMS == 0:
			if run.Observe(ms, node, e); run.point.Version == 3 {
				then = run.Stats()
			}
		case ms > then.TimeMS+2000: // which may be interrupted then
			run.sim.Stop()
		}
	})
	if _, err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := run.Stats(); s.Compute != then.Compute || s.Wait != then.Wait || s.Communicate != then.Communicate {
		t.Errorf("computing %v, waiting %v, communicating %v of the time; at the last update %v, %v, %v",
			s.Compute, s.Wait, s.Communicate, then.Compute, then.Wait, then.Communicate)
	}
}

type observed func(ms float64, node int, e halos.Event)

func (o observed) Observe(ms float64, node int, e halos.Event) { o(ms, node, e) }

// TestSharesOfDiverged: a run that diverges in its regions goes on without updates of the
// global model for a long time.
func TestSharesOfDiverged(t *testing.T) {
	run := start(t, edited(t, "lr: 0.8,", "lr: 1.0e+9,"), Options{Workers: 1})
	if _, err := run.Run(t.Context()); !errors.Is(err, halos.ErrDiverged) {
		t.Fatal(err)
	}
	s := run.Stats()
	if sum := s.Compute + s.Wait + s.Communicate; math.Abs(sum-1) > 1e-9 || min(s.Compute, s.Communicate) < 0 || max(s.Compute, s.Communicate) > 1 {
		t.Errorf("computing %v, waiting %v, communicating %v of the time up to %v of %v ms", s.Compute, s.Wait, s.Communicate, s.TimeMS, run.sim.now)
	}
}
