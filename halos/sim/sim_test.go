package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// TestOrder: events come in order of time, and those of one time in the order
// in which they were caused.
func TestOrder(t *testing.T) {
	w := newTown(t, 3)
	w.wire = func(int, int, halos.Message) (float64, bool) { return 0, true }
	for _, i := range []int{2, 0, 1} {
		w.addWorker(0, i, "gps", 100)
	}
	var order []string
	last := 0.0
	w.Observer = observer(func(ms float64, _ int, e halos.Event) {
		if ms < last {
			t.Errorf("%v ms after %v ms", ms, last)
		}
		last = ms
		if e.Kind == halos.Updated {
			order = append(order, fmt.Sprint(ms, e.Peer))
		}
		if len(order) == 6 {
			w.Stop()
		}
	})
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "100w2 100w0 100w1 200w2 200w0 200w1" {
		t.Errorf("updates come as %s", got)
	}
}

// TestWorkersDoNotMatter trains on one, two and eight goroutines, lets workers
// die in the middle of a round, and wants the same bits, and no Trainer called
// twice at the same time.
func TestWorkersDoNotMatter(t *testing.T) {
	var want []float32
	for _, goroutines := range []int{1, 2, 8} {
		gps := must(halos.NewGPS(halos.GPSConfig{TotalSteps: 2000, ServerConfig: halos.ServerConfig{ID: "gps", Params: []float32{3, -2},
			Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: 4}}, LR: optim.Constant(0.5)}}))
		s := &sim.Sim{Network: free{}, Workers: goroutines}
		s.Observer = observer(func(_ float64, node int, e halos.Event) {
			if node == 0 && e.Kind == halos.Stopped {
				s.Stop()
			}
		})
		s.Add(0, gps)
		worker := func(i int) *halos.Worker {
			return must(halos.NewWorker(halos.WorkerConfig{ID: fmt.Sprint("w", i), Parent: "gps", Steps: 2, Samples: 2,
				Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{2}}}}}))
		}
		for i := range 8 {
			var busy atomic.Bool
			past := float32(0) // state of the Trainer
			n := s.AddWorker(0, worker(i), halos.TrainerFunc(func(_ context.Context, x []float32, task halos.Task) error {
				if busy.Swap(true) {
					t.Error("a Trainer is called twice at the same time")
				}
				defer busy.Store(false)
				for range 3000 * task.Steps {
					past = 0.5*past + x[0] - float32(task.Claim.First%7)
					x[0], x[1] = x[0]-3e-6*past, x[1]-3e-6*(x[1]-past)
				}
				return nil
			}), func(uint64) float64 { return 100 + float64(i) })
			for death := range 5 {
				s.Restart(float64(50+333*death+i), n, worker(i))
			}
		}
		if err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = gps.Params()
		}
		if !slices.Equal(gps.Params(), want) || gps.Steps() < 2000 {
			t.Errorf("%d goroutines: %v after %d steps, want %v", goroutines, gps.Params(), gps.Steps(), want)
		}
	}
}

// free is a network on which nothing takes time.
type free struct{}

func (free) Transfer(int, int, halos.Message) (float64, bool) { return 0, true }

// TestErrors: errors of Trainers and nodes, and the end of the context, end Run.
func TestErrors(t *testing.T) {
	oops := errors.New("out of memory")
	cause := errors.New("enough")
	for _, goroutines := range []int{1, 3} {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		train := func(round uint64, do func() error) halos.Trainer {
			return halos.TrainerFunc(func(_ context.Context, _ []float32, task halos.Task) error {
				if task.Round == round {
					return do()
				}
				return nil
			})
		}
		tests := []struct {
			trainer halos.Trainer
			layout  int
			want    error
			text    string
		}{
			{train(3, func() error { return oops }), 1, oops, "sim: halos: w0: round 3: out of memory"},
			{train(0, nil), 2, nil, "sim: halos: w0: refused by gps: bad hello: layout: tensor 0"},
			{train(5, func() error { cancel(cause); return nil }), 1, cause, "enough"},
			{train(5, func() error { cancel(cause); return ctx.Err() }), 1, cause, "enough"},
		}
		for _, tt := range tests {
			w := newTown(t, 1)
			w.Workers = goroutines
			w.layout.Segments[0].Shape[0] = tt.layout
			m := w.newWorker(0, "gps")
			w.AddWorker(0, m, tt.trainer, func(uint64) float64 { return 1 })
			err := w.Run(ctx)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), tt.text) {
				t.Errorf("%d goroutines: got %v, want %s", goroutines, err, tt.text)
			}
			if w.Events() > 50 {
				t.Errorf("%d goroutines: %s: only after %d events", goroutines, tt.text, w.Events())
			}
		}
	}
}

// TestNothingIsLeftRunning: an error of one Trainer ends the training of others,
// and Run returns when they have.
func TestNothingIsLeftRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, 2)
		w.Workers = 3
		oops, ended, begun := errors.New("out of memory"), false, make(chan struct{})
		w.AddWorker(0, w.newWorker(0, "gps"), halos.TrainerFunc(func(context.Context, []float32, halos.Task) error { <-begun; return oops }), func(uint64) float64 { return 1 })
		w.AddWorker(0, w.newWorker(1, "gps"), halos.TrainerFunc(func(ctx context.Context, _ []float32, _ halos.Task) error {
			close(begun)
			<-ctx.Done()
			ended = true
			return context.Cause(ctx)
		}), func(uint64) float64 { return 1e6 })
		if err := w.Run(t.Context()); !errors.Is(err, oops) || !ended {
			t.Errorf("%v; the other has ended: %v", err, ended)
		}
	})
}

// TestPanics: what only a mistake in the program can do.
func TestPanics(t *testing.T) {
	for want, do := range map[string]func(w *town){
		"sim: two nodes of one name": func(w *town) { w.Add(0, w.gps) },
		"sim: event before now":      func(w *town) { w.Quit(-1, 0) },
		"sim: event before now ":     func(w *town) { w.Quit(nan(), 0) },
		"sim: event before now  ": func(w *town) {
			w.wire = func(int, int, halos.Message) (float64, bool) { return -1, true }
			w.addWorker(1, 0, "gps", 1)
			_ = w.Run(t.Context())
		},
	} {
		func() {
			defer func() {
				if got := recover(); got != strings.TrimSpace(want) {
					t.Errorf("got %v, want %s", got, want)
				}
			}()
			do(newTown(t, 1))
		}()
	}
}

func nan() float64 {
	zero := 0.0
	return zero / zero
}
