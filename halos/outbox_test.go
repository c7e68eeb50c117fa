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
