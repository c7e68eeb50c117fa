//go:build !race

package gpu

import (
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// An absent is a Driver with no GPU behind it: what remains is the Engine's own time.
type absent struct {
	*fake
}

func (a absent) Record(_, _ uint64) error                                 { return nil }
func (a absent) Wait(_, _ uint64) error                                   { return nil }
func (a absent) SyncEvent(uint64) error                                   { return nil }
func (a absent) CopyIn(_, _ uint64, _ []byte) error                       { return nil }
func (a absent) CopyOut(_ uint64, _ []byte, _ uint64) error               { return nil }
func (a absent) CopyWithin(_, _, _, _ uint64) error                       { return nil }
func (a absent) Zero(_, _, _ uint64) error                                { return nil }
func (a absent) Launch(uint64, string, int, int, []uint64) error          { return nil }
func (a absent) Axpy(int, float32, uint64, uint64) error                  { return nil }
func (a absent) Geam(int, float32, uint64, float32, uint64, uint64) error { return nil }

// A step is something an Engine does again and again.
type step struct {
	name   string
	allocs float64
	do     func()
}

func steps(t testing.TB, set Set) []step {
	const n = 1 << 16
	e, err := New(Config{Driver: absent{newFake(t, 0)}, Name: "none", Set: set, Slot: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	p, d, g := made(t, e, n), made(t, e, n), make([]float32, n)
	packed, f := make([]byte, kernels.Int8.Size(n)), kernels.Int8
	return []step{
		{"OnTheGPU", 0, func() { kernels.SGD(p, d, 1) }},
		{"OnTheGPU/unaligned", 0, func() { kernels.SGD(p[1:], d[1:], 1) }},
		{"Gradient", 0, func() { kernels.DelayedPlain(p, d, g, 1, 4) }},
		{"Packed", 0, func() {
			e.Run(backend.Call{Op: backend.OpDelayedPlain, Vectors: [6][]float32{p, d}, Numbers: [8]float32{4, 1}, Form: f, Packed: packed})
		}},
		{"CopyIn", 0, func() { kernels.Copy(p, g) }},
		{"CopyOut", 0, func() { kernels.Copy(g, p) }},
		{"Snapshot", 1, func() {
			s := e.Snapshot(p)
			if err := s.Read(g); err != nil {
				t.Error(err)
			}
			s.Release()
		}},
		{"Make", 0, func() {
			v, err := e.Make(n)
			if err != nil {
				t.Error(err)
			}
			e.Recycle(v)
		}},
	}
}

// What is done for every update makes no garbage. (Under the race detector pools lose
// things on purpose.)
func TestAllocations(t *testing.T) {
	for _, set := range []Set{OnePass, BLAS} {
		for _, s := range steps(t, set) {
			if got := testing.AllocsPerRun(20, s.do); got > s.allocs {
				t.Errorf("%v, %s: %v allocations, want %v", set, s.name, got, s.allocs)
			}
		}
	}
}

// BenchmarkEngine has the time that the host takes for 65,536 elements.
func BenchmarkEngine(b *testing.B) {
	for _, s := range steps(b, OnePass) {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.do()
			}
		})
	}
}
