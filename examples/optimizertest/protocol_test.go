package main

import (
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// TestInAServer tells a local server one message after another and looks at what
// it sends. A Machine has no goroutine and no clock, so there is nothing to wait
// for, and the numbers are exact: those of TestLionByHand.
func TestInAServer(t *testing.T) {
	one := optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{1}}}}
	lps, err := halos.NewLPS(halos.LPSConfig{
		ServerConfig: halos.ServerConfig{ID: "eu", Params: []float32{1}, Layout: one,
			Optimizer: &Lion{Beta1: 0.5, Beta2: 0.75}, LR: optim.Constant(0.5)},
		Parent:      "gps",
		Accumulator: &merge.Every{K: 2},
		Merger:      &Bounded{Alpha: 0.5, Most: 0.25},
		Lease:       100,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := scene{t, lps}

	// It begins by asking the GPS for the model. The names of the plugs are in the
	// hello, so that a GPS may Require them.
	hello := s.tell("", &halos.Start{Incarnation: 1})["gps"].(*halos.Pull).Hello
	want := "optimizer=lion(beta1=0.5,beta2=0.75) lr=constant(0.5) accumulator=" + (&merge.Every{K: 2}).Name() + " merger=bounded(alpha=0.5,most=0.25)"
	if hello.Plugs != want {
		t.Errorf("plugs are %q: want %q", hello.Plugs, want)
	}
	s.tell("gps", &halos.Model{Receipt: up(1), Claim: halos.Claim{Count: 100}}) // without Params: yours is right
	s.model(s.tell("w", &halos.Pull{Receipt: up(1), Hello: halos.Hello{Role: halos.RoleWorker, Layout: one}, Steps: 3, Want: 6}), 1)

	// Two updates go through Lion; the second makes a delta due.
	s.model(s.push(2, 4), 0.5)
	sent := s.push(3, -1)
	s.model(sent, 0.5)
	s.delta(sent, 0.5, 6)

	// One more while the delta is on the way, and the same again, as after a broken
	// link: the optimizer does not step twice.
	for range 2 {
		sent = s.push(4, -2)
		s.model(sent, 1)
		if sent["gps"] != nil {
			t.Errorf("sent to the GPS: %v", sent["gps"])
		}
	}

	// The global model is far away, so the merge goes Most of the way.
	s.tell("gps", &halos.Model{Receipt: up(2), Point: halos.Point{Version: 1}, Params: []float32{9}})
	if got := lps.Params(); !slices.Equal(got, []float32{1.25}) {
		t.Errorf("merged to %v: want 1.25", got)
	}

	// Lion goes on with the momentum it had; the delta is measured from the merge.
	s.model(s.push(5, 0), 1.75)
	sent = s.push(6, 0)
	s.model(sent, 2.25)
	s.delta(sent, 1.25-2.25, 9) // 9 local steps: those of the third update count, its change was folded in
}

// A scene is a server and the test around it.
type scene struct {
	t      *testing.T
	server halos.Machine
}

// up is a request of the first life of a node.
func up(seq uint64) halos.Receipt { return halos.Receipt{Incarnation: 1, Seq: seq} }

// tell lets a message arrive and returns what is sent, by receiver. It is on loan
// until the next tell.
func (s scene) tell(from string, m halos.Message) map[string]halos.Message {
	var out halos.Output
	s.server.Step([]halos.Input{{From: from, Msg: m}}, &out)
	sent := make(map[string]halos.Message)
	for _, e := range out.Send {
		sent[e.To] = e.Msg
	}
	return sent
}

// push is an update of three local steps from the worker.
func (s scene) push(seq uint64, g float32) map[string]halos.Message {
	return s.tell("w", &halos.Push{Receipt: up(seq), Work: halos.Work{Steps: 3, Updates: 1, Samples: 6}, Want: 6, Delta: []float32{g}})
}

// model wants the worker to be sent the model.
func (s scene) model(sent map[string]halos.Message, want float32) {
	s.t.Helper()
	if m, ok := sent["w"].(*halos.Model); !ok || !slices.Equal(m.Params, []float32{want}) {
		s.t.Errorf("sent to the worker: %+v: want the model %v", sent["w"], want)
	}
}

// delta wants the GPS to be sent a delta of so many local steps.
func (s scene) delta(sent map[string]halos.Message, want float32, steps uint64) {
	s.t.Helper()
	if m, ok := sent["gps"].(*halos.Push); !ok || !slices.Equal(m.Delta, []float32{want}) || m.Steps != steps {
		s.t.Errorf("sent to the GPS: %+v: want a delta of %v in %d steps", sent["gps"], want, steps)
	}
}
