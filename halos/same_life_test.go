package halos

import (
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
)

// TestSameIncarnationTwice: a node that is started again with the incarnation that it had
// is told so. It does not wait for an answer that its former life has had.
func TestSameIncarnationTwice(t *testing.T) {
	for name, s := range servers(1, kernels.CPU{}) {
		step := updates(s, 1)
		step()
		step()
		w := must1(NewWorker(WorkerConfig{ID: "w", Parent: name, Layout: layoutOf(s), Steps: 1, Samples: 1}))
		var out Output
		w.Step([]Input{{Msg: &Start{Incarnation: 1}}}, &out)
		var answer Output
		s.Step([]Input{{From: "w", Msg: out.Send[0].Msg}}, &answer)
		if len(answer.Send) != 1 {
			t.Errorf("%s: %d answers", name, len(answer.Send))
			continue
		}
		out.Reset()
		w.Step([]Input{{From: name, Msg: answer.Send[0].Msg}}, &out)
		if !out.Done || out.Err == nil {
			t.Errorf("%s: the worker goes on: %s", name, show(answer.Send[0].Msg))
		}
	}
}

func layoutOf(m Machine) optim.Layout {
	switch m := m.(type) {
	case *GPS:
		return m.cfg.Layout
	case *LPS:
		return m.cfg.Layout
	case *Sync:
		return m.cfg.Layout
	}
	return optim.Layout{}
}
