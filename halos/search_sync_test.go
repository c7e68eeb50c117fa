package halos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/optim"
)

// TestSearchSync is TestSearch for a Sync: when nothing fails any more every round closes,
// and there are never more updates in rounds than were trained.
func TestSearchSync(t *testing.T) {
	for seed := uint64(1); seed <= 1000; seed++ {
		w := newSyncWorld(seed)
		if *searchSeed == seed {
			w.t = t
		}
		if err := w.runSync(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func newSyncWorld(seed uint64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 11)), byName: make(map[string]*actor), flights: make(map[[2]string][]Message)}
	workers := 1 + w.r.IntN(4)
	w.trained = make([]int, workers)
	w.layout = optim.Layout{Segments: []optim.Segment{{Name: "rounds", Shape: []int{workers}}}}
	w.add(&actor{id: "sync", worker: -1, make: w.makeSync})
	for i := range workers {
		w.add(&actor{id: fmt.Sprint("w", i), parent: "sync", worker: i, make: w.makeWorker})
	}
	return w
}

func (w *world) makeSync(a *actor) Machine {
	cfg := SyncConfig{ServerConfig: w.config(a.id), Workers: 1 + w.r.IntN(len(w.trained))}
	if old, ok := a.machine.(*Sync); ok {
		cfg.Params, cfg.Resume = slices.Clone(old.Params()), &Resume{Point: old.Point(), Work: old.Work(), Sample: old.NextSample()}
	}
	return must1(NewSync(cfg))
}

// runSync is run for a Sync.
func (w *world) runSync() error {
	for _, a := range w.nodes {
		w.begin(a)
	}
	root := w.nodes[0]
	for range 30 + w.r.IntN(150) {
		if err := w.turn(); err != nil {
			return err
		}
		if w.r.IntN(10) == 0 { // the forger would be waited for
			if err := w.step(root, Input{From: "evil", Msg: &Gone{}}); err != nil {
				return err
			}
		}
	}
	w.calm = true
	if err := w.step(root, Input{From: "evil", Msg: &Gone{}}); err != nil {
		return err
	}
	for _, a := range w.nodes[1:] {
		w.cut(a.id, a.parent)
	}
	if err := w.goesOn(); err != nil {
		return err
	}
	if s := root.machine.(*Sync); int(s.Work().Updates) > sum(w.trained) {
		return fmt.Errorf("%d updates in rounds of %d trained", s.Work().Updates, sum(w.trained))
	}
	return nil
}
