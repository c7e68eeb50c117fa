package halos_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// claims collects the claims of workers whose rounds take a second.
type claims struct {
	mu sync.Mutex
	of map[string][]halos.Claim
}

func (c *claims) train(id string) halos.TrainerFunc {
	return func(ctx context.Context, x []float32, task halos.Task) error {
		c.mu.Lock()
		if c.of == nil {
			c.of = make(map[string][]halos.Claim)
		}
		c.of[id] = append(c.of[id], task.Claim)
		c.mu.Unlock()
		select {
		case <-time.After(time.Second):
			return descend(ctx, x, task)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// TestScheduleWithoutGlobalBatch: with GlobalBatch 0 every local step of any worker is a step
// of the schedule, at a GPS and at an LPS. On a Sync every local step of a
// round is, and workers walk the schedule together.
func TestScheduleWithoutGlobalBatch(t *testing.T) {
	for name, c := range map[string]struct {
		servers func(workers int) []halos.Machine // the last one has the workers
		alone   []uint64                          // the steps at which the rounds of one worker begin
		both    []uint64                          // those of two, sorted
	}{
		"gps": {func(int) []halos.Machine { return []halos.Machine{newGPS(0, nil, nil)} },
			[]uint64{0, 4, 8, 12}, []uint64{0, 4, 8, 12, 16, 20, 24, 28}},
		"eu": {func(int) []halos.Machine { return []halos.Machine{newGPS(0, nil, nil), tame("eu", 2)} },
			[]uint64{0, 4, 8, 12}, []uint64{0, 4, 8, 12, 16, 20, 24, 28}},
		"sync": {func(workers int) []halos.Machine {
			return []halos.Machine{must(halos.NewSync(halos.SyncConfig{ServerConfig: server(nil, "sync", 1, nil), Workers: workers}))}
		}, []uint64{0, 4, 8, 12}, []uint64{0, 0, 4, 4, 8, 8, 12, 12}},
	} {
		for _, workers := range []int{1, 2} {
			synctest.Test(t, func(t *testing.T) {
				p := &place{t: t}
				var nodes []*living
				for _, m := range c.servers(workers) {
					nodes = append(nodes, p.start(m, halos.RunConfig{}))
					synctest.Wait()
				}
				var all claims
				for i := range workers {
					id := fmt.Sprint("w", i)
					nodes = append(nodes, p.start(newWorker(id, name), halos.RunConfig{Trainer: all.train(id)}))
				}
				time.Sleep(3*time.Second + 500*time.Millisecond)
				for _, l := range slices.Backward(nodes) {
					l.die()
				}
				var steps []uint64
				for _, of := range all.of {
					for _, claim := range of {
						steps = append(steps, claim.LRStep)
					}
				}
				slices.Sort(steps)
				want := c.alone
				if workers == 2 {
					want = c.both
				}
				if !slices.Equal(steps, want) {
					t.Errorf("%s, %d workers: rounds begin at steps %v, want %v", name, workers, steps, want)
				}
			})
		}
	}
}

// TestWarmUpEnds: the rate of a Local grows from round to round and reaches its maximum when
// the warm-up is over.
func TestWarmUpEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		rate := optim.Linear{Max: 0.1, Warmup: 10, Total: 1000}
		var rates []float64
		top := p.start(newGPS(16, nil, nil), halos.RunConfig{})
		worker := p.start(newWorker("w", "gps"), halos.RunConfig{Trainer: halos.TrainerFunc(func(_ context.Context, _ []float32, task halos.Task) error {
			rates = append(rates, rate.At(task.Claim.LRStep+1))
			return nil
		})})
		<-top.done
		<-worker.done
		for i, want := range []float64{0.01, 0.05, 0.09, 0.1} {
			if len(rates) != 4 || math.Abs(rates[i]-want) > 0.001 {
				t.Fatalf("rates %v, want round %d to begin at %v", rates, i+1, want)
			}
		}
	})
}

// TestWorkAddsUp: updates, local steps, samples and tokens of all workers arrive at the GPS, through
// one LPS and through two, and directly.
func TestWorkAddsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		gps := newGPS(0, nil, nil)
		cfg := func(id, parent string, tokens uint64) *halos.Worker {
			return must(halos.NewWorker(halos.WorkerConfig{ID: id, Parent: parent, Layout: layout, Steps: 4, Samples: 8, Tokens: tokens}))
		}
		top := p.start(gps, halos.RunConfig{})
		mid := p.start(carrying("mid", "gps"), halos.RunConfig{})
		synctest.Wait()
		low := p.start(carrying("low", "mid"), halos.RunConfig{})
		synctest.Wait()
		var all claims
		var workers []*living
		for _, w := range []*halos.Worker{cfg("a", "gps", 100), cfg("b", "mid", 10), cfg("c", "low", 1), cfg("d", "low", 0)} {
			workers = append(workers, p.start(w, halos.RunConfig{Trainer: all.train(w.ID())}))
		}
		time.Sleep(10*time.Second + 500*time.Millisecond) // ten rounds of each
		for _, l := range workers {
			close(l.quit)
			<-l.done
		}
		for _, l := range []*living{low, mid, top} {
			close(l.quit)
			<-l.done
			if l.err != nil {
				t.Error(l.err)
			}
		}
		w := gps.Work()
		if want := (halos.Work{Steps: 160, Updates: 40, Samples: 320, Tokens: 80 * (100 + 10 + 1)}); w != want {
			t.Errorf("in the model are %+v, want %+v", w, want)
		}
	})
}

// TestPeers: a parent first, then children as they joined. Who leaves is not counted on any
// more; who comes back is the last. A later life of one that is known keeps its place.
func TestPeers(t *testing.T) {
	pull := func(life uint64) halos.Message {
		return &halos.Pull{Receipt: halos.Receipt{Incarnation: life, Seq: 1}, Hello: halos.Hello{Role: halos.RoleWorker, Layout: layout}, Steps: 4, Want: 8}
	}
	for _, m := range []halos.Machine{newGPS(0, nil, nil), tame("eu", 4), must(halos.NewSync(halos.SyncConfig{ServerConfig: server(kernels.CPU{}, "sync", 1, nil), Workers: 9}))} {
		var parent []string
		if _, lps := m.(*halos.LPS); lps {
			parent = []string{"gps"}
		}
		step := func(from string, msg halos.Message) {
			var out halos.Output
			m.Step([]halos.Input{{From: from, Msg: msg}}, &out)
		}
		want := func(names ...string) {
			t.Helper()
			if got := slices.Collect(m.Peers()); !slices.Equal(got, append(parent, names...)) {
				t.Errorf("%s: counts on %q, want %q", m.ID(), got, append(parent, names...))
			}
		}
		step("", &halos.Start{Incarnation: 1})
		want()
		for _, id := range []string{"c", "a", "b"} {
			step(id, pull(1))
		}
		want("c", "a", "b")
		for range m.Peers() { // it may end early
			break
		}
		step("c", &halos.Leave{Receipt: halos.Receipt{Incarnation: 1, Seq: 2}})
		want("a", "b")
		step("a", pull(2))
		step("c", pull(2))
		want("a", "b", "c")
		step("b", &halos.Gone{Reason: "out of reach"})
		want("a", "c")
	}
	if got := slices.Collect(newWorker("w", "eu").Peers()); !slices.Equal(got, []string{"eu"}) {
		t.Errorf("a worker counts on %q", got)
	}
}

// TestReport: the loss of a round is the mean of what was reported in it, NaN if that is
// nothing; a round does not see what the one before reported, nor what one that failed did.
func TestReport(t *testing.T) {
	params, update := make([]float32, 1), make([]float32, 1)
	round := func(err error, losses ...float64) float64 {
		tr := halos.TrainerFunc(func(_ context.Context, _ []float32, task halos.Task) error {
			for _, l := range losses {
				task.Report(l)
			}
			return err
		})
		got, _ := halos.Round(t.Context(), tr, halos.Task{Params: []float32{0}, Steps: 1}, params, update)
		return got.Loss
	}
	for range 3 {
		if l := round(nil, 1, 2, 6); l != 3 {
			t.Errorf("mean of 1, 2 and 6 is %v", l)
		}
		if l := round(nil); !math.IsNaN(l) {
			t.Errorf("nothing was reported: %v", l)
		}
		round(context.Canceled, 5)
		if l := round(nil, -0.5); l != -0.5 {
			t.Errorf("-0.5 was reported: %v", l)
		}
		if l := round(nil, 1, math.Inf(1)); !math.IsInf(l, 1) {
			t.Errorf("1 and +Inf were reported: %v", l)
		}
	}
	halos.Task{}.Report(1) // of a Task that no driver has made it is not kept
}

// carrying is an LPS that sends each update up, those during an exchange with the next one.
func carrying(id, parent string) *halos.LPS {
	return must(halos.NewLPS(halos.LPSConfig{ServerConfig: server(kernels.CPU{}, id, 0.05, nil), Parent: parent, Lease: 64,
		Accumulator: &merge.Every{K: 1, KeepInFlight: true}, Merger: merge.Mix{Alpha: 1}}))
}
