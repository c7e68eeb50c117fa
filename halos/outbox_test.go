package halos

import (
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// TestLaterFrameReplacesUnsent: with a peer that takes nothing the loop must
// neither wait nor hold more than one frame.
func TestLaterFrameReplacesUnsent(t *testing.T) {
	o, emptied := newOutbox(), 0
	for i := range byte(5) {
		box := o.box("slow", func(<-chan []byte) { emptied++ })
		o.put(box, append(o.take(), i))
	}
	if frame := <-o.boxes["slow"]; len(frame) != 1 || frame[0] != 4 {
		t.Errorf("the peer is sent %v, want the last frame", frame)
	}
	if emptied != 1 {
		t.Errorf("%d goroutines for one peer", emptied)
	}
}

// A node that keeps its model in ordinary memory has one frame for a peer that takes
// nothing: the memory of the unsent one is that of the next.
func TestOneFrameForAPeer(t *testing.T) {
	d := driver{outbox: newOutbox()}
	box := d.outbox.box("slow", func(<-chan []byte) {})
	frames := make(map[*byte]bool)
	for range 10 {
		out := Output{Send: []Envelope{{"slow", &Model{Params: make([]float32, 100)}}}}
		if err := d.carryOut(t.Context(), &out, 0); err != nil {
			t.Fatal(err)
		}
		frame := <-box
		frames[&frame[0]] = true
		box <- frame
	}
	if len(frames) != 1 {
		t.Errorf("%d frames", len(frames))
	}
}

// TestOldRequestIsNotAnswered: a child has long had the answer to a request
// before its last one.
func TestOldRequestIsNotAnswered(t *testing.T) {
	for role, s := range servers(3, kernels.CPU{}) {
		step := updates(s, 3)
		step()
		step()
		var out Output
		s.Step(Input{From: "w", Msg: &Push{Receipt: Receipt{1, 2}, Steps: 1, Updates: 1, Delta: make([]float32, 3)}}, &out)
		if len(out.Send) != 0 || len(out.Events) != 1 || out.Events[0].Kind != Repeated {
			t.Errorf("%s: sends %d, events %v", role, len(out.Send), out.Events)
		}
	}
}
