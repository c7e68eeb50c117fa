package halos

import (
	"slices"
	"testing"

	"github.com/halos-go/sdk/optim"
)

// TestRoundTakesOneOfEach: a child that pushes twice without waiting for its answer has
// one update in the round, and closes no round alone.
func TestRoundTakesOneOfEach(t *testing.T) {
	layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{1}}}}
	s := must1(NewSync(SyncConfig{ServerConfig: ServerConfig{ID: "sync", Params: []float32{0}, Layout: layout,
		Optimizer: &optim.SGD{}, LR: optim.Constant(1)}, Workers: 2}))
	var out Output
	pull := func(id string) Input {
		return Input{From: id, Msg: &Pull{Receipt: Receipt{1, 1}, Hello: Hello{Role: RoleWorker, Layout: layout}, Steps: 1, Want: 1}}
	}
	push := func(id string, seq uint64, x float32) Input {
		return Input{From: id, Msg: &Push{Receipt: Receipt{1, seq}, Seen: s.point, Work: Work{Steps: 1, Updates: 1}, Want: 1, Delta: []float32{x}}}
	}
	s.Step([]Input{{Msg: &Start{Incarnation: 1}}, pull("a"), pull("b")}, &out)
	s.Step([]Input{push("a", 2, 1), push("a", 3, 3), push("b", 2, 5), push("a", 4, 100)}, &out)
	if s.Version() != 1 || s.Params()[0] != -4 || s.Steps() != 2 {
		t.Errorf("version %d, model %v, %d local steps: want 1, -4, 2", s.Version(), s.Params(), s.Steps())
	}
	if got := s.Took(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the round took %q, want one of each", got)
	}
}
