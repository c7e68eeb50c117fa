package halos_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

const dim = 7

var layout = optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{dim}}}}

// descend takes local steps of gradient descent on ½‖x-target‖², disturbed by
// the claim, so that the model remembers who used which samples.
var descend = halos.TrainerFunc(func(_ context.Context, x []float32, task halos.Task) error {
	for range task.Steps {
		for i := range x {
			x[i] -= 0.05*float32(x[i]-float32(i)) + 1e-4*float32((task.Claim.First+uint64(i))%17)
		}
	}
	return nil
})

func server(b kernels.Backend, id string, lr float64, m momentum.Momentum) halos.ServerConfig {
	params := make([]float32, dim)
	for i := range params {
		params[i] = float32(10 - 3*i)
	}
	return halos.ServerConfig{ID: id, Params: params, Backend: b, Layout: layout, Optimizer: &optim.SGD{Momentum: m}, LR: optim.Constant(lr)}
}

// A world is the machines of a run: the GPS first, then regions.
type world struct {
	gps *halos.GPS
	all []halos.Machine
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// build makes a GPS that stops after so many local steps, and regions of equal size.
func build(regions, workers, k int, steps uint64) world {
	return buildIn(kernels.CPU{}, regions, workers, k, steps)
}

// buildIn is build with all servers in b.
func buildIn(b kernels.Backend, regions, workers, k int, steps uint64) world {
	var w world
	w.gps = must(halos.NewGPS(halos.GPSConfig{
		ServerConfig: server(b, "gps", 0.3, &momentum.Delayed{Beta: 0.5, Every: 2}), TotalSteps: steps}))
	w.all = append(w.all, w.gps)
	for r := range regions {
		id := fmt.Sprintf("lps%d", r)
		w.all = append(w.all, newLPS(b, id, k))
		for j := range workers {
			w.all = append(w.all, newWorker(fmt.Sprintf("w%d.%d", r, j), id))
		}
	}
	return w
}

func newLPS(b kernels.Backend, id string, k int) *halos.LPS {
	return must(halos.NewLPS(halos.LPSConfig{
		ServerConfig: server(b, id, 0.8, &momentum.Delayed{Beta: 0.9, Every: 4}), Parent: "gps", Lease: 64,
		Accumulator: &merge.Every{K: k}, Merger: &merge.Mix{Alpha: 0.25}}))
}

func newWorker(id, server string) *halos.Worker {
	return must(halos.NewWorker(halos.WorkerConfig{ID: id, Parent: server, Layout: layout, Steps: 4, Samples: 8}))
}

// wires is a network on which models and updates take a time that may depend
// on chance, and may be lost.
type wires func(from, to int, m halos.Message) (ms float64, ok bool)

func (w wires) Transfer(from, to int, m halos.Message) (float64, bool) { return w(from, to, m) }

// simulate runs w in package sim. Nodes start a millisecond after one another.
func simulate(t testing.TB, w world, book *ledger, net wires, compute func(worker int) float64) *sim.Sim {
	s := &sim.Sim{Network: net}
	if book != nil {
		s.Observer = book
		book.over = s.Stop
	}
	for i, m := range w.all {
		if _, ok := m.(*halos.Worker); ok {
			s.AddWorker(float64(i), m, descend, func(uint64) float64 { return compute(i) })
		} else {
			s.Add(float64(i), m)
		}
	}
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs w over Mem, each node's end decorated by wrap, and waits for the end.
// Nodes start a millisecond after one another.
func run(t *testing.T, w world, wrap func(id string, tr transport.Transport) transport.Transport, compute func(worker int) time.Duration) {
	var net transport.Mem
	var wg sync.WaitGroup
	for i, m := range w.all {
		end := must(net.Join(m.ID()))
		tr := end
		if wrap != nil {
			tr = wrap(m.ID(), end)
		}
		train := halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
			time.Sleep(compute(i))
			return descend(ctx, x, task)
		})
		wg.Go(func() {
			time.Sleep(time.Duration(i) * time.Millisecond)
			if err := halos.Run(t.Context(), m, halos.RunConfig{Transport: tr, Trainer: train, Grace: halos.Forever}); err != nil {
				t.Errorf("%s: %v", m.ID(), err)
			}
		})
	}
	wg.Wait()
}

// A ledger checks that every delta which an LPS sends is applied at the GPS
// once, and in order. It is told of the events of all nodes.
type ledger struct {
	t       testing.TB
	names   []string
	mu      sync.Mutex // guards what follows
	sent    map[string][]halos.Event
	steps   uint64 // counted by the GPS
	updates uint64 // applied by LPSs
	over    func() // called when the GPS has stopped the run; may be nil
}

func newLedger(t testing.TB, w world) *ledger {
	l := &ledger{t: t, sent: make(map[string][]halos.Event)}
	for _, m := range w.all {
		l.names = append(l.names, m.ID())
	}
	return l
}

func (l *ledger) Observe(_ float64, node int, e halos.Event) { l.note(l.names[node], e) }

func (l *ledger) note(node string, e halos.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case e.Kind == halos.Sent:
		l.sent[node] = append(l.sent[node], e)
	case e.Kind == halos.Stopped && node == "gps" && l.over != nil:
		l.over()
	case e.Kind == halos.Updated && node != "gps":
		l.updates += e.Updates
	case e.Kind == halos.Updated:
		if len(l.sent[e.Peer]) == 0 {
			l.t.Errorf("the GPS has applied a delta twice, or one that %s has not sent", e.Peer)
			return
		}
		want := l.sent[e.Peer][0]
		l.sent[e.Peer] = l.sent[e.Peer][1:]
		if e.Steps != l.steps+want.Steps || e.Updates != want.Updates {
			l.t.Errorf("the GPS counts %d local steps and %d updates of %s: want %d and %d", e.Steps-l.steps, e.Updates, e.Peer, want.Steps, want.Updates)
		}
		l.steps = e.Steps
	}
}

// close checks the ends: of each LPS at most the last delta is still on the way.
func (l *ledger) close(trained uint64) {
	for lps, sent := range l.sent {
		if len(sent) > 1 {
			l.t.Errorf("%d deltas of %s have not been applied", len(sent), lps)
		}
	}
	if workers := uint64(len(l.names)); l.updates > trained || l.updates+workers < trained {
		l.t.Errorf("%d updates applied of %d rounds trained", l.updates, trained)
	}
}

// TestRunEqualsSim drives the same machines by goroutines over a network and by
// the simulator, with the same times, and wants the same bits; also with models in
// another Backend, from where answers come by way of snapshots.
func TestRunEqualsSim(t *testing.T) {
	const steps = 600
	ms := func(worker int) float64 { return 100 + 7.0131*float64(worker) } // no two workers end a round at the same time
	elsewhere := new(kerneltest.Untouchable)
	defer func() { _ = elsewhere.Close() }()
	for _, c := range []struct {
		regions int
		backend kernels.Backend
	}{{1, kernels.CPU{}}, {3, kernels.CPU{}}, {3, elsewhere}} {
		regions := c.regions
		want := build(regions, 3, 5, steps)
		s := simulate(t, want, nil, func(from, to int, m halos.Message) (float64, bool) { return 0, true }, ms)
		synctest.Test(t, func(t *testing.T) {
			got := buildIn(c.backend, regions, 3, 5, steps)
			began := time.Now()
			run(t, got, nil, func(w int) time.Duration { return time.Duration(ms(w) * float64(time.Millisecond)) })
			if !slices.Equal(got.gps.Params(), want.gps.Params()) {
				t.Errorf("%d regions: Run ends with %v\nsim with %v", regions, got.gps.Params(), want.gps.Params())
			}
			if got.gps.Version() != want.gps.Version() || got.gps.Version() < 10 {
				t.Errorf("%d regions: Run ends with version %d, sim with %d", regions, got.gps.Version(), want.gps.Version())
			}
			// The word that the run is over may overtake an answer: a last round, of which nothing
			// comes, is then not trained.
			end, round := time.Duration(s.Now()*1e6), time.Duration(ms(len(want.all))*1e6)
			if took := time.Since(began); took > end+time.Millisecond || took < end-round {
				t.Errorf("%d regions: Run took %v, sim %v", regions, took, end)
			}
		})
	}
}

// TestEveryUpdateCountsOnce loses four of ten messages with their links. The
// run must still end, with nothing lost and nothing counted twice.
func TestEveryUpdateCountsOnce(t *testing.T) {
	for seed := range uint64(200) {
		rng, trained := splitmix(seed), uint64(0)
		w := build(3, 2, 3, 800)
		book := newLedger(t, w)
		simulate(t, w, book, func(from, to int, m halos.Message) (float64, bool) {
			if rng()%10 < 4 {
				return 500, false
			}
			return 20, true
		}, func(int) float64 { trained++; return 100 + float64(rng()%200) })
		book.close(trained)
		if w.gps.Steps() < 800 {
			t.Fatalf("seed %d: %d local steps", seed, w.gps.Steps())
		}
	}
}

func splitmix(x uint64) func() uint64 {
	return func() uint64 {
		x += 0x9E3779B97F4A7C15
		z := (x ^ x>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		return z ^ z>>31
	}
}

// TestCutLinksAreSurvived cuts and heals links while everything runs in real
// goroutines, and lets frames be lost and doubled besides.
func TestCutLinksAreSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := build(2, 2, 5, 2000)
		book := newLedger(t, w)
		var trained atomic.Uint64
		var net transport.Mem
		var wg sync.WaitGroup
		for i, m := range w.all {
			end := must(net.Join(m.ID()))
			tr := &transport.Lossy{Transport: &transport.Duplicate{Transport: end}, Rate: 0.05, Seed: uint64(i),
				Break: func(to string) bool { return net.Break(m.ID(), to) }}
			train := halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
				time.Sleep(time.Second)
				trained.Add(1)
				return descend(ctx, x, task)
			})
			observe := func(_ time.Duration, e halos.Event) { book.note(m.ID(), e) }
			wg.Go(func() {
				defer end.Close()
				if err := halos.Run(t.Context(), m, halos.RunConfig{Transport: tr, Trainer: train, Observe: observe, Grace: time.Minute}); err != nil {
					t.Errorf("%s: %v", m.ID(), err)
				}
			})
		}
		links := [][2]string{{"gps", "lps0"}, {"gps", "lps1"}, {"lps0", "w0.0"}, {"lps0", "w0.1"}, {"lps1", "w1.0"}, {"lps1", "w1.1"}}
		for i := range 100 {
			l := links[i%len(links)]
			net.Cut(l[0], l[1])
			time.Sleep(time.Duration(700+37*i) * time.Millisecond)
			net.Heal(l[0], l[1])
			time.Sleep(300 * time.Millisecond)
		}
		wg.Wait()
		book.close(trained.Load())
		if w.gps.Steps() < 2000 {
			t.Errorf("%d local steps", w.gps.Steps())
		}
	})
}

// TestSlowRegionHoldsUpNobody puts one region behind a link that needs minutes.
func TestSlowRegionHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const steps = 20 * 600
		w := build(2, 2, 5, steps)
		began := time.Now()
		run(t, w, func(id string, tr transport.Transport) transport.Transport {
			if id != "gps" {
				return tr
			}
			return &transport.Shape{Transport: tr, Line: func(to string) transport.Line {
				if to == "lps1" {
					return transport.Line{Latency: 4 * time.Minute}
				}
				return transport.Line{}
			}}
		}, func(int) time.Duration { return time.Second })
		// Alone, the other region makes an update of 20 local steps every 2.5 s.
		if took := time.Since(began); took > 30*time.Minute {
			t.Errorf("%d global updates took %v", w.gps.Version(), took)
		}
	})
}

// TestWorkersComeAndGo lets workers join, leave and crash during a run.
func TestWorkersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := build(1, 1, 3, 4*300)
		var net transport.Mem
		var wg sync.WaitGroup
		start := func(ctx context.Context, m halos.Machine, quit chan struct{}, want error) {
			wg.Go(func() {
				tr := must(net.Join(m.ID()))
				defer tr.Close()
				train := halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
					select {
					case <-time.After(time.Second):
						return descend(ctx, x, task)
					case <-ctx.Done():
						return context.Cause(ctx)
					}
				})
				err := halos.Run(ctx, m, halos.RunConfig{Transport: tr, Trainer: train, Quit: quit})
				if !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", m.ID(), err, want)
				}
			})
		}
		for _, m := range w.all {
			start(t.Context(), m, nil, nil)
		}
		for i := range 20 {
			quit := make(chan struct{})
			start(t.Context(), newWorker(fmt.Sprintf("guest%d", i), "lps0"), quit, nil)
			crash := errors.New("crash")
			ctx, cancel := context.WithCancelCause(t.Context())
			start(ctx, newWorker("cat", "lps0"), nil, crash)
			time.Sleep(4500 * time.Millisecond)
			close(quit)
			cancel(crash)
			time.Sleep(time.Second)
		}
		start(t.Context(), newWorker("cat", "lps0"), nil, nil) // to be told that the run is over
		wg.Wait()
		if w.gps.Steps() < 1200 {
			t.Errorf("%d local steps", w.gps.Steps())
		}
	})
}

// TestGrace: a worker has died without a word, and the GPS is asked to end.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		var wg sync.WaitGroup
		ctx, kill := context.WithCancel(t.Context())
		quit := make(chan struct{})
		wg.Go(func() {
			time.Sleep(time.Second)
			kill()
			close(quit)
		})
		slow := halos.TrainerFunc(func(ctx context.Context, _ []float32, _ halos.Task) error { <-ctx.Done(); return context.Cause(ctx) })
		wg.Go(func() {
			_ = halos.Run(ctx, newWorker("v", "gps"), halos.RunConfig{Transport: must(net.Join("v")), Trainer: slow})
		})
		began := time.Now()
		w := build(0, 0, 1, 0)
		if err := halos.Run(t.Context(), w.gps, halos.RunConfig{Transport: must(net.Join("gps")), Quit: quit, Grace: time.Minute}); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 61*time.Second {
			t.Errorf("Run returned after %v, want 1m1s", took)
		}
		wg.Wait()
	})
}

// TestTrainerFails: the worker's Run returns the error; the others go on.
func TestTrainerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		oops := errors.New("out of memory")
		train := halos.TrainerFunc(func(context.Context, []float32, halos.Task) error { return oops })
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			w := build(0, 0, 1, 0)
			if err := halos.Run(ctx, w.gps, halos.RunConfig{Transport: must(net.Join("gps"))}); !errors.Is(err, context.Canceled) {
				t.Errorf("gps: %v", err)
			}
		})
		synctest.Wait()
		err := halos.Run(ctx, newWorker("w", "gps"), halos.RunConfig{Transport: must(net.Join("w")), Trainer: train})
		if !errors.Is(err, oops) || !strings.Contains(err.Error(), "round 1") {
			t.Errorf("got %v", err)
		}
		cancel()
		wg.Wait()
	})
}

// TestStrangersAreHarmless sends a server what no node of ours would.
func TestStrangersAreHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		var refused []string
		w := build(1, 1, 1, 40)
		var wg sync.WaitGroup
		observe := func(_ time.Duration, e halos.Event) {
			if e.Kind == halos.Refused {
				refused = append(refused, e.Peer+": "+e.Reason)
			}
		}
		wg.Go(func() {
			if err := halos.Run(t.Context(), w.gps, halos.RunConfig{Transport: must(net.Join("gps")), Observe: observe}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		stranger := must(net.Join("stranger"))
		for _, frame := range []string{"?", "GET / HTTP/1.1", strings.Repeat("HALO", 40)} {
			for stranger.Send(t.Context(), "gps", []byte(frame)) != nil {
				must(stranger.Recv(t.Context()))
			}
		}
		synctest.Wait()
		for _, m := range w.all[1:] {
			wg.Go(func() {
				if err := halos.Run(t.Context(), m, halos.RunConfig{Transport: must(net.Join(m.ID())), Trainer: descend}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(refused) != 3 || w.gps.Steps() < 40 {
			t.Errorf("%d local steps; refused %q", w.gps.Steps(), refused)
		}
	})
}
