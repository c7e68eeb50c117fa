package gpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// Many calls in a row, any of them, on a few vectors, with snapshots in between, leave
// what they leave on the CPU. Ordinary memory is overwritten as soon as a call has
// returned.
func TestAnyOrder(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		e, _ := open(t, OnePass, seed)
		s := newScript(t, e, seed)
		for range 60 {
			s.step()
		}
		s.compare()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// A script is a run of calls on vectors of the GPU and on twins of them.
type script struct {
	t     *testing.T
	e     *Engine
	r     *rand.Rand
	v     [6][]float32
	twins [6][]float32
	snaps []kernels.Snapshot
	wants [][]float32
}

func newScript(t *testing.T, e *Engine, seed uint64) *script {
	s := &script{t: t, e: e, r: rand.New(rand.NewPCG(seed, 2))}
	n := []int{3, 300, 1700, 9001, 23456}[s.r.IntN(5)]
	for i := range s.v {
		s.v[i] = made(t, e, n)
		s.twins[i] = make([]float32, n)
		kernels.Copy(s.v[i], s.lent(s.twins[i]))
	}
	return s
}

// lent fills twin with numbers and returns a copy of them.
func (s *script) lent(twin []float32) []float32 {
	for i := range twin {
		twin[i] = 2*s.r.Float32() - 1
	}
	return slices.Clone(twin)
}

func (s *script) step() {
	switch k := s.r.IntN(12); {
	case k < 8:
		s.call()
	case k == 8 && len(s.snaps) < mostSnapshots:
		i := s.r.IntN(len(s.v))
		s.snaps = append(s.snaps, s.e.Snapshot(s.v[i]))
		s.wants = append(s.wants, slices.Clone(s.twins[i]))
	case k == 9 && len(s.snaps) > 0:
		s.read()
	case k == 10:
		s.encode()
	default:
		i, j := s.r.IntN(len(s.v)), s.r.IntN(len(s.v))
		if got, want := kernels.Dot(s.v[i], s.v[j]), kernels.Dot(s.twins[i], s.twins[j]); got != want {
			s.t.Errorf("dot is %g, want %g", got, want)
		}
	}
}

// call runs any op on some of the vectors and, of what is not changed, some copies in
// ordinary memory.
func (s *script) call() {
	op := backend.Ops()[s.r.IntN(len(backend.Ops()))]
	if op == backend.OpAdamW {
		return // of these vectors it makes NaN, which would hide what is wrong
	}
	here, there := backend.Call{Op: op}, backend.Call{Op: op}
	var lent [][]float32
	order := s.r.Perm(len(s.v))
	for i := range op.Vectors() {
		v, twin := s.v[order[i]], s.twins[order[i]]
		there.Vectors[i], here.Vectors[i] = v, twin
		if i >= op.Changed() && s.r.IntN(2) == 0 {
			there.Vectors[i] = slices.Clone(twin)
			lent = append(lent, there.Vectors[i])
		}
	}
	for i := range op.Numbers() {
		here.Numbers[i] = 0.25 + s.r.Float32()/2
	}
	there.Numbers = here.Numbers
	kernels.CPU{}.Run(here)
	s.e.Run(there)
	for _, v := range lent {
		spoil(v)
	}
	s.renew(order[0])
}

// renew gives a vector new numbers, as those of many updates have no bounds.
func (s *script) renew(i int) {
	if s.r.IntN(2) == 0 {
		lent := s.lent(s.twins[i])
		kernels.Copy(s.v[i], lent)
		spoil(lent)
	}
}

func (s *script) encode() {
	n := len(s.v[0])
	form := []kernels.Form{kernels.BFloat16, kernels.Float16, kernels.Int8}[s.r.IntN(3)]
	got, want := make([]byte, form.Size(n)), make([]byte, form.Size(n))
	kernels.EncodeDelta(got, form, s.v[0], s.v[1], s.v[2])
	kernels.EncodeDelta(want, form, s.twins[0], s.twins[1], s.twins[2])
	if string(got) != string(want) {
		s.t.Errorf("%v of a difference of %d elements is not what it should be", form, n)
	}
}

func (s *script) read() {
	snap, want := s.snaps[0], s.wants[0]
	s.snaps, s.wants = s.snaps[1:], s.wants[1:]
	got := make([]float32, len(want))
	if err := snap.Read(got); err != nil {
		s.t.Error(err)
	}
	snap.Release()
	equal(s.t, "snapshot", got, want)
}

func (s *script) compare() {
	for len(s.snaps) > 0 {
		s.read()
	}
	for i, v := range s.v {
		got := make([]float32, len(v))
		kernels.Copy(got, v)
		equal(s.t, fmt.Sprintf("vector %d", i), got, s.twins[i])
		if !kernels.Finite(s.twins[i]) || !kernels.Finite(v) {
			s.t.Errorf("vector %d is no test", i)
		}
	}
	if err := s.e.Err(); err != nil {
		s.t.Error(err)
	}
}
