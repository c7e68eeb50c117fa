//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

func opened(t testing.TB) *card {
	t.Helper()
	c := must[*card](t)(openCard(0))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// floats is pinned memory as numbers.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// scaled are the arguments of the kernel scale.
func scaled(p uint64, n int, by float32) []uint64 {
	return []uint64{p, uint64(n), uint64(math.Float32bits(by))}
}

// Every call arrives at the driver as it was meant.
func TestCalls(t *testing.T) {
	tr := fake(t)
	c := opened(t)
	if c.Name() != "Fake GPU 0" || c.Processors() != 132 {
		t.Error(c.Name(), c.Processors())
	}
	is(t, tr.since(), `
cuInit(0) = 0
cuDeviceGetCount() = 0
cuDeviceGet(0) = 0
cuDeviceGetName(1000) = 0
cuDeviceTotalMem_v2(1000) = 0
cuDeviceGetAttribute(16, 1000) = 0
cuDeviceGetAttribute(75, 1000) = 0
cuDeviceGetAttribute(76, 1000) = 0
cuDeviceGet(0) = 0
cuDevicePrimaryCtxRetain(1000) = 0
`)

	v := must[uint64](t)(c.Alloc(40))
	w := must[uint64](t)(c.Alloc(40))
	p := must[[]byte](t)(c.AllocPinned(100))
	s, far := must[uint64](t)(c.NewStream()), must[uint64](t)(c.NewStream())
	e := must[uint64](t)(c.NewEvent())
	if v%256 != 0 || w%256 != 0 || len(p) != 100 {
		t.Error(v, w, len(p))
	}
	copy(floats(p), []float32{1, 2, 3, 4})
	succeed(t, c.Zero(s, v, 40), c.CopyIn(s, v+8, p[:16]), c.Record(e, s), c.Wait(far, e), c.CopyWithin(far, w, v, 40),
		c.CopyOut(far, p[40:80], w), c.Record(e, far), c.SyncEvent(e), c.Synchronize())
	if got := floats(p[40:80]); !slices.Equal(got, []float32{0, 0, 1, 2, 3, 4, 0, 0, 0, 0}) {
		t.Error("copied", got)
	}
	is(t, tr.since(), `
cuMemAlloc_v2(40) = 0
cuMemAlloc_v2(40) = 0
cuMemHostAlloc(100, 0) = 0
cuStreamCreate(0) = 0
cuStreamCreate(0) = 0
cuEventCreate(3) = 0
cuMemsetD8Async(m1, 0, 40, s1) = 0
cuMemcpyHtoDAsync_v2(m1+8, p1, 16, s1) = 0
cuEventRecord(e1, s1) = 0
cuStreamWaitEvent(s2, e1, 0) = 0
cuMemcpyDtoDAsync_v2(m2, m1, 40, s2) = 0
cuMemcpyDtoHAsync_v2(p1+40, m2, 40, s2) = 0
cuEventRecord(e1, s2) = 0
cuEventSynchronize(e1) = 0
cuCtxSynchronize() = 0
`)

	succeed(t, c.LoadKernels(ptx.Text))
	found := tr.since()
	for _, k := range ptx.Kernels() {
		if !strings.Contains(found, "cuModuleGetFunction(l1, "+k.Name+") = 0") {
			t.Errorf("%s was not found:\n%s", k.Name, found)
		}
		if got, want := c.functions[k.Name].args, len(k.Vectors)+1+len(k.Numbers); got != want {
			t.Errorf("%s has %d arguments, want %d", k.Name, got, want)
		}
	}
	succeed(t, c.Launch(s, "scale", 3, 64, scaled(w, 10, 0.5)), c.CopyOut(s, p[40:80], w))
	if got := floats(p[40:80]); !slices.Equal(got, []float32{0, 0, 0.5, 1, 1.5, 2, 0, 0, 0, 0}) {
		t.Error("scaled", got)
	}
	succeed(t, c.Free(v))
	is(t, tr.since(), `
cuLaunchKernel(scale, 3x1x1, 64x1x1, 0, s1, m2, 10, 0.5) = 0
cuMemcpyDtoHAsync_v2(p1+40, m2, 40, s1) = 0
cuCtxSynchronize() = 0
cuMemFree_v2(m1) = 0
`)

	// What is left goes with the device, the last first.
	succeed(t, c.Close(), c.Close())
	is(t, tr.since(), `
cuCtxSynchronize() = 0
cuCtxSynchronize() = 0
cuModuleUnload(l1) = 0
cuEventDestroy_v2(e1) = 0
cuStreamDestroy_v2(s2) = 0
cuStreamDestroy_v2(s1) = 0
cuCtxSynchronize() = 0
cuMemFreeHost(p1) = 0
cuCtxSynchronize() = 0
cuMemFree_v2(m2) = 0
cuDevicePrimaryCtxRelease_v2(1000, live 0, retained 0) = 0
`)
}

// Each argument of each kernel reaches it, whatever its place: the longest list too.
func TestArguments(t *testing.T) {
	fake(t)
	c := opened(t)
	succeed(t, c.LoadKernels(ptx.Text))
	s := must[uint64](t)(c.NewStream())
	p := must[[]byte](t)(c.AllocPinned(16))
	var v [4]uint64 // of AdamW: p m v g
	for i := range v {
		v[i] = must[uint64](t)(c.Alloc(16))
		copy(floats(p), []float32{float32(i + 1), 0, 0, 0})
		succeed(t, c.CopyIn(s, v[i], p))
	}
	args := append(slices.Clone(v[:]), 1)
	for _, x := range []float32{2, 3, 4, 5, 6, 7, 8, 0.5} { // beta1 c1 beta2 c2 eps decay step root
		args = append(args, uint64(math.Float32bits(x)))
	}
	succeed(t, c.Launch(s, "adamW", 1, 32, args))
	mean, square := float32(2*2+3*4), float32(4*3+5*4*4)
	root := float32(math.Sqrt(float64(square)))
	for i, want := range []float32{1 - (7*1 + 8*mean/(root/0.5+6)), mean, square, 4} {
		if succeed(t, c.CopyOut(s, p, v[i])); floats(p)[0] != want {
			t.Errorf("vector %d: got %v, want %v", i, floats(p)[0], want)
		}
	}
}

func TestLaunchDoesNotAllocate(t *testing.T) {
	fake(t)
	t.Setenv("FAKECUDA_TRACE", "")
	c := opened(t)
	succeed(t, c.LoadKernels(ptx.Text))
	s := must[uint64](t)(c.NewStream())
	args := scaled(must[uint64](t)(c.Alloc(16)), 4, 2)
	n := testing.AllocsPerRun(100, func() {
		if c.Launch(s, "scale", 1, 32, args) != nil {
			t.Fatal("launch")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// tour does one of each, with a call of between before, and returns the first error.
// It gives nothing back.
func tour(c *card, between func()) error {
	var v, s, e uint64
	var p []byte
	all := []func() error{
		func() (err error) { v, err = c.Alloc(400); return err },
		func() (err error) { p, err = c.AllocPinned(400); return err },
		func() (err error) { s, err = c.NewStream(); return err },
		func() (err error) { e, err = c.NewEvent(); return err },
		func() error { return c.LoadKernels(ptx.Text) },
		func() error { return c.OpenBLAS(s) },
		func() error { return c.Zero(s, v, 400) },
		func() error { return c.CopyIn(s, v, p) },
		func() error { return c.CopyWithin(s, v, v+200, 200) },
		func() error { return c.Launch(s, "scale", 1, 32, scaled(v, 100, 1)) },
		func() error { return c.Axpy(50, 1, v, v+200) },
		func() error { return c.Geam(50, 1, v, 1, v+200, v) },
		func() error { _, err := c.Dot(50, v, v+200); return err },
		func() error { return c.CopyOut(s, p, v) },
		func() error { return c.Record(e, s) },
		func() error { return c.Wait(s, e) },
		func() error { return c.SyncEvent(e) },
		c.Synchronize,
	}
	for _, f := range all {
		between()
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// Two devices in turn on one thread: each call is in the context of its own.
func TestTwoDevices(t *testing.T) {
	tr := fake(t)
	t.Setenv("FAKECUDA_DEVICES", "2")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := opened(t)
	other := must[*card](t)(openCard(1))
	if c.Name() != "Fake GPU 0" || other.Name() != "Fake GPU 1" {
		t.Error(c.Name(), other.Name())
	}
	_ = must[uint64](t)(c.Alloc(100))
	succeed(t, tour(c, func() {
		if free, total, err := other.driver.memory(); err != nil || total != free {
			t.Error(total, free, err)
		}
	}))
	if free, total, err := c.driver.memory(); err != nil || total-free != 500 {
		t.Error(total, free, err)
	}
	succeed(t, c.Close(), other.Close())
	if n := strings.Count(tr.String(), ", live 0, retained 0) = 0"); n != 2 || strings.Count(tr.String(), "= 0") != strings.Count(tr.String(), "\n") {
		t.Error(tr)
	}
}

// What was given back, or was never made, and all of a card that is closed is refused.
func TestClosed(t *testing.T) {
	tr := fake(t)
	c := opened(t)
	v, s := must[uint64](t)(c.Alloc(4)), must[uint64](t)(c.NewStream())
	succeed(t, c.Free(v))
	for i, err := range []error{c.Free(v), c.Free(7), c.Free(s)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	succeed(t, c.Close())
	_, alloc := c.Alloc(1)
	_, dot := c.Dot(1, 1, 1)
	for i, err := range []error{alloc, dot, c.Free(v), c.Zero(s, v, 4), c.Synchronize(), c.OpenBLAS(s), c.LoadKernels("")} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("closed card, call %d: %v", i, err)
		}
	}
	tr.empty()
}

// Close while others are at work: they get ErrClosed, the driver gets all back.
func TestCloseAmongOthers(t *testing.T) {
	tr := fake(t)
	c := opened(t)
	s := must[uint64](t)(c.NewStream())
	begun := make(chan bool, 16)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			defer func() { begun <- true }() // if it fails earlier
			for i := 0; ; i++ {
				v, err := c.Alloc(1000)
				if err := errors.Join(err, c.Zero(s, v, 1000), c.Free(v)); err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					return
				}
				if i == 3 {
					begun <- true
				}
			}
		})
	}
	for range 8 {
		<-begun
	}
	succeed(t, c.Close())
	wg.Wait()
	tr.empty()
}
