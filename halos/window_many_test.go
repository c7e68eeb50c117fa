package halos_test

import (
	"context"
	"sync"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/transport"
)

// TestWindowOfSeveralLives: many look through one Window before, while and after several
// Runs, and each look ends.
func TestWindowOfSeveralLives(t *testing.T) {
	var w halos.Window
	var net transport.Mem
	over := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			var model []float32
			for {
				select {
				case <-over:
					return
				default:
				}
				if m, _, err := w.Model(t.Context(), model); err == nil {
					if model = m; len(m) != dim || !kernels.Finite(m) {
						t.Errorf("sees %v", m)
					}
				}
			}
		})
	}
	for life := range uint64(50) {
		ctx, stop := context.WithCancel(t.Context())
		var run sync.WaitGroup
		end := must(net.Join("gps"))
		run.Go(func() {
			_ = halos.Run(ctx, newGPS(0, nil, nil), halos.RunConfig{Transport: end, Window: &w, Incarnation: life + 1})
		})
		for range 20 {
			_, _, _ = w.Model(t.Context(), nil)
		}
		stop()
		run.Wait()
		_ = end.Close()
	}
	close(over)
	all.Wait()
}
