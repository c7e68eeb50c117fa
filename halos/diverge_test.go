package halos_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// TestDivergedRunEnds: a global model that is not finite ends its server with an error,
// and the run with it.
func TestDivergedRunEnds(t *testing.T) {
	for _, role := range []string{"gps", "sync"} {
		synctest.Test(t, func(t *testing.T) {
			p := &place{t: t}
			var m halos.Machine = must(halos.NewGPS(halos.GPSConfig{ServerConfig: server(kernels.CPU{}, role, 1e38, nil)}))
			if role == "sync" {
				m = must(halos.NewSync(halos.SyncConfig{ServerConfig: server(kernels.CPU{}, role, 1e38, nil), Workers: 1}))
			}
			top := p.start(m, halos.RunConfig{})
			worker := p.start(newWorker("w", role), halos.RunConfig{Trainer: leap(1000, 1)})
			<-worker.done
			<-top.done
			if worker.err != nil || !errors.Is(top.err, halos.ErrDiverged) || !strings.Contains(top.err.Error(), role+" at version 1 after 4 local steps") {
				t.Errorf("%s ends with %v, the worker with %v", role, top.err, worker.err)
			}
		})
	}
}

// leap is a Trainer that moves one element far in every round from a number on.
func leap(by float32, from uint64) halos.TrainerFunc {
	return func(_ context.Context, x []float32, task halos.Task) error {
		time.Sleep(time.Second)
		if task.Round >= from {
			x[0] -= by
		}
		return nil
	}
}

// TestRegionRecovers: finite updates make the momentum of a region's server overflow. The
// region takes the global model, forgets the momentum, and trains on.
func TestRegionRecovers(t *testing.T) {
	for name, m := range map[string]momentum.Momentum{
		"nesterov": &momentum.Nesterov{Mu: 0.9}, "heavy ball": &momentum.HeavyBall{Mu: 0.9}, "delayed": &momentum.Delayed{Beta: 0.9, Every: 1}} {
		synctest.Test(t, func(t *testing.T) {
			p := &place{t: t}
			top := p.start(newGPS(0, nil, nil), halos.RunConfig{})
			lps := must(halos.NewLPS(halos.LPSConfig{ServerConfig: server(kernels.CPU{}, "eu", 1, m), Parent: "gps", Lease: 64,
				Accumulator: &merge.Every{K: 2}, Merger: merge.Mix{Alpha: 0.25}}))
			w := witness{kinds: []halos.EventKind{halos.Diverged, halos.Adopted, halos.Lost}}
			region := p.start(lps, halos.RunConfig{Observe: w.observe})
			var rounds atomic.Int64
			a := p.start(newWorker("a", "eu"), halos.RunConfig{Trainer: halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
				rounds.Add(1)
				if task.Round == 3 {
					return leap(2e38, 1)(ctx, x, task)
				}
				return leap(0, 1)(ctx, x, task)
			})})
			b := p.start(newWorker("b", "eu"), halos.RunConfig{Trainer: leap(0, 1)})
			time.Sleep(time.Minute)
			version, _ := region.at(t)
			global, _ := top.at(t)
			time.Sleep(time.Minute)
			later, model := region.at(t)
			above, _ := top.at(t)
			if later < version+100 || above < global+20 || !kernels.Finite(model) {
				t.Errorf("%s: version %d, then %d; global %d, then %d; model %v", name, version, later, global, above, model)
			}
			synctest.Wait()
			if text := strings.Join(w.events, "\n"); !strings.Contains(text, "diverged") || !strings.Contains(text, "adopted") || !strings.Contains(text, "lost") {
				t.Errorf("%s: told %s", name, text)
			}
			for _, l := range []*living{a, b, region, top} {
				l.die()
			}
			p.all.Wait()
		})
	}
}

// TestRegionGivesUp: a region that diverges again and again, whatever model it takes, ends
// with an error and tells its workers.
func TestRegionGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		top := p.start(newGPS(0, nil, nil), halos.RunConfig{})
		lps := must(halos.NewLPS(halos.LPSConfig{ServerConfig: server(kernels.CPU{}, "eu", 1e38, nil), Parent: "gps", Lease: 64,
			Accumulator: &merge.Every{K: 2}, Merger: merge.Mix{Alpha: 0.25}}))
		region := p.start(lps, halos.RunConfig{})
		worker := p.start(newWorker("w", "eu"), halos.RunConfig{Trainer: leap(1000, 1)})
		<-region.done
		<-worker.done
		if !errors.Is(region.err, halos.ErrDiverged) || worker.err != nil {
			t.Errorf("the region ends with %v, its worker with %v", region.err, worker.err)
		}
		top.die()
		p.all.Wait()
	})
}

// TestSyncTakesLargeUpdates: the mean of large finite updates is finite, and clipped.
func TestSyncTakesLargeUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		s := must(halos.NewSync(halos.SyncConfig{ServerConfig: server(kernels.CPU{}, "sync", 1, nil), Workers: 2, ClipNorm: 1}))
		nodes := []*living{p.start(s, halos.RunConfig{})}
		for _, id := range []string{"a", "b"} {
			nodes = append(nodes, p.start(newWorker(id, "sync"), halos.RunConfig{Trainer: leap(3e38, 3)}))
		}
		time.Sleep(time.Minute)
		if version, model := nodes[0].at(t); version < 50 || !kernels.Finite(model) {
			t.Errorf("after a minute of rounds of a second: version %d, model %v", version, model)
		}
		for _, l := range nodes {
			l.die()
		}
		p.all.Wait()
	})
}

// TestWorkerGivesUp: a worker whose updates are never finite sends none of them, and ends.
func TestWorkerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		gps := newGPS(0, nil, nil)
		top := p.start(gps, halos.RunConfig{})
		w := witness{kinds: []halos.EventKind{halos.Lost}}
		worker := p.start(newWorker("w", "gps"), halos.RunConfig{Observe: w.observe, Trainer: leap(float32(math.Inf(1)), 3)})
		<-worker.done
		if !errors.Is(worker.err, halos.ErrDiverged) || !strings.Contains(worker.err.Error(), "halos: w: 10 times in a row at gps: update is not finite") {
			t.Errorf("ends with %v", worker.err)
		}
		top.die()
		if gps.Version() != 2 || len(w.events) != 10 {
			t.Errorf("%d updates applied, %d lost", gps.Version(), len(w.events))
		}
		p.all.Wait()
	})
}

// onceBad is an objective whose fifth gradient has a bad element.
type onceBad struct {
	bad   float64
	calls int
}

func (o *onceBad) Gradient(_ context.Context, grad, params []float32, _, _ uint64) (float64, error) {
	copy(grad, params)
	if o.calls++; o.calls == 5 {
		grad[0] = float32(o.bad)
	}
	return float64(o.calls), nil
}

// TestOneBadGradient: one gradient that is not finite costs one local step, clipped or
// not. The inner optimizer's state stays sound.
func TestOneBadGradient(t *testing.T) {
	for _, clip := range []float64{0, 1} {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			oneBadGradient(t, bad, clip)
		}
	}
}

func oneBadGradient(t *testing.T, bad, clip float64) {
	for name, o := range map[string]optim.Optimizer{
		"adamw": &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8}, "heavy ball": &optim.SGD{Momentum: &momentum.HeavyBall{Mu: 0.9}}, "sgd": &optim.SGD{}} {
		synctest.Test(t, func(t *testing.T) {
			p := &place{t: t}
			gps := newGPS(4*20, nil, nil)
			local := must(halos.NewLocal(halos.LocalConfig{Objective: &onceBad{bad: bad}, Params: dim, Optimizer: o, LR: optim.Constant(0.01), ClipNorm: clip}))
			w := witness{kinds: []halos.EventKind{halos.Lost, halos.Refused}}
			top := p.start(gps, halos.RunConfig{})
			worker := p.start(newWorker("w", "gps"), halos.RunConfig{Trainer: local, Observe: w.observe})
			<-top.done
			<-worker.done
			if gps.Version() != 20 || len(w.events) != 0 || top.err != nil || worker.err != nil {
				t.Errorf("%s, %v, clipped to %v: %d updates applied, told %q; %v, %v", name, bad, clip, gps.Version(), w.events, top.err, worker.err)
			}
		})
	}
}

// TestLosses: the mean of the losses that a Trainer reports is in the event of its round.
func TestLosses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		var losses []float64
		top := p.start(newGPS(8, nil, nil), halos.RunConfig{})
		local := must(halos.NewLocal(halos.LocalConfig{Objective: &onceBad{calls: 9}, Params: dim, Optimizer: &optim.SGD{}, LR: optim.Constant(0.01)}))
		worker := p.start(newWorker("w", "gps"), halos.RunConfig{Trainer: local, Observe: func(_ time.Duration, e halos.Event) {
			if e.Kind == halos.Finished {
				losses = append(losses, e.Loss)
			}
		}})
		<-top.done
		<-worker.done
		if len(losses) != 2 || losses[0] != 11.5 || losses[1] != 15.5 {
			t.Errorf("losses %v, want 11.5 (10 to 13) and 15.5", losses)
		}
	})
}
