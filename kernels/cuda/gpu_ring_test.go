//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// G5: updates that come from ordinary memory. The bus is busy all the time if an
// arrival takes no longer than a bare copy of its bytes from pinned memory, which
// TestGPUCeiling measures; and a vector that is copied out meanwhile goes the other way.
func TestGPUArrivals(t *testing.T) {
	e := onGPU(t)
	e.samples, e.repeat, e.warm = max(e.samples/4, 1), min(e.repeat, 2), 1
	b := theBackend(t, "cuda:0")
	n := e.arrival
	p, d := vector(t, b, n), vector(t, b, n)
	g := kernels.Make(n)
	kernels.Split(n, func(lo, hi int) {
		r := rand.New(rand.NewPCG(rand.Uint64(), 3))
		for i := lo; i < hi; i++ {
			g[i] = float32(r.Float64() - 0.5)
		}
	})
	wait := func() { done(b, p) }
	plain := backend.Call{Op: backend.OpDelayedPlain, Vectors: [6][]float32{p, d, g}, Numbers: [8]float32{4, 0.7}}
	alone := e.clock(func(int) { b.Run(plain) }, wait)
	say("G5", "arrivals", append([]any{"form", "float32"}, alone.fields(n, 4)...)...)
	for _, f := range forms {
		packed := plain
		packed.Vectors[2], packed.Form, packed.Packed = nil, f, make([]byte, f.Size(n))
		kernels.Encode(packed.Packed, f, g)
		took := e.clock(func(int) { b.Run(packed) }, wait)
		say("G5", "arrivals", append([]any{"form", f}, took.fields(n, float64(f.Size(n))/float64(n))...)...)
	}
	beside(t, e, b, plain, alone)
}

// beside streams arrivals while another goroutine copies out the model, again and again.
func beside(t *testing.T, e extent, b kernels.Backend, c backend.Call, alone timing) {
	p := c.Vectors[0]
	out := kernels.Make(len(p))
	answer := func() {
		s := b.Snapshot(p)
		defer s.Release()
		if err := s.Read(out); err != nil {
			t.Error(err)
		}
	}
	quiet := e.clock(func(int) { answer() }, func() {})

	var calls sync.Mutex // snapshots and arrivals are works on one vector
	var stop atomic.Bool
	var answers int
	var group sync.WaitGroup
	begin := time.Now()
	group.Go(func() {
		for ; !stop.Load(); answers++ {
			calls.Lock()
			s := b.Snapshot(p)
			calls.Unlock()
			if err := s.Read(out); err != nil {
				t.Error(err)
			}
			s.Release()
		}
	})
	busy := e.clock(func(int) {
		calls.Lock()
		defer calls.Unlock()
		b.Run(c)
	}, func() {
		calls.Lock()
		defer calls.Unlock()
		done(b, p)
	})
	stop.Store(true)
	group.Wait()
	seconds := time.Since(begin).Seconds()
	say("G5", "beside", "n", len(p), "alone_ms", 1e3*alone.median, "beside_ms", 1e3*busy.median, "slower", busy.median/alone.median,
		"answer_ms", 1e3*quiet.median, "answers", answers, "out_GBps", 4*float64(len(p))*float64(answers)/seconds/1e9)
}
