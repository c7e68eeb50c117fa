package sim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// A town is a GPS and regions of workers that count: the model has one element
// for each worker, and a round of that worker lowers it by one. All optimizers
// are plain and the merge repeats what it has not seen, so element w of a
// server's model is, but for the sign, how many updates of worker w are in it,
// exactly. The GPS is node 0.
type town struct {
	*sim.Sim
	t       testing.TB
	gps     *halos.GPS
	layout  optim.Layout
	trained []int // rounds, by worker
	applied []int // updates of it at LPSs
	late    []int // those of them after 45 s
	reached int   // updates at the GPS, as it says
	wire    func(from, to int, m halos.Message) (ms float64, ok bool)
}

func newTown(t testing.TB, workers int) *town { return newTownOf(t, workers, workers) }

// newTownOf is for workers that count in another way, in so many elements.
func newTownOf(t testing.TB, workers, elements int) *town {
	w := &town{
		t:       t,
		layout:  optim.Layout{Segments: []optim.Segment{{Name: "rounds", Shape: []int{elements}}}},
		trained: make([]int, workers),
		applied: make([]int, workers),
		late:    make([]int, workers),
		wire:    func(int, int, halos.Message) (float64, bool) { return 20, true },
	}
	w.Sim = &sim.Sim{Network: w, Observer: w}
	w.gps = must(halos.NewGPS(halos.GPSConfig{ServerConfig: w.server("gps")}))
	w.Add(0, w.gps)
	return w
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func (w *town) server(id string) halos.ServerConfig {
	return halos.ServerConfig{ID: id, Params: make([]float32, w.layout.Len()), Layout: w.layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}
}

func (w *town) newLPS(id string) *halos.LPS {
	return must(halos.NewLPS(halos.LPSConfig{ServerConfig: w.server(id), Parent: "gps", Lease: 8,
		Accumulator: &merge.Every{K: 3, KeepInFlight: true}, Merger: merge.Replay{}}))
}

func (w *town) newWorker(i int, lps string) *halos.Worker {
	return must(halos.NewWorker(halos.WorkerConfig{ID: fmt.Sprint("w", i), Parent: lps, Layout: w.layout, Steps: 4, Samples: 8}))
}

// addWorker adds worker i, whose rounds take so long.
func (w *town) addWorker(at float64, i int, lps string, ms float64) int {
	train := halos.TrainerFunc(func(_ context.Context, params []float32, _ halos.Task) error {
		w.trained[i]++
		params[i]--
		return nil
	})
	return w.AddWorker(at, w.newWorker(i, lps), train, func(uint64) float64 { return ms })
}

func (w *town) Transfer(from, to int, m halos.Message) (float64, bool) { return w.wire(from, to, m) }

func (w *town) Observe(ms float64, node int, e halos.Event) {
	switch {
	case e.Kind != halos.Updated:
	case node == 0:
		w.reached += int(e.Updates)
	default:
		var i int
		must(fmt.Sscanf(e.Peer, "w%d", &i))
		w.applied[i]++
		if ms > 45000 {
			w.late[i]++
		}
	}
}

// check wants every update counted once, and lost only those rounds that were
// under way when one of a worker's lives ended.
func (w *town) check(lives func(worker int) int) {
	w.t.Helper()
	total := 0
	for i, x := range w.gps.Params() {
		total -= int(x)
		if -int(x) != w.applied[i] {
			w.t.Errorf("worker %d: %v updates in the global model, %d applied", i, -x, w.applied[i])
		}
		if lost := w.trained[i] - w.applied[i]; lost < 0 || lost > lives(i) {
			w.t.Errorf("worker %d: %d updates applied of %d rounds in %d lives", i, w.applied[i], w.trained[i], lives(i))
		}
	}
	if total != w.reached || w.gps.Steps() != uint64(4*total) {
		w.t.Errorf("%d updates in the global model; the GPS counts %d, and %d steps", total, w.reached, w.gps.Steps())
	}
}

// TestComingAndGoing lets a region and workers join late, workers leave and die,
// and four of ten requests and answers be lost, and wants exact books. At the
// end everybody goes in good order, so that nothing is left on the way.
func TestComingAndGoing(t *testing.T) {
	for seed := range uint64(100) {
		w := newTown(t, 7)
		rng := splitmix(seed)
		w.wire = func(_, _ int, m halos.Message) (float64, bool) {
			if _, leave := m.(*halos.Leave); !leave && w.Now() < 40000 && rng()%10 < 4 {
				return 500, false
			}
			return 20, true
		}
		eu, us := w.Add(0, w.newLPS("eu")), w.Add(5000, w.newLPS("us"))
		var workers []int
		for i, at := range []float64{0, 0, 9000, 0, 7000, 0} { // the fourth and the last wait for their server
			workers = append(workers, w.addWorker(at, i, []string{"eu", "us"}[i/3], 100+float64(rng()%200)))
		}
		w.Quit(8000, workers[1])
		w.Restart(10000+float64(rng()%999), workers[0], w.newWorker(0, "eu"))
		w.Restart(20000+float64(rng()%999), workers[0], w.newWorker(0, "eu"))
		w.Restart(30000, workers[1], w.newWorker(1, "eu")) // who had left
		for _, n := range workers {
			w.Quit(50000, n)
		}
		w.Quit(60000, eu)
		w.Quit(60000, us)
		w.Quit(70000, 0)
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.check(func(i int) int { return []int{3, 2, 1, 1, 1, 1, 0}[i] })
		if slices.Min(w.late[:6]) < 5000/350 {
			t.Errorf("updates in the last five seconds by worker: %v", w.late)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// TestServerRestarts: what a region had not passed on is lost with its server, and the
// region goes on from the global model. Of what was trained all is in the global model but
// that, what workers count as lost, and what was under way as they left.
func TestServerRestarts(t *testing.T) {
	for at := 5000.0; at < 5300; at += 10 {
		w := newTown(t, 2)
		eu := w.Add(0, w.newLPS("eu"))
		workers := []int{w.addWorker(0, 0, "eu", 100), w.addWorker(0, 1, "eu", 130)}
		w.Restart(at, eu, w.newLPS("eu"))
		for _, n := range workers {
			w.Quit(10_000, n)
		}
		w.Quit(11_000, eu)
		w.Quit(12_000, 0)
		unsent, lost := 0, 0 // in the region's model
		died := false
		w.Observer = observer(func(ms float64, node int, e halos.Event) {
			w.Observe(ms, node, e)
			if ms >= at && !died && node == eu && e.Kind != halos.Lost { // what it does first in its new life
				died, lost, unsent = true, lost+unsent, 0
			}
			switch {
			case node == eu && e.Kind == halos.Updated:
				unsent += int(e.Updates)
			case node == eu && e.Kind == halos.Sent:
				unsent -= int(e.Updates)
			case e.Kind == halos.Lost && ms < 10_000:
				lost += int(e.Updates)
			}
		})
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		trained, reached := 0, 0
		for i, x := range w.gps.Params() {
			trained, reached = trained+w.trained[i], reached-int(x)
			if -int(x) > w.trained[i] {
				t.Errorf("worker %d: %v updates in the global model of %d rounds", i, -x, w.trained[i])
			}
		}
		if missing := trained - reached - lost; missing < 0 || missing > len(workers) {
			t.Errorf("restart at %v ms: %d trained, %d in the global model, %d lost", at, trained, reached, lost)
		}
		if reached != w.reached || reached < 100 {
			t.Errorf("%d updates in the global model; the GPS counts %d", reached, w.reached)
		}
	}
}

// TestGone: a server told that a child is gone goes on without it, and takes it again when
// it comes back; a worker told that its server is gone ends.
func TestGone(t *testing.T) {
	w := newTown(t, 2)
	eu := w.Add(0, w.newLPS("eu"))
	back, away := w.addWorker(0, 0, "eu", 100), w.addWorker(0, 1, "eu", 130)
	w.Gone(5000, eu, back)
	w.Gone(9000, away, eu)
	var told []string
	w.Observer = observer(func(ms float64, node int, e halos.Event) {
		w.Observe(ms, node, e)
		if ms >= 5000 && (e.Kind == halos.Left || e.Kind == halos.Joined || e.Kind == halos.Lost) {
			told = append(told, fmt.Sprint(node, " ", e.Kind, " ", e.Peer, " ", e.Updates))
		}
	})
	err := w.Run(t.Context())
	if !errors.Is(err, halos.ErrUnreachable) || w.Now() != 9000 {
		t.Errorf("at %v ms: %v", w.Now(), err)
	}
	if want := []string{"1 left w0 0", "2 lost eu 1", "1 joined w0 0"}; !slices.Equal(told[:min(3, len(told))], want) {
		t.Errorf("told %q, want %q first", told, want)
	}
	if w.trained[0] < 60 {
		t.Errorf("%d rounds of the worker that came back", w.trained[0])
	}
}

// TestCutAndHeal: a link that has been cut twice is up when both have healed, and no update is
// lost for good.
func TestCutAndHeal(t *testing.T) {
	w := newTown(t, 1)
	eu := w.Add(0, w.newLPS("eu"))
	worker := w.addWorker(0, 0, "eu", 100)
	w.Cut(5000, worker, eu)
	w.Cut(6000, eu, worker)
	w.Heal(7000, eu, worker)
	w.Heal(9000, worker, eu)
	w.Heal(9500, worker, eu) // nothing is cut
	w.Quit(20_000, worker)
	w.Quit(21_000, eu)
	w.Quit(22_000, 0)
	var at []float64
	w.Observer = observer(func(ms float64, node int, e halos.Event) {
		if w.Observe(ms, node, e); node == eu && e.Kind == halos.Updated {
			at = append(at, ms)
		}
	})
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.check(func(int) int { return 1 })
	i := slices.IndexFunc(at, func(ms float64) bool { return ms > 5000 })
	if at[i] != 9020 || w.applied[0] < (20_000-4000)/140-2 {
		t.Errorf("%d updates, the first after the cut at %v ms, want it at 9020", len(at), at[i])
	}
}

// TestJoinDuringRun lets an Observer add a worker when it sees an update.
func TestJoinDuringRun(t *testing.T) {
	w := newTown(t, 2)
	w.Add(0, w.newLPS("eu"))
	w.addWorker(0, 0, "eu", 100)
	joined := 0.0
	w.Observer = observer(func(ms float64, node int, e halos.Event) {
		w.Observe(ms, node, e)
		if w.applied[0] == 10 && joined == 0 {
			joined = ms
			w.addWorker(ms+1000, 1, "eu", 100)
		}
		if w.applied[1] == 10 {
			w.Stop()
		}
	})
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := w.Now() - joined; w.applied[1] != 10 || took < 1000+10*140 || took > 1000+11*140 {
		t.Errorf("applied %v, %v ms after the decision", w.applied, took)
	}
}

type observer func(ms float64, node int, e halos.Event)

func (o observer) Observe(ms float64, node int, e halos.Event) { o(ms, node, e) }

// TestLateServer: what is sent to a node that has not started waits until it has.
func TestLateServer(t *testing.T) {
	w := newTown(t, 1)
	eu := w.Add(3000, w.newLPS("eu"))
	w.addWorker(0, 0, "eu", 100)
	w.Observer = observer(func(ms float64, node int, e halos.Event) {
		if node == eu && ms < 3000 {
			t.Errorf("%s at %v ms", e.Kind, ms)
		}
		if w.Observe(ms, node, e); w.applied[0] == 3 {
			w.Stop()
		}
	})
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := 3000 + 40 + 20 + 100 + 2*140 + 20.0; w.Now() != want { // the LPS asks the GPS before it answers
		t.Errorf("third update at %v ms, want %v", w.Now(), want)
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
