package halos

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
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

// A server whose Backend has failed says nothing any more.
func TestLostServersAreSilent(t *testing.T) {
	lost := errors.New("lost")
	for _, role := range []string{"gps", "lps", "sync"} {
		b := new(kerneltest.Untouchable)
		s := servers(3, b)[role]
		updates(s, 3)()
		b.Fail(0, lost)
		var out Output
		s.Step([]Input{{From: "w", Msg: &Push{Receipt: Receipt{1, 3}, Work: Work{Updates: 1}, Delta: make([]float32, 3)}}}, &out)
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
	lps, err2 := NewLPS(LPSConfig{ServerConfig: cfg("lps", 16), Parent: "gps", Lease: 64,
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
	one := make([]Input, 1)
	step := func(from string, m Message) {
		one[0] = Input{From: from, Msg: m}
		s.Step(one, &out)
	}
	step("", &Start{Incarnation: 1})
	answer := Model{Receipt: Receipt{1, 1}, Params: make([]float32, n), Point: Point{1, 1, 0}}
	step("gps", &answer)
	step("w", &Pull{Receipt: Receipt{1, 1}, Hello: Hello{Role: RoleWorker, Layout: layout}, Steps: 1, Want: 8})
	push := Push{Receipt: Receipt{1, 1}, Work: Work{Steps: 1, Updates: 1, Samples: 8}, Want: 8, Delta: make([]float32, n)}
	return func() {
		push.Seq++
		out.Reset()
		step("w", &push)
		for _, e := range out.Send {
			if up, ok := e.Msg.(*Push); ok {
				answer.Receipt = up.Receipt
				answer.Point.Version++
				out.Reset()
				step("gps", &answer)
			}
		}
		if len(out.Events) == 0 {
			panic("no update")
		}
	}
}

// BenchmarkWaitingChildren is the memory of a GPS whose children all wait and take their
// answers slowly: in copies of the model, besides the one that the GPS keeps. It must not
// grow with the number of children.
func BenchmarkWaitingChildren(b *testing.B) {
	const params = 16 << 20 // 64 MiB
	for _, children := range []int{4, 32} {
		b.Run(fmt.Sprint(children), func(b *testing.B) {
			peak := 0.0
			for b.Loop() {
				peak = max(peak, waiting(b, children, params))
			}
			b.ReportMetric(peak, "models")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// waiting returns the most memory that is in use while children wait, in models.
func waiting(b *testing.B, children, params int) float64 {
	g, tp := crowd(children, params)
	push, err := encoded(&Push{Receipt: Receipt{1, 2}, Seen: Point{1, 1, 0}, Work: Work{Updates: 1}, Want: 1, Delta: make([]float32, params)})
	if err != nil {
		b.Fatal(err)
	}
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := inUse(), uint64(0)
	ctx, stop := context.WithCancel(b.Context())
	var mu sync.Mutex
	answers := make(map[string]int)
	tp.send = func(_ context.Context, to string, parts ...[]byte) error {
		if len(parts) < 2 {
			return nil
		}
		mu.Lock() // one at a time: a slow link
		defer mu.Unlock()
		most = max(most, inUse())
		if answers[to]++; answers[to] == 1 { // everybody pushes once, in the same landing memory
			tp.events <- transport.Event{Peer: to, Frame: push}
		}
		if len(answers) == children && total(answers) == 2*children {
			stop()
		}
		return nil
	}
	if err := Run(ctx, g, RunConfig{Transport: tp, Incarnation: 1}); !errors.Is(err, context.Canceled) {
		b.Fatal(err)
	}
	return float64(most-before) / float64(4*params)
}

func total(n map[string]int) (sum int) {
	for _, x := range n {
		sum += x
	}
	return sum
}
