package halos

import (
	"testing"

	"github.com/halos-go/sdk/optim"
)

// TestWorkerThatGivesUpLeaves: a worker that ends after ten useless rounds says so, so that
// a round waits no longer for it.
func TestWorkerThatGivesUpLeaves(t *testing.T) {
	w := must1(NewWorker(WorkerConfig{ID: "w", Parent: "sync", Layout: optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}, Steps: 1, Samples: 1}))
	var out Output
	w.Step([]Input{{Msg: &Start{Incarnation: 1}}}, &out)
	for !out.Done {
		out.Reset()
		w.Step([]Input{{From: "sync", Msg: &Refuse{Receipt: w.up.receipt, Code: BadUpdate, Reason: "no"}}}, &out)
	}
	if len(out.Send) != 1 {
		t.Fatalf("its last Step sends %d messages, want a Leave", len(out.Send))
	}
	if _, ok := out.Send[0].Msg.(*Leave); !ok {
		t.Errorf("its last word is %s", show(out.Send[0].Msg))
	}
}
