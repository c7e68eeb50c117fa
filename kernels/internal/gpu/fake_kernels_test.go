package gpu

import (
	"encoding/binary"
	"math"
	"strings"
	"sync"
	"unsafe"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// The kernels of a fake are the functions of package kernels, on the memory behind the
// addresses.

func (f *fake) Launch(stream uint64, kernel string, grid, block int, args []uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	k, ok := byName()[kernel]
	if !ok || !f.loaded {
		f.t.Errorf("no kernel %q", kernel)
		return nil
	}
	if want := len(k.Vectors) + 1 + len(k.Numbers); len(args) != want {
		f.t.Errorf("%s has %d arguments, want %d", kernel, len(args), want)
		return nil
	}
	if grid < 1 || grid > 8*f.Processors() || block < 32 || block > 1024 || block%32 != 0 {
		f.t.Errorf("%s: %d blocks of %d threads", kernel, grid, block)
	}
	args = append([]uint64(nil), args...)
	f.queue(stream, work{do: func() { f.kernel(k, args[:len(k.Vectors)], int(args[len(k.Vectors)]), args[len(k.Vectors)+1:]) }})
	return nil
}

var byName = sync.OnceValue(func() map[string]ptx.Kernel {
	all := map[string]ptx.Kernel{
		"dot":    {Name: "dot", Vectors: []string{"x", "y", "sums"}},
		"finite": {Name: "finite", Vectors: []string{"x", "flag"}},
	}
	for _, k := range ptx.Kernels() {
		all[k.Name] = k
	}
	return all
})

func (f *fake) kernel(k ptx.Kernel, at []uint64, n int, scalars []uint64) {
	if n < 1 {
		f.t.Errorf("%s on %d elements", k.Name, n)
		return
	}
	for i, a := range at {
		if a%16 != 0 && (k.Form != 0 || n >= 4) || a%4 != 0 {
			f.t.Errorf("%s: vector %d of %d elements at %#x", k.Name, i, n, a)
		}
	}
	switch {
	case k.Name == "dot":
		f.dot(at, n)
	case k.Name == "finite":
		if !kernels.Finite(f.floats(at[0], n)) {
			binary.NativeEndian.PutUint32(f.at(at[1], 4), 1)
		}
	case strings.HasPrefix(k.Name, "encodeDelta"):
		f.encode(k.Form, at, n)
	default:
		f.run(k, at, n, scalars)
	}
}

// run does what has an Op.
func (f *fake) run(k ptx.Kernel, at []uint64, n int, scalars []uint64) {
	name := strings.TrimSuffix(strings.TrimSuffix(k.Name, "BFloat16"), "Int8")
	if name == "decode" {
		name = "copy"
	}
	c := backend.Call{Op: opNamed(name), Form: k.Form}
	for i, a := range at {
		if k.Form != 0 && i == len(at)-1 {
			c.Packed = f.at(a, k.Form.Size(n))
		} else {
			c.Vectors[i] = f.floats(a, n)
		}
	}
	for i, bits := range scalars {
		c.Numbers[i] = math.Float32frombits(uint32(bits))
	}
	kernels.CPU{}.Run(c)
}

func opNamed(name string) backend.Op {
	for _, op := range backend.Ops() {
		if op.String() == name {
			return op
		}
	}
	panic("no op " + name)
}

func (f *fake) encode(form kernels.Form, at []uint64, n int) {
	var residual []float32
	if at[1] != 0 {
		residual = f.floats(at[1], n)
	}
	dst, x := f.at(at[0], form.Size(n)), f.floats(at[2], n)
	if at[3] == 0 {
		kernels.Encode(dst, form, x)
		return
	}
	kernels.EncodeDelta(dst, form, x, f.floats(at[3], n), residual)
}

// dot writes the sums of blocks.
func (f *fake) dot(at []uint64, n int) {
	x, y := f.floats(at[0], n), f.floats(at[1], n)
	sums := f.at(at[2], (n+block-1)/block*8)
	for lo := 0; lo < n; lo += block {
		hi := min(lo+block, n)
		binary.NativeEndian.PutUint64(sums, math.Float64bits(kernels.Dot(x[lo:hi], y[lo:hi])))
		sums = sums[8:]
	}
}

func (f *fake) floats(address uint64, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(f.at(address, 4*n)))), n)
}

func (f *fake) OpenBLAS(stream uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blas = stream
	return f.call()
}

// fused is a*x + b*y, rounded once or twice; what has the factor 0 is not looked at.
func fused(a, x, b, y float32) float32 {
	switch {
	case a == 0 && b == 0:
		return 0
	case a == 0:
		return b * y
	case b == 0:
		return a * x
	}
	return float32(math.FMA(float64(a), float64(x), float64(float32(b*y))))
}

func (f *fake) Axpy(n int, a float32, x, y uint64) error {
	return f.Geam(n, a, x, 1, y, y)
}

func (f *fake) Geam(n int, a float32, x uint64, b float32, y, dst uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blas == 0 {
		f.t.Error("cuBLAS is not open")
	}
	if err := f.call(); err != nil {
		return err
	}
	f.queue(f.blas, work{do: func() {
		v, w, to := f.floats(x, n), f.floats(y, n), f.floats(dst, n)
		for i := range to {
			to[i] = fused(a, v[i], b, w[i])
		}
	}})
	return nil
}

func (f *fake) Dot(n int, x, y uint64) (float32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return 0, err
	}
	i := 0
	for f.streams[i].id != f.blas {
		i++
	}
	for len(f.streams[i].work) > 0 {
		f.step(f.streams[i])
	}
	return float32(kernels.Dot(f.floats(x, n), f.floats(y, n))), nil
}
