package halos

import (
	"errors"
	"fmt"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// BenchmarkUpdate is one update at a server, answer included, from parsed
// message to message to be sent. Nothing may be allocated.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{1 << 10, 1 << 20} {
		for role, s := range servers(n, kernels.CPU{}) {
			b.Run(fmt.Sprintf("%s/%d", role, n), func(b *testing.B) {
				step := updates(s, n)
				b.SetBytes(int64(4 * n))
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
			})
		}
	}
}

// TestUpdatesDoNotAllocate is the same, as a test.
func TestUpdatesDoNotAllocate(t *testing.T) {
	for role, s := range servers(100, kernels.CPU{}) {
		step := updates(s, 100)
		if n := testing.AllocsPerRun(200, step); n != 0 {
			t.Errorf("%s: %v allocations an update", role, n)
		}
	}
}

// A large delta has memory from the send to the answer, and longer if the parent
// did not know the sender and will get it again.
func TestDeltaHasMemoryWhileItIsNeeded(t *testing.T) {
	const n = 1 << 20
	l := servers(n, kernels.CPU{})["lps"].(*LPS)
	step := updates(l, n) // of which every fourth is answered at once
	for range 8 {
		step()
	}
	if l.up.delta == nil {
		t.Fatal("no delta was sent")
	}
	step()
	if l.up.delta != nil {
		t.Error("the delta is kept after its answer")
	}

	var out Output
	for !l.up.waiting {
		l.apply("w", &Push{Steps: 1, Updates: 1, Delta: make([]float32, n)}, &out)
	}
	sent := l.up.delta[0:1:1]
	refuse := Refuse{Receipt: l.up.push.Receipt, Code: Unknown}
	l.Step(Input{From: "gps", Msg: &refuse}, &out)
	l.Step(Input{Msg: &Linked{}}, &out)
	if l.up.delta == nil || &l.up.delta[0] != &sent[0] {
		t.Error("the delta is gone before it was sent again")
	}
}

// Elsewhere the delta has its place from the beginning, and keeps it.
func TestDeltaElsewhereStays(t *testing.T) {
	const n = 1 << 20
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	l := servers(n, b)["lps"].(*LPS)
	delta, step := l.up.delta, updates(l, n)
	for range 9 {
		step()
	}
	if len(delta) != n || len(l.up.delta) != n || &l.up.delta[0] != &delta[0] {
		t.Error("the delta is not where it was")
	}
}

// A server whose Backend has failed says nothing any more.
func TestLostServersAreSilent(t *testing.T) {
	lost := errors.New("lost")
	for _, role := range []string{"gps", "lps", "sync"} {
		b := new(kerneltest.Untouchable)
		s := servers(3, b)[role]
		updates(s, 3)()
		b.Fail(0, lost)
		var out Output
		s.Step(Input{From: "w", Msg: &Push{Receipt: Receipt{1, 3}, Steps: 1, Updates: 1, Samples: 8, Delta: make([]float32, 3)}}, &out)
		if !out.Done || !errors.Is(out.Err, lost) || len(out.Send) != 0 {
			t.Errorf("%s: done %t, error %v, sends %d messages", role, out.Done, out.Err, len(out.Send))
		}
	}
}

func servers(n int, b kernels.Backend) map[string]Machine {
	cfg := func(id string, every int) ServerConfig {
		return ServerConfig{ID: id, Params: make([]float32, n), Backend: b, LR: optim.Constant(0.1),
			Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: every}}}
	}
	gps, err1 := NewGPS(GPSConfig{ServerConfig: cfg("gps", 2)})
	lps, err2 := NewLPS(LPSConfig{ServerConfig: cfg("lps", 16), GPS: "gps", Lease: 64,
		Accumulator: &merge.Every{K: 4}, Merger: &merge.Mix{Alpha: 0.25}})
	sync, err3 := NewSync(SyncConfig{ServerConfig: cfg("sync", 1), Workers: 1, ClipNorm: 1})
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			panic(err)
		}
	}
	return map[string]Machine{"gps": gps, "lps": lps, "sync": sync}
}

// updates returns a function that lets s take one more update of its worker,
// and, if s is an LPS, plays the GPS that answers at once.
func updates(s Machine, n int) func() {
	var out Output
	layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{n}}}}
	s.Step(Input{Msg: &Start{Incarnation: 1}}, &out)
	answer := Model{Receipt: Receipt{1, 1}, Params: make([]float32, n)}
	s.Step(Input{From: "gps", Msg: &answer}, &out)
	s.Step(Input{From: "w", Msg: &Pull{Receipt: Receipt{1, 1}, Hello: Hello{Layout: layout.Hash(), Params: uint64(n)}, Samples: 8}}, &out)
	push := Push{Receipt: Receipt{1, 1}, Steps: 1, Updates: 1, Samples: 8, Delta: make([]float32, n)}
	return func() {
		push.Seq++
		out.Reset()
		s.Step(Input{From: "w", Msg: &push}, &out)
		for _, e := range out.Send {
			if up, ok := e.Msg.(*Push); ok {
				answer.Receipt = up.Receipt
				answer.Version++
				out.Reset()
				s.Step(Input{From: "gps", Msg: &answer}, &out)
			}
		}
		if len(out.Events) == 0 {
			panic("no update")
		}
	}
}
