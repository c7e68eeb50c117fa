//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// G0: what memory and the bus give, which all other speeds are shares of: copies on the
// device, counted as read and written, and copies from and to pinned memory.
func TestGPUCeiling(t *testing.T) {
	e := onGPU(t)
	d := opened(t)
	stream := must[uint64](t)(d.NewStream())
	wait := func() { succeed(t, d.Synchronize()) }
	random := noise(t, d)
	for _, n := range e.timed {
		bytes := 4 * uint64(n)
		var from, to [2]uint64
		for i := range from {
			from[i], to[i] = filled(t, d, stream, bytes, random), must[uint64](t)(d.Alloc(bytes))
		}
		within := e.clock(func(i int) { succeed(t, d.CopyWithin(stream, to[i%2], from[i%2], bytes)) }, wait)
		say("G0", "copy", within.fields(n, 8)...)
		for i := range from {
			succeed(t, d.Free(from[i]), d.Free(to[i]))
		}
	}
	n := e.timed[len(e.timed)-1]
	pinned := must[[]byte](t)(d.AllocPinned(4 * n))
	fill(pinned)
	there := must[uint64](t)(d.Alloc(4 * uint64(n)))
	in := e.clock(func(int) { succeed(t, d.CopyIn(stream, there, pinned)) }, wait)
	say("G0", "in", in.fields(n, 4)...)
	out := e.clock(func(int) { succeed(t, d.CopyOut(stream, pinned, there)) }, wait)
	say("G0", "out", out.fields(n, 4)...)
	x, y := kernels.Make(n), kernels.Make(n)
	here := e.clock(func(int) { kernels.Copy(x, y) }, func() {})
	say("G0", "host", here.fields(n, 8)...)
}

// noise returns pinned memory with random numbers between 1/2 and 1, as float32.
func noise(t *testing.T, d *card) []byte {
	t.Helper()
	b := must[[]byte](t)(d.AllocPinned(16 << 20))
	fill(b)
	return b
}

func fill(b []byte) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for ; len(b) > 0; b = b[4:] {
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(0.5+r.Float64()/2)))
	}
}

// filled returns so many bytes of the device, with random ones in them again and again.
func filled(t *testing.T, d *card, stream, bytes uint64, random []byte) uint64 {
	t.Helper()
	p := must[uint64](t)(d.Alloc(bytes))
	for at := uint64(0); at < bytes; at += uint64(len(random)) {
		succeed(t, d.CopyIn(stream, p+at, random[:min(bytes-at, uint64(len(random)))]))
	}
	return p
}

// A timed is an update and the bytes that a parameter takes in it: each vector is read
// once, and those that change are written once.
type timed struct {
	op     backend.Op
	bytes  float64
	blas   bool // has a form with cuBLAS
	number [8]float32
}

var updates = []timed{
	{op: backend.OpDelayedFirst, bytes: 16, blas: true, number: [8]float32{4, 0.7}},
	{op: backend.OpDelayedPlain, bytes: 20, blas: true, number: [8]float32{4, 0.7}},
	{op: backend.OpDelayedPlainC, bytes: 24, blas: true, number: [8]float32{4, 0.7, 0.09}},
	{op: backend.OpDelayedStep, bytes: 24, blas: true, number: [8]float32{4, 0.7, 0.9, 0.63}},
	{op: backend.OpDelayedPlain4, bytes: 32, blas: true, number: [8]float32{4, 0.7, 0.6, 0.5, 0.4}},
	{op: backend.OpNesterov, bytes: 20, blas: true, number: [8]float32{0.7, 0.9}},
	{op: backend.OpAdamW, bytes: 28, number: [8]float32{0.9, 0.1, 0.999, 0.001, 1e-8, 1e-5, 0.00154, 0.0998}},
	{op: backend.OpMix, bytes: 12, blas: true, number: [8]float32{0.75, 0.25}},
	{op: backend.OpMixBase, bytes: 16, blas: true, number: [8]float32{0.75, 0.25}},
	{op: backend.OpMixCarry, bytes: 20, blas: true, number: [8]float32{0.75, 0.25}},
	{op: backend.OpDelta, bytes: 12, blas: true},
	{op: backend.OpCopy, bytes: 8},
}

// G4: how fast the updates go over vectors of the device, by one pass and by cuBLAS.
func TestGPUSpeed(t *testing.T) {
	e := onGPU(t)
	for _, set := range []string{"cuda", "cublas"} {
		t.Run(set, func(t *testing.T) {
			b := theBackend(t, set+":0")
			for _, n := range e.timed {
				t.Run(fmt.Sprint(n), func(t *testing.T) { speeds(t, e, b, set, n) })
			}
		})
	}
}

func speeds(t *testing.T, e extent, b kernels.Backend, set string, n int) {
	var vectors [2][6][]float32 // by turns, so that no cache knows them
	random := kernels.Make(n)
	kernels.Split(n, func(lo, hi int) {
		r := rand.New(rand.NewPCG(rand.Uint64(), 2))
		for i := lo; i < hi; i++ {
			random[i] = float32(0.5 + r.Float64()/2)
		}
	})
	for i := range vectors {
		for k := range vectors[i] {
			vectors[i][k] = vector(t, b, n)
			kernels.Copy(vectors[i][k], random)
		}
	}
	for _, u := range updates {
		if set == "cublas" && !u.blas {
			continue
		}
		took := e.clock(func(i int) {
			c := backend.Call{Op: u.op, Numbers: u.number}
			copy(c.Vectors[:], vectors[i%2][:len(u.op.Vectors())])
			b.Run(c)
		}, func() { done(b, vectors[0][0]) })
		say("G4", u.op.String(), append([]any{"set", set}, took.fields(n, u.bytes)...)...)
	}
}

// done waits until the work on a vector is done, and with it all that was asked for
// before.
func done(b kernels.Backend, v []float32) { b.Finite(v[:1]) }

// G4 also: the kernels that read and write the forms, on vectors of the device.
func TestGPUFormSpeed(t *testing.T) {
	e := onGPU(t)
	d := opened(t)
	succeed(t, d.LoadKernels(ptx.Text))
	stream, random := must[uint64](t)(d.NewStream()), noise(t, d)
	for _, k := range ptx.Kernels() {
		if k.Form == 0 {
			continue
		}
		for _, n := range e.timed {
			formSpeed(t, e, d, stream, random, k, n)
		}
	}
}

// formSpeed launches as many threads as an Engine does.
func formSpeed(t *testing.T, e extent, d *card, stream uint64, random []byte, k ptx.Kernel, n int) {
	const block = 256
	grid := max(1, min((n+4*block-1)/(4*block), 8*d.Processors()))
	var args [2][]uint64
	moved := 0
	for i := range k.Vectors {
		size, times := traffic(k, i, n)
		moved += size * times
		for j := range args {
			args[j] = append(args[j], filled(t, d, stream, uint64(size), random))
		}
	}
	for j := range args {
		args[j] = append(args[j], uint64(n))
		for range k.Numbers {
			args[j] = append(args[j], uint64(math.Float32bits(0.75)))
		}
	}
	took := e.clock(func(i int) { succeed(t, d.Launch(stream, k.Name, grid, block, args[i%2])) }, func() { succeed(t, d.Synchronize()) })
	say("G4", k.Name, append([]any{"set", "cuda"}, took.fields(n, float64(moved)/float64(n))...)...)
	for j := range args {
		for i := range k.Vectors {
			succeed(t, d.Free(args[j][i]))
		}
	}
}

// traffic returns the bytes of vector i of n elements, and how often they go to the
// processors or back. The form is that of dst where a kernel encodes, else of the last.
func traffic(k ptx.Kernel, i, n int) (size, times int) {
	size, times = 4*n, 1
	name, encodes := k.Vectors[i], strings.HasPrefix(k.Name, "encode")
	if encodes && name == "dst" || !encodes && i == len(k.Vectors)-1 {
		size = k.Form.Size(n)
	}
	written := name == "dst" || name == "d" && strings.HasPrefix(k.Name, "delayedFirst") // and not read
	if i < k.Changed && !written {
		times = 2
	}
	return size, times
}
