package sim_test

import (
	"testing"

	"github.com/halos-go/sdk/halos"
)

// A counted Machine notes how many inputs it gets in one Step.
type counted struct {
	halos.Machine
	t     *testing.T
	steps map[int]int // by number of inputs
}

func (c *counted) Step(in []halos.Input, out *halos.Output) {
	c.steps[len(in)]++
	for _, i := range in {
		if _, start := i.Msg.(*halos.Start); start && len(in) > 1 {
			c.t.Error("Start does not come alone")
		}
		if i.Now != in[0].Now {
			c.t.Error("inputs of two times in one Step")
		}
	}
	c.Machine.Step(in, out)
}

// TestGather: updates that arrive at the same time are taken together, up to four, cut at
// places that the seed says; each is counted all the same. Without a seed each comes alone.
func TestGather(t *testing.T) {
	run := func(seed uint64) (steps map[int]int, w *town) {
		w = newTown(t, 9)
		eu := &counted{w.newLPS("eu"), t, make(map[int]int)}
		w.Gather = seed
		n := w.Add(0, eu)
		for i := range w.trained {
			w.Quit(10_000, w.addWorker(0, i, "eu", 100))
		}
		w.Restart(5000, n, &counted{w.newLPS("eu"), t, eu.steps})
		w.Quit(12_000, n)
		w.Quit(13_000, 0)
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return eu.steps, w
	}
	alone, w := run(0)
	if len(alone) != 1 {
		t.Errorf("without a seed: Steps by number of inputs: %v", alone)
	}
	steps, v := run(7)
	if len(steps) != 4 || steps[1] < 50 || steps[2] < 50 || steps[3] < 50 || steps[4] < 50 {
		t.Errorf("Steps by number of inputs: %v: want many of 1, 2, 3 and 4", steps)
	}
	if v.Events() != w.Events() || v.reached != w.reached {
		t.Errorf("%d events and %d updates together, %d and %d one by one", v.Events(), v.reached, w.Events(), w.reached)
	}
	if other, _ := run(8); other[1] == steps[1] && other[2] == steps[2] && other[3] == steps[3] {
		t.Errorf("two seeds, one run: %v", other)
	}
}
