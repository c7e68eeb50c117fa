package halos_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda"
	"github.com/halos-go/sdk/kernels/kerneltest"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// TestBackends is a hundred deltas and more at the GPS of three regions, on the CPU and
// elsewhere: the same seed and order, and so the same model to the bit. With
// HALOS_TEST_GPU=1 also on a GPU.
func TestBackends(t *testing.T) {
	train := func(b kernels.Backend) (*halos.GPS, uint64) {
		rng := splitmix(7)
		w := buildIn(b, 3, 3, 4, 6000)
		simulate(t, w, nil, func(int, int, halos.Message) (float64, bool) { return float64(rng() % 50), true },
			func(int) float64 { return 100 + float64(rng()%200) })
		return w.gps, w.gps.Version()
	}
	want, updates := train(kernels.CPU{})
	if updates < 100 {
		t.Fatalf("%d updates, want at least 100", updates)
	}
	all := []kernels.Backend{new(kerneltest.Untouchable)}
	if os.Getenv("HALOS_TEST_GPU") == "1" {
		all = append(all, must2(cuda.Select("cuda")))
	}
	for _, b := range all {
		got, n := train(b)
		if !slices.Equal(got.Params(), want.Params()) || n != updates {
			t.Errorf("%s: after %d updates the model is %v\non the CPU after %d %v", b.Name(), n, got.Params(), updates, want.Params())
		}
		if err := errors.Join(b.Err(), b.Close()); err != nil {
			t.Errorf("%s: %v", b.Name(), err)
		}
	}
}

func must2[T any](x T, _ string, err error) T { return must(x, err) }

// A plug that touches elements is refused where that cannot be, and not at the first
// update.
func TestPlugRefusesBackend(t *testing.T) {
	b := new(kerneltest.Untouchable)
	cfg := server(b, "gps", 1, nil)
	cfg.Optimizer = &byHand{}
	_, err := halos.NewGPS(halos.GPSConfig{ServerConfig: cfg})
	want := "halos: GPSConfig.Optimizer: byhand touches parameters itself: want Backend cpu, not untouchable"
	if err == nil || err.Error() != want {
		t.Errorf("NewGPS: %v\nwant %s", err, want)
	}
}

type byHand struct{ optim.SGD }

func (*byHand) Init(b kernels.Backend, _ int) error { return state.OnlyCPU("byhand", b) }

// A model that comes from another Backend is looked at as any other.
func TestBadModelElsewhere(t *testing.T) {
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	cfg := server(b, "gps", 1, nil)
	bad := must(b.Make(dim))
	cfg.Params[3] = float32(math.Inf(1))
	kernels.Copy(bad, cfg.Params)
	cfg.Params = bad
	_, err := halos.NewGPS(halos.GPSConfig{ServerConfig: cfg})
	if want := "halos: GPSConfig.Params[3] is +Inf: want finite values"; err == nil || err.Error() != want {
		t.Errorf("NewGPS: %v\nwant %s", err, want)
	}
}

// A Backend without room is an error of the constructor, with the field.
func TestNoRoom(t *testing.T) {
	full := errors.New("no room left")
	for calls := range 8 { // to make the model, the base, the delta, and what the plugs have
		b := new(kerneltest.Untouchable)
		b.Fail(calls, full)
		_, err := halos.NewLPS(halos.LPSConfig{ServerConfig: server(b, "lps", 1, nil), Parent: "gps", Lease: 1,
			Accumulator: &merge.Every{K: 1}, Merger: merge.Mix{}})
		if err != nil && (!errors.Is(err, full) || !strings.HasPrefix(err.Error(), "halos: LPSConfig.")) {
			t.Errorf("after %d calls: %v", calls, err)
		}
		if calls == 0 && err == nil {
			t.Error("no error")
		}
	}
}

// A constructor makes sure that there is room for two snapshots besides what the server
// keeps, and keeps nothing if it fails.
func TestConstructorsTakeWhatTheyNeed(t *testing.T) {
	lps := func(b kernels.Backend, alpha float64) error {
		_, err := halos.NewLPS(halos.LPSConfig{ServerConfig: server(b, "lps", 1, nil), Parent: "gps", Lease: 1,
			Accumulator: &merge.Every{K: 1}, Merger: merge.Mix{Alpha: alpha}})
		return err
	}
	sync := func(b kernels.Backend, workers int) error {
		_, err := halos.NewSync(halos.SyncConfig{ServerConfig: server(b, "sync", 1, nil), Workers: workers})
		return err
	}
	gps := func(b kernels.Backend) error {
		_, err := halos.NewGPS(halos.GPSConfig{ServerConfig: server(b, "gps", 1, nil)})
		return err
	}
	for role, c := range map[string]struct {
		create func(b kernels.Backend) error
		calls  int // of the Backend that succeed; 0 for all
		live   int // vectors, afterwards
		fails  bool
	}{
		"GPS":                         {create: gps, live: 1},
		"GPS with just enough":        {create: gps, calls: 4, live: 1}, // the model, a copy into it, two snapshots
		"GPS with room for one":       {create: gps, calls: 3, fails: true},
		"Sync":                        {create: func(b kernels.Backend) error { return sync(b, 1) }, live: 1},
		"Sync with room for one":      {create: func(b kernels.Backend) error { return sync(b, 1) }, calls: 3, fails: true},
		"Sync of no workers":          {create: func(b kernels.Backend) error { return sync(b, 0) }, fails: true},
		"LPS":                         {create: func(b kernels.Backend) error { return lps(b, 0.5) }, live: 2},
		"LPS of a bad plug":           {create: func(b kernels.Backend) error { return lps(b, 2) }, fails: true},
		"LPS with room for the model": {create: func(b kernels.Backend) error { return lps(b, 0.5) }, calls: 3, fails: true},
		"LPS with no room for base":   {create: func(b kernels.Backend) error { return lps(b, 0.5) }, calls: 4, fails: true},
	} {
		b := new(kerneltest.Untouchable)
		if c.calls > 0 {
			b.Fail(c.calls, io.ErrShortBuffer)
		}
		if err := c.create(b); (err != nil) != c.fails || b.Live() != c.live {
			t.Errorf("%s: error %v, keeps %d vectors, want %d", role, err, b.Live(), c.live)
		}
		_ = b.Close()
	}
}

// A letter that cannot be completed when the loop has ended is an error of Run all the same.
func TestLastLetterIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := errors.New("lost")
		b := &slow{Untouchable: new(kerneltest.Untouchable), takes: 10 * time.Second}
		defer func() { _ = b.Close() }()
		gps := must(halos.NewGPS(halos.GPSConfig{ServerConfig: server(b, "gps", 1, nil)}))
		var net transport.Mem
		quit := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = halos.Run(ctx, newWorker("w", "gps"), halos.RunConfig{Transport: must(net.Join("w")), Trainer: descend})
		})
		time.AfterFunc(time.Second, func() { close(quit) })
		time.AfterFunc(5*time.Second, func() { b.Fail(0, lost) })
		err := halos.Run(t.Context(), gps, halos.RunConfig{Transport: must(net.Join("gps")), Quit: quit, Grace: time.Second})
		if !errors.Is(err, lost) {
			t.Errorf("Run returns %v", err)
		}
		stop()
		wg.Wait()
	})
}

// A server whose GPU is lost, at whichever call that is, ends with the error, and nobody
// has heard a number from it that was not its model.
func TestBackendFails(t *testing.T) {
	lost := errors.New("the GPU has fallen off the bus")
	for after := 0; after < 300; after += 7 {
		synctest.Test(t, func(t *testing.T) {
			b := new(kerneltest.Untouchable)
			defer func() { _ = b.Close() }()
			w := build(0, 0, 1, 0)
			w.all = append(w.all, newLPS(b, "lps0", 4), newWorker("v", "lps0"), newWorker("w", "lps0"))
			b.Fail(after, lost)
			ctx, stop := context.WithCancel(t.Context())
			var net transport.Mem
			var wg sync.WaitGroup
			for _, m := range w.all {
				tr := &listener{Transport: must(net.Join(m.ID())), t: t}
				wg.Go(func() {
					slow := halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
						time.Sleep(100 * time.Millisecond)
						return descend(ctx, x, task)
					})
					err := halos.Run(ctx, m, halos.RunConfig{Transport: tr, Trainer: slow})
					if m.ID() == "lps0" && !errors.Is(err, lost) {
						t.Errorf("after %d calls %s ends with %v", after, m.ID(), err)
					}
				})
			}
			time.Sleep(time.Minute)
			stop()
			wg.Wait()
		})
	}
}

// A listener hears what a node sends.
type listener struct {
	transport.Transport
	t     *testing.T
	mu    sync.Mutex // guards kinds
	kinds []byte     // of the messages sent
}

func (l *listener) Send(ctx context.Context, to string, parts ...[]byte) error {
	frame := slices.Concat(parts...)
	if len(frame) == 0 {
		return l.Transport.Send(ctx, to)
	}
	const push, model, body = 2, 3, 128 // these have no text
	for i := body; frame[9] >= push && frame[9] <= model && i+4 <= len(frame); i += 4 {
		if x := math.Float32frombits(uint32(frame[i]) | uint32(frame[i+1])<<8 | uint32(frame[i+2])<<16 | uint32(frame[i+3])<<24); x-x != 0 {
			l.t.Errorf("%s was sent %v", to, x)
		}
	}
	l.mu.Lock()
	l.kinds = append(l.kinds, frame[9])
	l.mu.Unlock()
	return l.Transport.Send(ctx, to, parts...)
}

// An answer that takes long to come out of the Backend does not hold up the updates that
// arrive meanwhile.
func TestSlowSnapshotHoldsUpNoUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &slow{Untouchable: new(kerneltest.Untouchable), takes: 10 * time.Second}
		defer func() { _ = b.Close() }()
		gps := must(halos.NewGPS(halos.GPSConfig{ServerConfig: server(b, "gps", 1, nil)}))
		var net transport.Mem
		var wg sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		var updated []time.Duration
		observe := func(now time.Duration, e halos.Event) {
			if e.Kind == halos.Updated {
				updated = append(updated, now)
			}
		}
		wg.Go(func() {
			_ = halos.Run(ctx, gps, halos.RunConfig{Transport: must(net.Join("gps")), Observe: observe})
		})
		train := halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
			time.Sleep(time.Second)
			return descend(ctx, x, task)
		})
		for _, id := range []string{"v", "w"} {
			wg.Go(func() {
				_ = halos.Run(ctx, newWorker(id, "gps"), halos.RunConfig{Transport: must(net.Join(id)), Trainer: train})
			})
		}
		time.Sleep(100 * time.Second)
		stop()
		wg.Wait()
		// Both pull at once. One has the model after 10 s, the other after 20 s.
		if len(updated) < 5 || updated[0] != 11*time.Second {
			t.Errorf("updates at %v, want the first at 11s", updated)
		}
		if n := b.live.Load(); n != 0 {
			t.Errorf("%d snapshots were not released", n)
		}
	})
}

// What is sent while a model is on its way out of the Backend does not overtake it.
func TestLettersLeaveInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &slow{Untouchable: new(kerneltest.Untouchable), takes: 10 * time.Second}
		defer func() { _ = b.Close() }()
		gps := must(halos.NewGPS(halos.GPSConfig{ServerConfig: server(b, "gps", 1, nil)}))
		var net transport.Mem
		quit := make(chan struct{})
		out := &listener{Transport: must(net.Join("gps")), t: t}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := halos.Run(t.Context(), gps, halos.RunConfig{Transport: out, Quit: quit}); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := halos.Run(t.Context(), newWorker("w", "gps"), halos.RunConfig{Transport: must(net.Join("w")), Trainer: descend}); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(5 * time.Second)
		close(quit)
		wg.Wait()
		const model, stop = 3, 4
		if first := slices.Index(out.kinds, stop); first < 0 || slices.Contains(out.kinds[first:], model) {
			t.Errorf("kinds of messages sent are %v: want no model behind a stop", out.kinds)
		}
	})
}

// slow is a Backend whose snapshots take long to read.
type slow struct {
	*kerneltest.Untouchable
	takes time.Duration
	live  atomic.Int64 // snapshots
}

func (s *slow) Make(n int) ([]float32, error) {
	v, err := s.Untouchable.Make(n)
	if err == nil {
		backend.Unsettle(v)
		backend.Settle(v, s)
	}
	return v, err
}

func (s *slow) Snapshot(v []float32) kernels.Snapshot {
	s.live.Add(1)
	return slowly{s.Untouchable.Snapshot(v), s}
}

type slowly struct {
	kernels.Snapshot
	of *slow
}

func (s slowly) Read(dst []float32) error {
	time.Sleep(s.of.takes)
	return s.Snapshot.Read(dst)
}

func (s slowly) Release() {
	s.of.live.Add(-1)
	s.Snapshot.Release()
}

// Local steps elsewhere end where those on the CPU do.
func TestLocalElsewhere(t *testing.T) {
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	var ends [2][]float32
	for i, place := range []kernels.Backend{nil, b} {
		l := must(halos.NewLocal(halos.LocalConfig{Objective: pull{}, Params: dim, Backend: place, ClipNorm: 0.5,
			Optimizer: &optim.AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Layout: layout}, LR: optim.Constant(0.01)}))
		ends[i] = []float32{6: 3}
		if err := l.Train(t.Context(), ends[i], halos.Task{Steps: 5, Claim: halos.Claim{Count: 10}}); err != nil {
			t.Fatal(err)
		}
		if err := l.Train(t.Context(), ends[i], halos.Task{Steps: 1, Gradient: true, Claim: halos.Claim{Count: 2}}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(ends[0], ends[1]) || ends[0][6] == 3 {
		t.Errorf("ends at %v on the CPU, at %v elsewhere", ends[0], ends[1])
	}
	b.Fail(9, io.ErrUnexpectedEOF)
	l := must(halos.NewLocal(halos.LocalConfig{Objective: pull{}, Params: dim, Backend: b, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}))
	if err := l.Train(t.Context(), ends[0], halos.Task{Steps: 5, Claim: halos.Claim{Count: 10}}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Train on a lost Backend: %v", err)
	}
}

// pull has its minimum at zero, and touches no elements.
type pull struct{}

func (pull) Gradient(_ context.Context, grad, params []float32, _, _ uint64) (float64, error) {
	kernels.Copy(grad, params)
	kernels.Scale(grad, 0.5)
	return kernels.Norm(grad), nil
}
