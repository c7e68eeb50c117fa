//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// G6: opening, computing and closing again and again leaves nothing on the device. What
// the driver keeps for itself after the first times may stay.
func TestGPUCycles(t *testing.T) {
	const patience = 25 * time.Second
	e := onGPU(t)
	d := opened(t) // keeps the device's context alive, as otherwise each cycle makes one
	for range 2 {
		cycle(t)
	}
	before := room(t, d)
	begin, cycles := time.Now(), 0
	for cycles < e.cycles && time.Since(begin) < patience {
		cycle(t)
		cycles++
	}
	after := room(t, d)
	say("G6", "cycles", "cycles", cycles, "lost_bytes", int64(before-after), "ms", 1e3*time.Since(begin).Seconds()/float64(cycles))
	if after+e.slack < before {
		t.Errorf("%d cycles: %d bytes are free on the device, and were %d", cycles, after, before)
	}
}

func cycle(t *testing.T) {
	t.Helper()
	b, _, err := Select("cuda:0")
	if err != nil {
		t.Fatal(err)
	}
	const n = 1 << 16
	var v [4][]float32
	for i := range v {
		v[i] = must[[]float32](t)(b.Make(n))
	}
	kernels.DelayedStep(v[0], v[1], v[2], v[3], 0.7, 0.9, 0.63, 4)
	kernels.DelayedPlain(v[0], v[2], make([]float32, n), 0.7, 4)
	s := b.Snapshot(v[0])
	err = s.Read(make([]float32, n))
	s.Release()
	b.Recycle(v[3]) // Close has the others
	succeed(t, err, b.Err(), b.Close())
}

// G9: goroutines with vectors of their own do not disturb each other. To be run with
// -race too.
func TestGPUGoroutines(t *testing.T) {
	onGPU(t)
	const goroutines = 8
	b := theBackend(t, "cuda:0")
	stands := make([]*stand, goroutines)
	for i := range stands {
		stands[i] = newStand(t, b, []int{1003, 1 << 12, 1<<16 + 1, 77}[i%4])
	}
	var group sync.WaitGroup
	errs := make([]error, goroutines)
	for i, s := range stands {
		group.Go(func() { errs[i] = s.rounds() })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("goroutine %d: %v", i, err)
		}
	}
	say("G9", "goroutines", "goroutines", goroutines, "failed", t.Failed())
}

// rounds runs all ops in an order of its own, from all places.
func (s *stand) rounds() error {
	for _, k := range s.r.Perm(len(backend.Ops())) {
		op := backend.Op(k)
		for _, at := range []place{resident, host} {
			if len(op.Vectors()) == op.Changed() {
				at = resident
			}
			if err := s.op(op, at, 0); err != nil {
				return fmt.Errorf("%v: %w", op, err)
			}
		}
		if packs(op) {
			if err := s.op(op, resident, kernels.Int8); err != nil {
				return fmt.Errorf("%v of int8: %w", op, err)
			}
		}
		if err := s.encode(kernels.BFloat16, true); err != nil {
			return fmt.Errorf("encoding: %w", err)
		}
	}
	return nil
}
