//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

func TestDevices(t *testing.T) {
	tr := fake(t)
	t.Setenv("FAKECUDA_DEVICES", "2")
	want := []Info{{0, "Fake GPU 0", 9, 1, 132, 1 << 30}, {1, "Fake GPU 1", 9, 1, 132, 1 << 30}}
	if all := must[[]Info](t)(Devices()); !slices.Equal(all, want) {
		t.Error(all)
	}
	if strings.Contains(tr.String(), "Ctx") {
		t.Error("a device was used:", tr)
	}
	t.Setenv("FAKECUDA_DEVICES", "0")
	if all := must[[]Info](t)(Devices()); len(all) != 0 {
		t.Error(all)
	}
	t.Setenv("FAKECUDA_DEVICES", "2")
	for _, call := range []string{"cuInit", "cuDeviceGetCount", "cuDeviceTotalMem_v2"} {
		t.Setenv("FAKECUDA_FAIL", call+":0=12345")
		_, err := Devices()
		says(t, err, "cuda: "+call+": error 12345")
	}
	for path, want := range map[string]string{"/nowhere/libcuda.so.1": "cannot open shared object file", "libc.so.6": "no symbol cuInit"} {
		t.Setenv("HALOS_LIBCUDA", path)
		if _, err := Devices(); err == nil || !strings.HasPrefix(err.Error(), "cuda: no driver: "+path+": "+want) {
			t.Error(err)
		}
	}
}

// On a machine without a driver this program has started all the same, and there is an
// error; where there is one, it answers.
func TestSystem(t *testing.T) {
	t.Setenv("HALOS_LIBCUDA", "")
	all, err := Devices()
	t.Log(all, err)
	if err != nil && (all != nil || !strings.HasPrefix(err.Error(), "cuda: ")) {
		t.Error(all, err)
	}
}

func device(t testing.TB, ordinal int) *Device {
	t.Helper()
	d := must[*Device](t)(Open(ordinal))
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDevice(t *testing.T) {
	tr := fake(t)
	d := device(t, 0)
	if d.Info() != (Info{0, "Fake GPU 0", 9, 1, 132, 1 << 30}) {
		t.Error(d.Info())
	}
	before, total, err := d.Memory()
	if n := strings.Count(tr.String(), "cuMemHostAlloc(16777216, 0) = 0"); total-before != 48<<20 || n != 5 {
		t.Errorf("a device costs %d bytes and %d buffers of 16 MiB, not what Select says", total-before, n)
	}
	v := must[[]float32](t)(d.Backend().Make(1000))
	after, _, again := d.Memory()
	if succeed(t, err, again); before-after != 4000 || total != 1<<30 {
		t.Error(before, after, total)
	}
	if Address(v)%256 != 0 || Address(v[3:]) != Address(v)+12 || Address(nil) != 0 {
		t.Error(Address(v), Address(v[3:]), Address(nil))
	}
	succeed(t, d.Sync(), d.Close(), d.Close())
	if _, _, err := d.Memory(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	for _, i := range []int{-1, 1} {
		_, err := Open(i)
		says(t, err, fmt.Sprintf("cuda: no device %d: the driver has 1", i))
	}
}

// The memory of the fake device is nowhere that Go could touch it by mistake.
func TestElements(t *testing.T) {
	fake(t)
	v := must[[]float32](t)(selected(t, "cuda").Make(2000))
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, i := range []int{0, 1999} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("element %d is there", i)
				}
			}()
			v[i]++
		}()
	}
}

// step is a window of two on b, with gradients of n elements that come from the host.
func step(b kernels.Backend, n int, snapshot bool) error {
	var v [3][]float32
	for i := range v {
		var err error
		if v[i], err = b.Make(n); err != nil {
			return err
		}
		defer b.Recycle(v[i])
	}
	p, m, d := v[0], v[1], v[2]
	g := slices.Repeat([]float32{2}, n)
	kernels.DelayedFirst(p, d, g, 0.5, 2)
	kernels.DelayedStep(p, m, d, g, 0.5, 0.5, 0.25, 2)
	got := make([]float32, n)
	if snapshot {
		s := b.Snapshot(p)
		defer s.Release()
		if err := s.Read(got); err != nil {
			return err
		}
	} else {
		kernels.Copy(got, p)
	}
	if err := b.Err(); err != nil {
		return err
	}
	for i, x := range got { // m is 0.5*0 + (2+2)/2
		if x != -0.5-0.5*(0.25*2+1) {
			return fmt.Errorf("element %d: got %v", i, x)
		}
	}
	return nil
}

// However often a device is opened, all its memory comes back.
func TestCycles(t *testing.T) {
	tr := fake(t)
	t.Setenv("FAKECUDA_TRACE", "")
	cycles := 1000
	if testing.Short() {
		cycles = 30
	}
	watch := opened(t)
	before, _, err := watch.driver.memory()
	succeed(t, err)
	for i := range cycles {
		b := selected(t, []string{"cuda", "cublas"}[i%2])
		succeed(t, step(b, 1000+i, true), b.Close())
		if after, _, err := watch.driver.memory(); err != nil || after != before {
			t.Fatalf("cycle %d: %d bytes are gone, %v", i, before-after, err)
		}
	}
	t.Setenv("FAKECUDA_TRACE", tr.path)
	succeed(t, watch.Close())
	is(t, tr.since(), `
cuCtxSynchronize() = 0
cuDevicePrimaryCtxRelease_v2(1000, live 0, retained 0) = 0
`)
}

// Goroutines with a Backend each of one device, and with vectors each of one Backend,
// do not disturb each other.
func TestBackendGoroutines(t *testing.T) {
	fake(t)
	t.Setenv("FAKECUDA_TRACE", "")
	shared := selected(t, "cuda")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			own, _, err := Select([]string{"cuda", "cublas"}[i%2])
			if err != nil {
				t.Error(err)
				return
			}
			for j := range 5 {
				err = errors.Join(err, step(own, 100*i+j+1, false), step(shared, 100*i+j+1, false))
			}
			if err := errors.Join(err, own.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Whichever call of the driver fails first, somebody is told, and all is given back.
func TestBackendFailures(t *testing.T) {
	for _, name := range []string{"cuda", "cublas"} {
		t.Run(name, func(t *testing.T) {
			for k := 1; ; k++ {
				tr := fake(t)
				t.Setenv("FAKECUDA_FAIL", fmt.Sprintf("*:%d=700", k))
				b, _, err := Select(name)
				if err == nil {
					if err = step(b, 300, true); b.Err() == nil && err != nil {
						t.Errorf("call %d: %v, but Err is nil", k, err)
					}
					_ = b.Close()
				}
				tr.empty()
				if err == nil {
					return
				}
				if e, ok := errors.AsType[*Error](err); !ok || e.Code != 700 {
					t.Fatalf("call %d: %v", k, err)
				}
			}
		})
	}
}
