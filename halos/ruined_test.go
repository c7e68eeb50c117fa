package halos

import (
	"errors"
	"math"
	"testing"

	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// A region is an LPS of one parameter and its children, driven by hand.
type region struct {
	t   *testing.T
	lps *LPS
	out Output
}

// newRegion returns an LPS that has joined, with children that each have the model.
func newRegion(t *testing.T, k int, children ...string) *region {
	r := &region{t: t, lps: must1(NewLPS(LPSConfig{
		ServerConfig: ServerConfig{ID: "eu", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		Parent:       "gps", Lease: 64, Accumulator: &merge.Every{K: k}, Merger: &merge.Mix{Alpha: 0.5}}))}
	r.step("", &Start{Incarnation: 1})
	r.step("gps", &Model{Receipt: r.lps.up.receipt, Point: Point{1, 1, 0}, Claim: Claim{Count: 64}, Params: []float32{0}})
	for _, id := range children {
		r.step(id, &Pull{Receipt: Receipt{1, 1}, Hello: Hello{Role: RoleWorker, Layout: r.lps.cfg.Layout}, Steps: 1, Want: 1})
	}
	return r
}

func (r *region) step(from string, m Message) {
	r.out.Reset()
	r.lps.Step([]Input{{From: from, Msg: m}}, &r.out)
}

func (r *region) push(from string, seq uint64, x float32) {
	r.step(from, &Push{Receipt: Receipt{1, seq}, Seen: r.lps.point, Work: Work{Steps: 1, Updates: 1}, Delta: []float32{x}})
}

// counted is how many updates the events of the last Step count as lost.
func (r *region) counted() (n uint64) {
	for _, e := range r.out.Events {
		if e.Kind == Lost {
			n += e.Updates
		}
	}
	return n
}

const far = math.MaxFloat32

// TestOneRuinIsOne: a region diverges once, while many of its workers train. Their updates,
// which come before the parent's model, are lost and counted; they are no ruin of their own.
func TestOneRuinIsOne(t *testing.T) {
	workers := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"}
	r := newRegion(t, 100, workers...)
	r.push("a", 2, far)
	var lost uint64
	for i, id := range workers {
		if i == 0 {
			r.push(id, 3, far) // the second makes the model overflow
		} else {
			r.push(id, 2, 1)
		}
		if lost += r.counted(); r.out.Done {
			t.Fatalf("after %d updates the region ends: %v", i+2, r.out.Err)
		}
	}
	r.step("gps", &Model{Receipt: r.lps.up.receipt, Point: Point{1, 1, 3}, Params: []float32{5}})
	if lost += r.counted(); lost != 13 || r.lps.ruins != 1 {
		t.Errorf("%d updates are counted as lost, want 13; %d ruins, want 1", lost, r.lps.ruins)
	}
	if len(r.out.Send) != len(workers) {
		t.Errorf("%d answers, want one for each of %d workers", len(r.out.Send), len(workers))
	}
}

// TestResendWaitsForAModel: an answer that found no room is not made again of a model that
// is not finite. The child waits for the parent's like all others.
func TestResendWaitsForAModel(t *testing.T) {
	r := newRegion(t, 100, "a", "b")
	r.push("a", 2, far)
	r.push("a", 3, far)
	r.step("b", &Resend{})
	if len(r.out.Send) != 0 {
		t.Fatalf("sends %s", show(r.out.Send[0].Msg))
	}
	r.step("gps", &Model{Receipt: r.lps.up.receipt, Point: Point{1, 1, 3}, Params: []float32{5}})
	if len(r.out.Send) != 2 {
		t.Errorf("%d answers, want 2", len(r.out.Send))
	}
}

// TestGoneBeforeAModel: without its parent an LPS that has no model of it ends, also if it
// has had one that diverged while a delta was on its way: its children wait for nothing else.
func TestGoneBeforeAModel(t *testing.T) {
	r := newRegion(t, 2, "a", "b")
	r.push("a", 2, 1)
	r.push("b", 2, 1) // the delta leaves
	r.push("a", 3, far)
	r.push("a", 4, far)
	if r.lps.up.phase != discarding {
		t.Fatalf("phase is %s", r.lps.up.phase)
	}
	if r.step("gps", &Gone{Reason: "out of reach"}); !r.out.Done {
		t.Error("the LPS waits on")
	}
}

// TestDeltaCountsWithinBounds: whatever its children claim, an LPS counts no more in a delta
// than its parent takes.
func TestDeltaCountsWithinBounds(t *testing.T) {
	r := newRegion(t, 3)
	for _, id := range []string{"a", "b", "c"} {
		r.step(id, &Pull{Receipt: Receipt{1, 1}, Hello: Hello{Role: RoleLPS, Layout: r.lps.cfg.Layout}, Want: 1})
		r.step(id, &Push{Receipt: Receipt{1, 2}, Seen: r.lps.point, Delta: []float32{1},
			Work: Work{Steps: maxWork, Updates: maxWork, Samples: maxWork, Tokens: maxWork}})
	}
	p, ok := r.out.Send[0].Msg.(*Push)
	if !ok {
		t.Fatalf("sends %s", show(r.out.Send[0].Msg))
	}
	gps := newChildren(&r.lps.cfg, RoleLPS)
	if reason := gps.mistake(&child{role: RoleLPS}, p); reason != "" {
		t.Errorf("its parent refuses: %s", reason)
	}
}

// TestZombieThatJoins: an LPS that is shown a later life of its own before it knows its
// lineage ends when it does. Its child, which has seen that life, does not.
func TestZombieThatJoins(t *testing.T) {
	r := newRegion(t, 2)
	r.lps = must1(NewLPS(LPSConfig{ServerConfig: ServerConfig{ID: "eu", Params: []float32{0}, Optimizer: &optim.SGD{}, LR: optim.Constant(1)},
		Parent: "gps", Lease: 64, Accumulator: &merge.Every{K: 2}, Merger: &merge.Mix{Alpha: 0.5}}))
	r.step("", &Start{Incarnation: 5})
	r.step("a", &Pull{Receipt: Receipt{1, 4}, Hello: Hello{Role: RoleWorker, Layout: r.lps.cfg.Layout}, Steps: 1, Want: 1, Seen: Point{1, 6, 3}})
	r.step("gps", &Model{Receipt: r.lps.up.receipt, Point: Point{1, 1, 0}, Claim: Claim{Count: 64}, Params: []float32{0}})
	if !r.out.Done || !errors.Is(r.out.Err, ErrSuperseded) || len(r.out.Send) != 0 {
		t.Errorf("done %t, %v, sends %d messages", r.out.Done, r.out.Err, len(r.out.Send))
	}
}
