package halos

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halos-go/sdk/transport"
)

// TestPartOfAMemory: a Machine may push a part of the vector that it was given, or none of
// it. The frame has what the Push has.
func TestPartOfAMemory(t *testing.T) {
	d := newDriver(t.Context(), &GPS{}, RunConfig{Bodies: 4, Patience: Forever}, nil)
	for _, n := range []int{0, 3} {
		v := d.out.Memory(n)
		copy(v, []float32{1, 2, 3})
		for _, delta := range [][]float32{v, v[:min(2, n)], {4, 5}} {
			f, err := d.frame(Envelope{"gps", &Push{Delta: delta}})
			if err != nil {
				t.Fatal(err)
			}
			if f.body == nil && len(delta) > 0 || f.body != nil && !slices.Equal(f.body.v, delta) {
				t.Errorf("of a memory of %d, %v is sent as %v", n, delta, f.body)
			}
			f.release()
		}
	}
}

// A hasty machine asks to train at each input.
type hasty struct{ task Task }

func (*hasty) ID() string              { return "hasty" }
func (*hasty) Peers() iter.Seq[string] { return func(func(string) bool) {} }
func (h *hasty) Step(_ []Input, out *Output) {
	h.task = Task{Params: []float32{1}}
	out.Train = &h.task
}

// TestOneTrainingAtATime: a Machine that asks to train while it trains is ended with an
// error. A Trainer is never called twice at the same time.
func TestOneTrainingAtATime(t *testing.T) {
	tp := &tape{events: make(chan transport.Event, 1)}
	var at, most atomic.Int32
	train := TrainerFunc(func(ctx context.Context, _ []float32, _ Task) error {
		most.Store(max(most.Load(), at.Add(1)))
		defer at.Add(-1)
		tp.events <- transport.Event{Peer: "p", Linked: true}
		<-ctx.Done()
		return nil
	})
	err := Run(t.Context(), &hasty{}, RunConfig{Transport: tp, Trainer: train})
	if err == nil || !strings.Contains(err.Error(), "hasty asks to train while it trains") || most.Load() != 1 {
		t.Errorf("ends with %v; %d at a time", err, most.Load())
	}
}

// TestTinyPatience: however short the patience, the loop is not busy with it.
func TestTinyPatience(t *testing.T) {
	if r := newReach(1); r.every < time.Millisecond {
		t.Errorf("the loop looks every %v", r.every)
	}
}
