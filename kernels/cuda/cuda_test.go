//go:build linux && cgo && (amd64 || arm64)

package cuda_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels/cuda"
)

const ptx = `
.version 7.0
.target sm_70
.address_size 64
.visible .entry scale(
	.param .u64 scale_param_0,
	.param .u64 .ptr .global .align 16 scale_param_1,
	.param .f32 scale_param_2,
	.param .u32 scale_param_3
)
{ ret; }
.visible .entry wide(
	.param .align 8 .b8 wide_param_0[24]
)
{ ret; }
`

// Every call arrives at the driver as it was meant.
func TestCalls(t *testing.T) {
	tr := fake(t)
	if n := must[int](t)(cuda.Devices()); n != 1 {
		t.Errorf("%d devices, want 1", n)
	}
	d := open(t)
	major, minor := d.Capability()
	if got, want := fmt.Sprintf("%d %s %d %d.%d", d.Ordinal(), d.Name(), d.Processors(), major, minor), "0 Fake GPU 0 132 9.1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	is(t, tr.since(), `
cuInit(0) = 0
cuDeviceGetCount() = 0
cuInit(0) = 0
cuDeviceGetCount() = 0
cuDeviceGet(0) = 0
cuDeviceGetName(1000) = 0
cuDeviceGetAttribute(16, 1000) = 0
cuDeviceGetAttribute(75, 1000) = 0
cuDeviceGetAttribute(76, 1000) = 0
cuDevicePrimaryCtxRetain(1000) = 0
`)

	v := must[*cuda.Vector](t)(d.Alloc(10))
	free, total, err := d.Memory()
	if err != nil || free != 80<<30-40 || total != 80<<30 {
		t.Error(free, total, err)
	}
	if w := v.Slice(4, 10); w.Len() != 6 || w.Address() != v.Address()+16 || v.Address()%256 != 0 {
		t.Error("Slice:", w.Len(), w.Address(), v.Address())
	}
	got := make([]float32, 10)
	got[3] = 1
	succeed(t, v.CopyOut(got))
	if !slices.Equal(got, make([]float32, 10)) {
		t.Error("Alloc:", got)
	}
	succeed(t, v.Slice(2, 8).Slice(1, 4).CopyIn([]float32{1, 2, 3}), v.CopyOut(got), v.Slice(10, 10).CopyIn(nil), v.Slice(0, 0).CopyOut(nil))
	if !slices.Equal(got, []float32{0, 0, 0, 1, 2, 3, 0, 0, 0, 0}) {
		t.Error("Slice, CopyIn:", got)
	}
	is(t, tr.since(), `
cuMemAlloc_v2(40) = 0
cuMemsetD32_v2(m1, 0, 10) = 0
cuMemGetInfo_v2() = 0
cuMemcpyDtoH_v2(m1, 40) = 0
cuMemcpyHtoD_v2(m1+12, 12) = 0
cuMemcpyDtoH_v2(m1, 40) = 0
`)

	p := must[*cuda.Pinned](t)(d.AllocPinned(4*6 + 3))
	if len(p.Bytes()) != 27 || len(p.Float32s()) != 6 {
		t.Error(len(p.Bytes()), len(p.Float32s()))
	}
	copy(p.Float32s(), []float32{9, 8, 7, 6, 5, 4})
	s := must[*cuda.Stream](t)(d.NewStream())
	succeed(t, s.CopyIn(v.Slice(8, 10), p, 1), s.CopyOut(p, 3, v.Slice(7, 10)), s.CopyIn(v.Slice(4, 4), p, 6), s.Sync())
	if !slices.Equal(p.Float32s(), []float32{9, 8, 7, 0, 8, 7}) {
		t.Error("CopyIn, CopyOut of a stream:", p.Float32s())
	}
	is(t, tr.since(), `
cuMemHostAlloc(27, 0) = 0
cuStreamCreate(0) = 0
cuMemcpyHtoDAsync_v2(m1+32, p1+4, 8, s1) = 0
cuMemcpyDtoHAsync_v2(p1+12, m1+28, 12, s1) = 0
cuStreamSynchronize(s1) = 0
`)

	begin, end := must[*cuda.Event](t)(d.NewEvent()), must[*cuda.Event](t)(d.NewEvent())
	_, err = end.Elapsed(begin)
	fails(t, err, "cuEventElapsedTime", 400)
	succeed(t, begin.Record(s), end.Record(s), s.Wait(begin), end.Sync())
	if e := must[time.Duration](t)(end.Elapsed(begin)); e < 0 || e > time.Minute {
		t.Error("Elapsed:", e)
	}
	m := must[*cuda.Module](t)(d.Load(ptx))
	k := must[*cuda.Kernel](t)(m.Kernel("scale"))
	succeed(t, k.Launch(s, 3, 64, v.Slice(4, 10).Arg(), v.Arg(), cuda.Float32(0.5), cuda.Uint64(1003)))
	end.Close()
	s.Close()
	is(t, tr.since(), `
cuEventCreate(0) = 0
cuEventCreate(0) = 0
cuEventElapsedTime(e1, e2) = 400
cuEventRecord(e1, s1) = 0
cuEventRecord(e2, s1) = 0
cuStreamWaitEvent(s1, e1, 0) = 0
cuEventSynchronize(e2) = 0
cuEventElapsedTime(e1, e2) = 0
cuModuleLoadDataEx(`+fmt.Sprint(len(ptx))+` bytes, 2 options) = 0
cuModuleGetFunction(l1, scale) = 0
cuLaunchKernel(scale, 3x1x1, 64x1x1, 0, s1, m1+16, m1, 0.5, 1003) = 0
cuEventDestroy_v2(e2) = 0
cuStreamDestroy_v2(s1) = 0
`)

	// What is left goes with the device, the last first; then giving back does nothing.
	succeed(t, d.Close(), d.Close())
	v.Free()
	p.Free()
	m.Close()
	begin.Close()
	is(t, tr.since(), `
cuCtxSynchronize() = 0
cuCtxSynchronize() = 0
cuModuleUnload(l1) = 0
cuEventDestroy_v2(e1) = 0
cuCtxSynchronize() = 0
cuMemFreeHost(p1) = 0
cuCtxSynchronize() = 0
cuMemFree_v2(m1) = 0
cuDevicePrimaryCtxRelease_v2(1000, live 0, retained 0) = 0
`)
}

func is(t *testing.T, got, want string) {
	t.Helper()
	if want = want[1:]; got != want {
		t.Errorf("the driver was asked\n%swant\n%s", got, want)
	}
}

// tour does one of each, with a call of between before, and returns the first error and
// what gives back all that it made.
func tour(d *cuda.Device, between func()) (back []func(), err error) {
	between()
	v, err := d.Alloc(100)
	if err != nil {
		return nil, err
	}
	between()
	p, err := d.AllocPinned(400)
	if err != nil {
		return nil, err
	}
	between()
	s, err := d.NewStream()
	if err != nil {
		return nil, err
	}
	between()
	e, err := d.NewEvent()
	if err != nil {
		return nil, err
	}
	between()
	m, err := d.Load(ptx)
	if err != nil {
		return nil, err
	}
	between()
	k, err := m.Kernel("scale")
	if err != nil {
		return nil, err
	}
	for _, f := range []func() error{
		func() error { _, _, err := d.Memory(); return err },
		func() error { return v.CopyIn(p.Float32s()) },
		func() error { return v.CopyOut(p.Float32s()) },
		func() error { return s.CopyIn(v, p, 0) },
		func() error { return s.CopyOut(p, 0, v) },
		func() error { return e.Record(s) },
		func() error { return s.Wait(e) },
		func() error { return k.Launch(s, 1, 32, v.Arg(), v.Arg(), cuda.Float32(1), cuda.Uint64(100)) },
		e.Sync,
		func() error { _, err := e.Elapsed(e); return err },
		s.Sync,
	} {
		between()
		if err := f(); err != nil {
			return nil, err
		}
	}
	return []func(){m.Close, e.Close, s.Close, p.Free, v.Free}, nil
}

func nothing() {}

// Two devices in turn on one thread: each call is in the context of its own.
func TestTwoDevices(t *testing.T) {
	tr := fake(t)
	t.Setenv("FAKECUDA_DEVICES", "2")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	d := open(t)
	other := must[*cuda.Device](t)(cuda.Open(1))
	if d.Name() != "Fake GPU 0" || other.Name() != "Fake GPU 1" {
		t.Error(d.Name(), other.Name())
	}
	v := must[*cuda.Vector](t)(d.Alloc(25))
	memory := func(d *cuda.Device, want uint64) {
		if free, total, err := d.Memory(); err != nil || total-free != want {
			t.Error(total-free, err)
		}
	}
	back := must[[]func()](t)(tour(d, func() { memory(other, 0) }))
	for _, f := range back {
		memory(other, 0)
		f()
	}
	memory(d, 100)
	memory(other, 0)
	v.Free()
	succeed(t, d.Close(), other.Close())
	if n := strings.Count(tr.String(), ", live 0, retained 0) = 0"); n != 2 || strings.Count(tr.String(), "= 0") != strings.Count(tr.String(), "\n") {
		t.Error(tr)
	}
}

// What a slice is a part of may hold pointers.
func TestSliceOfAnything(t *testing.T) {
	fake(t)
	v := must[*cuda.Vector](t)(open(t).Alloc(4))
	x := &struct {
		v [4]float32
		p *int
	}{v: [4]float32{1, 2, 3, 4}, p: new(int)}
	succeed(t, v.CopyIn(x.v[:]))
	x.v = [4]float32{}
	succeed(t, v.CopyOut(x.v[:]))
	if x.v != [4]float32{1, 2, 3, 4} {
		t.Error(x.v)
	}
}

// What is used after it was given back is refused, whether by its own Free or by that
// of the device.
func TestClosed(t *testing.T) {
	for _, by := range []string{"itself", "device"} {
		tr := fake(t)
		d := open(t)
		v := must[*cuda.Vector](t)(d.Alloc(4))
		p := must[*cuda.Pinned](t)(d.AllocPinned(16))
		s := must[*cuda.Stream](t)(d.NewStream())
		e := must[*cuda.Event](t)(d.NewEvent())
		m := must[*cuda.Module](t)(d.Load(ptx))
		k := must[*cuda.Kernel](t)(m.Kernel("scale"))
		b := must[*cuda.BLAS](t)(d.NewBLAS(s))
		if by == "device" {
			succeed(t, d.Close())
			_, _, err := d.Memory()
			errs := []error{err}
			_, err = d.Alloc(1)
			errs = append(errs, err)
			for i, err := range errs {
				if !errors.Is(err, cuda.ErrClosed) {
					t.Errorf("call %d: %v", i, err)
				}
			}
		}
		for range 2 {
			b.Close()
			m.Close()
			e.Close()
			s.Close()
			p.Free()
			v.Free()
		}
		_, kernel := m.Kernel("scale")
		_, elapsed := e.Elapsed(e)
		host := make([]float32, 4)
		for i, err := range []error{
			kernel, elapsed, s.Sync(), s.Wait(e), e.Record(s), e.Sync(),
			v.CopyIn(host), v.CopyOut(host), v.Slice(1, 2).CopyIn(host[:1]), v.Slice(0, 0).CopyIn(nil),
			s.CopyIn(v, p, 0), s.CopyOut(p, 0, v), k.Launch(s, 1, 1, make([]cuda.Arg, 4)...), b.Axpy(v, 1, v),
		} {
			if !errors.Is(err, cuda.ErrClosed) {
				t.Errorf("given back by %s, call %d: %v", by, i, err)
			}
		}
		_ = d.Close()
		tr.empty()
	}
}

// Many goroutines on one device, each with a stream, all on any thread.
func TestGoroutines(t *testing.T) {
	tr := fake(t)
	t.Setenv("FAKECUDA_TRACE", "")
	d := open(t)
	shared := must[*cuda.Module](t)(d.Load(ptx))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				_, err := tour(d, nothing)
				if err := errors.Join(err, round(d, shared, 10*i+j+1)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Setenv("FAKECUDA_TRACE", tr.path)
	succeed(t, d.Close())
	tr.empty()
}

// round sends numbers through pinned memory to the device and back.
func round(d *cuda.Device, m *cuda.Module, n int) error {
	s, err := d.NewStream()
	if err != nil {
		return err
	}
	defer s.Close()
	v, err := d.Alloc(n)
	if err != nil {
		return err
	}
	defer v.Free()
	p, err := d.AllocPinned(8 * n)
	if err != nil {
		return err
	}
	defer p.Free()
	k, err := m.Kernel("scale")
	if err != nil {
		return err
	}
	for i := range n {
		p.Float32s()[i] = float32(i)
	}
	err = errors.Join(s.CopyIn(v, p, 0), k.Launch(s, 1, 1, v.Arg(), v.Arg(), cuda.Float32(1), cuda.Uint64(1)), s.CopyOut(p, n, v), s.Sync())
	if err == nil && !slices.Equal(p.Float32s()[:n], p.Float32s()[n:]) {
		err = errors.New("other numbers came back")
	}
	return err
}

// Close while others are at work: they get ErrClosed, the driver gets all back.
func TestCloseAmongOthers(t *testing.T) {
	tr := fake(t)
	d := open(t)
	v := must[*cuda.Vector](t)(d.Alloc(1000))
	s := must[*cuda.Stream](t)(d.NewStream())
	begun := make(chan bool, 16)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			defer func() { begun <- true }() // if it fails earlier
			host := make([]float32, 1000)
			for i := 0; ; i++ {
				if err := errors.Join(v.CopyIn(host), v.CopyOut(host), s.Sync()); err != nil {
					if !errors.Is(err, cuda.ErrClosed) {
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
	wg.Go(v.Free)
	succeed(t, d.Close())
	wg.Wait()
	tr.empty()
}

func TestMistakes(t *testing.T) {
	fake(t)
	d, other := open(t), open(t)
	v, p := must[*cuda.Vector](t)(d.Alloc(4)), must[*cuda.Pinned](t)(d.AllocPinned(16))
	s, far := must[*cuda.Stream](t)(d.NewStream()), must[*cuda.Stream](t)(other.NewStream())
	for _, c := range []struct {
		name, want string
		f          func()
	}{
		{"CopyIn", "cuda: lengths differ", func() { _ = v.CopyIn(make([]float32, 5)) }},
		{"CopyOut", "cuda: lengths differ", func() { _ = v.CopyOut(make([]float32, 3)) }},
		{"Slice past the end", "cuda: range out of bounds", func() { v.Slice(0, 5) }},
		{"Slice backwards", "cuda: range out of bounds", func() { v.Slice(3, 2) }},
		{"Slice before the beginning", "cuda: range out of bounds", func() { v.Slice(-1, 2) }},
		{"pinned past the end", "cuda: range out of bounds", func() { _ = s.CopyIn(v, p, 1) }},
		{"pinned before the beginning", "cuda: range out of bounds", func() { _ = s.CopyOut(p, -1, v) }},
		{"Alloc", "cuda: range out of bounds", func() { _, _ = d.Alloc(-1) }},
		{"Alloc too much", "cuda: range out of bounds", func() { _, _ = d.Alloc(1 << 62) }},
		{"AllocPinned", "cuda: range out of bounds", func() { _, _ = d.AllocPinned(0) }},
		{"Free", "cuda: a slice of a vector cannot be freed", func() { v.Slice(0, 4).Free() }},
		{"two devices", "cuda: of another device", func() { _ = far.CopyIn(v, p, 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("got %v, want %s", got, c.want)
				}
			}()
			c.f()
		})
	}
	// A mistake leaves no lock and no use behind: Close does not wait for ever.
	succeed(t, d.Close())
}

func TestLaunchDoesNotAllocate(t *testing.T) {
	fake(t)
	t.Setenv("FAKECUDA_TRACE", "")
	d := open(t)
	v, s := must[*cuda.Vector](t)(d.Alloc(4)), must[*cuda.Stream](t)(d.NewStream())
	k := must[*cuda.Kernel](t)(must[*cuda.Module](t)(d.Load(ptx)).Kernel("scale"))
	n := testing.AllocsPerRun(100, func() {
		if k.Launch(s, 1, 32, v.Arg(), v.Slice(1, 2).Arg(), cuda.Float32(1), cuda.Uint64(2)) != nil {
			t.Fatal("launch")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
