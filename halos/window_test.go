package halos_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

// TestWindow: before, during and after a Run. What several goroutines see while a worker
// trains is always the model of the version that comes with it, wherever it is kept.
func TestWindow(t *testing.T) {
	elsewhere := new(kerneltest.Untouchable)
	defer elsewhere.Close()
	for _, b := range []kernels.Backend{kernels.CPU{}, elsewhere} {
		synctest.Test(t, func(t *testing.T) {
			p := &place{t: t}
			gps := must(halos.NewGPS(halos.GPSConfig{ServerConfig: server(b, "gps", 0.3, nil)}))
			var mu sync.Mutex
			models := map[uint64][]float32{0: server(b, "gps", 1, nil).Params}
			top := p.start(gps, halos.RunConfig{Observe: func(time.Duration, halos.Event) {
				mu.Lock()
				defer mu.Unlock()
				models[gps.Point().Version] = slices.Clone(gps.Params())
			}})
			var rounds atomic.Int64
			worker := p.start(newWorker("w", "gps"), halos.RunConfig{Trainer: second(&rounds)})
			var viewers sync.WaitGroup
			for i := range 5 {
				viewers.Go(func() {
					dst, last := make([]float32, 0, i*dim/2), uint64(0)
					for range 30 {
						time.Sleep(time.Duration(300+70*i) * time.Millisecond)
						model, at, err := top.window.Model(t.Context(), dst)
						mu.Lock()
						want := models[at.Version]
						mu.Unlock()
						if err != nil || !slices.Equal(model, want) || at.Version < last || at.Lineage != 1 || at.Life != 1 {
							t.Errorf("%s: at %s after version %d the model is %v, %v: want %v", b.Name(), at, last, model, err, want)
						}
						if cap(dst) >= dim && &model[0] != &dst[:1][0] {
							t.Errorf("%s: the model is not in dst, which is large enough", b.Name())
						}
						dst, last = model, at.Version
					}
					if last < 5 {
						t.Errorf("%s: the last version seen is %d", b.Name(), last)
					}
				})
			}
			viewers.Wait()
			worker.die()
			top.die()
			if _, _, err := top.window.Model(t.Context(), nil); err == nil || err.Error() != "halos: Window is shut: its Run has ended" {
				t.Errorf("%s: after Run: %v", b.Name(), err)
			}
		})
	}
}

// TestWindowIsClosed: an error says why there is no model to see.
func TestWindowIsClosed(t *testing.T) {
	var never halos.Window
	if _, _, err := never.Model(t.Context(), nil); err == nil || err.Error() != "halos: Window is not open: want one that is in the RunConfig of a Run" {
		t.Errorf("before Run: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		var rounds atomic.Int64
		worker := p.start(newWorker("w", "nobody"), halos.RunConfig{Trainer: second(&rounds)})
		synctest.Wait()
		if _, _, err := worker.window.Model(t.Context(), nil); err == nil || err.Error() != "halos: Window of w: want a server, which has a model" {
			t.Errorf("of a worker: %v", err)
		}
		worker.die()
	})
	lost := errors.New("the device is lost")
	synctest.Test(t, func(t *testing.T) {
		b := new(kerneltest.Untouchable)
		defer b.Close()
		p := &place{t: t}
		top := p.start(must(halos.NewGPS(halos.GPSConfig{ServerConfig: server(b, "gps", 1, nil)})), halos.RunConfig{})
		synctest.Wait()
		b.Fail(0, lost)
		if _, _, err := top.window.Model(t.Context(), nil); !errors.Is(err, lost) {
			t.Errorf("of a Backend that has failed: %v", err)
		}
		top.die()
	})
}

// TestWindowWaits: who looks waits for the loop no longer than its ctx, and a second Run may
// have the Window when the first has ended.
func TestWindowWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		open := make(chan struct{})
		top := p.start(newGPS(0, nil, nil), halos.RunConfig{Observe: func(time.Duration, halos.Event) { <-open }})
		var rounds atomic.Int64
		worker := p.start(newWorker("w", "gps"), halos.RunConfig{Trainer: second(&rounds)})
		synctest.Wait()
		busy := errors.New("no time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, busy)
		defer cancel()
		if _, _, err := top.window.Model(ctx, nil); err != busy { //nolint:errorlint // the cause itself
			t.Errorf("while the loop is held up: %v", err)
		}
		close(open)
		if _, _, err := top.window.Model(t.Context(), nil); err != nil {
			t.Error(err)
		}
		worker.die()
		top.die()

		end := must(p.net.Join("gps"))
		defer end.Close()
		again, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- halos.Run(again, newGPS(0, nil, nil), halos.RunConfig{Transport: end, Window: &top.window})
		}()
		synctest.Wait()
		if _, at, err := top.window.Model(t.Context(), nil); err != nil || at.Version != 0 || strings.HasPrefix(at.String(), "1/1/") {
			t.Errorf("in a second Run: %s, %v", at, err)
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}
