package gpu

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// Whichever call of the driver fails, the first error stays, nothing is done after it,
// and Close gives back all the same.
func TestEveryCallFails(t *testing.T) {
	for _, set := range []Set{OnePass, BLAS} {
		calls, failed := 0, 0
		for failAt := 1; calls == 0 || failAt <= calls; failAt++ {
			f := newFake(t, uint64(failAt))
			f.failAt = failAt
			if failAt == 1 {
				f.failAt = -1 // none, to count them
			}
			e, err := New(Config{Driver: f, Name: "fake:0", Set: set, Slot: 8 << 10})
			if err != nil {
				wantLost(t, err, "fake:0: ")
				continue
			}
			life(t, e)
			if failAt == 1 {
				calls = f.calls
			} else if f.lost {
				failed++
				wantLost(t, e.Err(), "fake:0: ")
				still(t, e, f)
			}
			if err := e.Close(); f.lost {
				wantLost(t, err, "fake:0: close: ")
			}
			if !f.closed {
				t.Errorf("failure of call %d: the driver is not closed", failAt)
			}
		}
		if failed < 100 {
			t.Errorf("%v: only %d calls failed", set, failed)
		}
	}
}

func wantLost(t *testing.T, err error, prefix string) {
	t.Helper()
	if !errors.Is(err, errLost) || !strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("%v, want %s... %v", err, prefix, errLost)
	}
}

// life does something of all that there is, and looks at no result.
func life(t *testing.T, e *Engine) {
	const n = 5000
	p, err := e.Make(n)
	d, err2 := e.Make(n)
	if err = errors.Join(err, err2); err != nil {
		wantLost(t, err, "fake:0: ")
		return
	}
	g, bytes := counting(n, 1), make([]byte, 2*n)
	kernels.Copy(p, g)
	kernels.DelayedPlain(p, d, g, 0.5, 2)
	snap := e.Snapshot(p)
	kernels.Mean(p, p, d)
	kernels.Delta(g, p, d)
	kernels.EncodeDelta(bytes, kernels.BFloat16, p, d, nil)
	kernels.EncodeDelta(bytes, kernels.Float16, p, d, p)
	kernels.Dot(p, d)
	kernels.Finite(p)
	if err := snap.Read(g); err != nil {
		wantLost(t, err, "fake:0: ")
	}
	snap.Release()
	e.Recycle(d)
}

// still checks that an Engine that has failed does nothing.
func still(t *testing.T, e *Engine, f *fake) {
	t.Helper()
	before := f.calls
	if _, err := e.Make(1000); !errors.Is(err, errLost) {
		t.Errorf("Make returned %v", err)
	}
	for _, v := range e.vectors {
		if v.idle {
			continue
		}
		p := v.floats
		kernels.Scale(p, 2)
		kernels.Copy(p, make([]float32, len(p)))
		if got := kernels.Dot(p, p); !math.IsNaN(got) || kernels.Finite(p) {
			t.Errorf("dot is %g", got)
		}
		snap := e.Snapshot(p)
		wantLost(t, snap.Read(make([]float32, len(p))), "fake:0: ")
		snap.Release()
	}
	if f.calls != before {
		t.Errorf("%d calls of the driver after the error", f.calls-before)
	}
}
