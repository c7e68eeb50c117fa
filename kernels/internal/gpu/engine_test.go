package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

// open returns an Engine over a fake. Slots are so small that vectors of some thousand
// elements go in several pieces, and round the ring.
func open(t testing.TB, set Set, seed uint64) (*Engine, *fake) {
	t.Helper()
	f := newFake(t, seed)
	slots := []int{0, 1, 2, 5}[seed%4]
	e, err := New(Config{Driver: f, Name: "fake:0", Set: set, Slot: 8<<10 + 1001*int(seed%3), Slots: slots})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil && f.failAt == 0 {
			t.Error(err)
		}
	})
	return e, f
}

// Both sets keep the laws, whatever order the GPU does its work in.
func TestLaws(t *testing.T) {
	for seed := range uint64(4) {
		set, precision := OnePass, kerneltest.Exact
		if seed%2 == 1 {
			set, precision = BLAS, kerneltest.Rounded
		}
		if seed > 1 && testing.Short() {
			break
		}
		t.Run(fmt.Sprintf("%v/%d", set, seed), func(t *testing.T) {
			t.Parallel()
			kerneltest.Run(t, precision, func(t testing.TB) kernels.Backend {
				e, _ := open(t, set, seed)
				return e
			})
		})
	}
}

func made(t testing.TB, e *Engine, n int) []float32 {
	t.Helper()
	v, err := e.Make(n)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// equal compares bits; all NaNs are one.
func equal(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i, x := range want {
		if y := got[i]; math.Float32bits(x) != math.Float32bits(y) && (x == x || y == y) {
			t.Errorf("%s: element %d of %d is %g, want %g", what, i, len(want), y, x)
			return
		}
	}
}

func spoil(v []float32) {
	for i := range v {
		v[i] = float32(math.NaN())
	}
}

// Any vectors of a call may be in ordinary memory, also such as are changed, if one is
// on the GPU.
func TestAnyInMemory(t *testing.T) {
	for seed, n := range []int{1, 1003, 4001} {
		e, _ := open(t, OnePass, uint64(seed))
		r := rand.New(rand.NewPCG(3, uint64(n)))
		for _, op := range backend.Ops() {
			all := len(op.Vectors())
			for memory := 0; memory < 1<<all-1; memory++ {
				runBoth(t, e, r, op, n, memory)
			}
		}
	}
}

// What comes and goes is what is read there and what is changed.
func TestBytesMoved(t *testing.T) {
	const n = 5000
	for set, wants := range map[Set][4]int{OnePass: {4 * n, 8 * n, 4 * n, kernels.Int8.Size(n)}, BLAS: {4 * n, 8 * n, 4 * n, 4 * n}} {
		e, f := open(t, set, 0)
		p, d, m, g := made(t, e, n), made(t, e, n), make([]float32, n), make([]float32, n)
		for i, do := range []func(){
			func() { kernels.Delta(g, p, d) },
			func() { kernels.MixBase(p, m, g, 0.5) },
			func() { kernels.DelayedFirst(p, d, g, 1, 4) },
			func() {
				c := backend.Call{Op: backend.OpDelayedPlain, Numbers: [8]float32{4, 1}, Form: kernels.Int8, Packed: make([]byte, kernels.Int8.Size(n))}
				c.Vectors = [6][]float32{p, d}
				e.Run(c)
			},
		} {
			f.moved = 0
			do()
			if f.moved != wants[i] {
				t.Errorf("%v, call %d: %d bytes, want %d", set, i, f.moved, wants[i])
			}
		}
		if set == OnePass {
			f.moved = 0
			kernels.Mean(p, p, d)
			if f.moved != 12*n { // two that are read, and the mean
				t.Errorf("mean: %d bytes, want %d", f.moved, 12*n)
			}
		}
	}
}

// runBoth runs op on the GPU and on the CPU. Vectors whose bits are in memory are in
// ordinary memory; the others begin at the second element of their memory.
func runBoth(t *testing.T, e *Engine, r *rand.Rand, op backend.Op, n, memory int) {
	t.Helper()
	here, there := backend.Call{Op: op, Numbers: [8]float32{2, 0.5, 0.25, 0.75, 2, 3, 4, 5}}, backend.Call{Op: op}
	there.Numbers = here.Numbers
	var whole [6][]float32
	for i := range op.Vectors() {
		here.Vectors[i] = make([]float32, n)
		for k := range n {
			here.Vectors[i][k] = r.Float32()
		}
		there.Vectors[i] = slices.Clone(here.Vectors[i])
		if memory>>i&1 == 0 {
			whole[i] = made(t, e, n+1)
			there.Vectors[i] = whole[i][1:]
			kernels.Copy(there.Vectors[i], here.Vectors[i])
		}
	}
	kernels.CPU{}.Run(here)
	e.Run(there)
	for i, name := range op.Vectors() {
		got := there.Vectors[i]
		if whole[i] != nil {
			got = make([]float32, n)
			kernels.Copy(got, there.Vectors[i])
			e.Recycle(whole[i])
		}
		equal(t, fmt.Sprintf("%v, in memory %b: %s", op, memory, name), got, here.Vectors[i])
	}
}

// The kernels take what the ops of their names have.
func TestKernels(t *testing.T) {
	e, _ := open(t, OnePass, 0)
	for _, k := range ptx.Kernels() {
		name := strings.TrimSuffix(k.Name, suffixes[k.Form])
		switch name {
		case "decode":
			if e.shapes[backend.OpCopy].kernel[k.Form] != k.Name {
				t.Errorf("%s is not used", k.Name)
			}
			continue
		case "encodeDelta":
			if e.encode[k.Form] != k.Name || !slices.Equal(k.Vectors, []string{"dst", "residual", "x", "y"}) {
				t.Errorf("%s of %v is not used", k.Name, k.Vectors)
			}
			continue
		}
		op := opNamed(name)
		if !slices.Equal(k.Vectors, op.Vectors()) || !slices.Equal(k.Numbers, op.Numbers()) || k.Changed != op.Changed() {
			t.Errorf("%s: %v (%d) %v, of the op %v (%d) %v", k.Name, k.Vectors, k.Changed, k.Numbers, op.Vectors(), op.Changed(), op.Numbers())
		}
		if e.shapes[op].kernel[k.Form] != k.Name {
			t.Errorf("%s is not used", k.Name)
		}
	}
}

func TestName(t *testing.T) {
	for set, want := range map[Set]string{OnePass: "fake:0 (Fake 9000, one-pass kernels)", BLAS: "fake:0 (Fake 9000, cuBLAS)"} {
		if e, _ := open(t, set, 0); e.Name() != want {
			t.Errorf("%q, want %q", e.Name(), want)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	d := newFake(t, 0)
	for want, c := range map[string]Config{
		"gpu: Config.Driver is nil":                  {},
		"gpu: Config.Set is 2, want OnePass or BLAS": {Driver: d, Set: 2},
		"gpu: Config.Slot is -1, want at least 0":    {Driver: d, Slot: -1},
		"gpu: Config.Slots is -1, want at least 0":   {Driver: d, Slots: -1},
	} {
		if _, err := New(c); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
