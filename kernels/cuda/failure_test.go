//go:build linux && cgo && (amd64 || arm64)

package cuda_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels/cuda"
)

// fails checks that err is that of a call of the driver.
func fails(t *testing.T, err error, call string, code int) {
	t.Helper()
	if e, ok := errors.AsType[*cuda.Error](err); !ok || e.Call != call || e.Code != code {
		t.Errorf("got %v, want code %d of %s", err, code, call)
	}
}

func TestNoDriver(t *testing.T) {
	fake(t)
	blas := os.Getenv("HALOS_LIBCUBLAS")
	for _, c := range []struct{ name, env, value, want string }{
		{"missing", "HALOS_LIBCUDA", "/nowhere/libcuda.so.1", "cuda: no driver: /nowhere/libcuda.so.1: cannot open shared object file"},
		{"another library", "HALOS_LIBCUDA", blas, "fakeblas.so: no symbol cuInit"},
		{"without a card", "FAKECUDA_FAIL", "cuInit:0=100", "cuda: cuInit: error 100: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"},
		{"no device", "FAKECUDA_DEVICES", "0", "cuda: no device 0: the driver has 0"},
		{"unknown code", "FAKECUDA_FAIL", "cuDeviceGetCount:1=12345", "cuda: cuDeviceGetCount: error 12345"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.env, c.value)
			d, err := cuda.Open(0)
			if d != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	for _, i := range []int{-1, 1} {
		if _, err := cuda.Open(i); err == nil || err.Error() != fmt.Sprintf("cuda: no device %d: the driver has 1", i) {
			t.Error(err)
		}
	}
	t.Setenv("FAKECUDA_DEVICES", "0")
	if n, err := cuda.Devices(); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// On a machine without a driver this program has started all the same, and there is an
// error; where there is one, it answers.
func TestSystem(t *testing.T) {
	t.Setenv("HALOS_LIBCUDA", "")
	n, err := cuda.Devices()
	t.Log(n, "devices,", err)
	if err != nil && n != 0 || err != nil && !strings.HasPrefix(err.Error(), "cuda: ") {
		t.Error(n, err)
	}
}

// Whichever call fails first, an error says so and all is given back.
func TestFailures(t *testing.T) {
	for k := 1; ; k++ {
		tr := fake(t)
		t.Setenv("FAKECUDA_FAIL", fmt.Sprintf("*:%d=2", k))
		d, err := cuda.Open(0)
		if err == nil {
			_, err = tour(d, nothing)
			if err != nil && d.Err() != nil {
				t.Errorf("call %d: lost by %v", k, d.Err())
			}
			_ = d.Close()
		}
		tr.empty()
		if err == nil {
			if k < 40 {
				t.Errorf("%d calls only", k)
			}
			return
		}
		if e, ok := errors.AsType[*cuda.Error](err); !ok || e.Code != 2 || e.Name != "CUDA_ERROR_OUT_OF_MEMORY" || !strings.HasPrefix(e.Call, "cu") {
			t.Errorf("call %d: %v", k, err)
		}
	}
}

// An address that no kernel should have touched shows in a later call. All that comes
// after is refused without asking the driver; what can be given back is.
func TestLost(t *testing.T) {
	tr := fake(t)
	d := open(t)
	v := must[*cuda.Vector](t)(d.Alloc(4))
	s := must[*cuda.Stream](t)(d.NewStream())
	if d.Err() != nil {
		t.Error(d.Err())
	}
	t.Setenv("FAKECUDA_FAIL", "cuStreamSynchronize:1=700")
	fails(t, s.Sync(), "cuStreamSynchronize", 700)
	fails(t, d.Err(), "cuStreamSynchronize", 700)
	tr.since()
	for range 2 {
		fails(t, v.CopyIn(make([]float32, 4)), "cuStreamSynchronize", 700)
		_, err := d.Alloc(1)
		fails(t, err, "cuStreamSynchronize", 700)
	}
	is(t, tr.since(), "\n")
	v.Free()
	_ = d.Close()
	tr.empty()
	is(t, tr.since(), `
cuCtxSynchronize() = 700
cuMemFree_v2(m1) = 700
cuCtxSynchronize() = 700
cuStreamDestroy_v2(s1) = 700
cuDevicePrimaryCtxRelease_v2(1000, live 0, retained 0) = 0
`)
}

// Only what the driver cannot get over ends the device.
func TestFatal(t *testing.T) {
	for code, fatal := range map[int]bool{
		1: false, 2: false, 201: false, 400: false, 600: false, 701: false, 720: false, 801: false,
		214: true, 220: true, 226: true, 700: true, 702: true, 709: true, 710: true, 714: true, 715: true,
		716: true, 717: true, 718: true, 719: true, 721: true, 810: true, 911: true,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			fake(t)
			d := open(t)
			v := must[*cuda.Vector](t)(d.Alloc(1))
			t.Setenv("FAKECUDA_FAIL", fmt.Sprintf("cuMemcpyHtoD_v2:1=%d", code))
			fails(t, v.CopyIn([]float32{1}), "cuMemcpyHtoD_v2", code)
			if (d.Err() != nil) != fatal {
				t.Errorf("lost: %v, want %t", d.Err(), fatal)
			}
		})
	}
}

// The driver's compiler says what it has against a text.
func TestRefused(t *testing.T) {
	tr := fake(t)
	d := open(t)
	_, err := d.Load("nonsense")
	fails(t, err, "cuModuleLoadDataEx", 218)
	if want := "cuda: cuModuleLoadDataEx: error 218: CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed: ptxas fatal   : Ptx assembly aborted due to errors"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	tr.since()
	_, err = d.Load("a\x00b")
	says(t, err, "cuda: PTX is text, this has a zero byte at 1")
	m := must[*cuda.Module](t)(d.Load(ptx))
	_, err = m.Kernel("absent")
	fails(t, err, "cuModuleGetFunction", 500)
	_, err = m.Kernel("wide")
	says(t, err, `cuda: kernel "wide": 1 parameters of up to 24 bytes, want at most 32 of 8`)

	k, s := must[*cuda.Kernel](t)(m.Kernel("scale")), must[*cuda.Stream](t)(d.NewStream())
	says(t, k.Launch(s, 1, 1, cuda.Uint64(1)), `cuda: kernel "scale": 1 arguments, want 4`)
	says(t, k.Launch(s, 0, 1, make([]cuda.Arg, 4)...), `cuda: kernel "scale": 0 blocks of 1 threads, want 1 to 2147483647 of 1 to 1024`)
	says(t, k.Launch(s, 1, 1025, make([]cuda.Arg, 4)...), `cuda: kernel "scale": 1 blocks of 1025 threads, want 1 to 2147483647 of 1 to 1024`)
	if s := tr.String(); strings.Contains(s, "Launch") {
		t.Error(s)
	}
}

func says(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A driver that cannot tell the parameters gets as many numbers as it may read, and
// one that has only the new name of a call is asked by that.
func TestVariant(t *testing.T) {
	tr := fake(t)
	t.Setenv("HALOS_LIBCUDA", filepath.Join(filepath.Dir(os.Getenv("HALOS_LIBCUDA")), "variant.so"))
	d := open(t)
	s, e := must[*cuda.Stream](t)(d.NewStream()), must[*cuda.Event](t)(d.NewEvent())
	succeed(t, e.Record(s))
	if x := must[time.Duration](t)(e.Elapsed(e)); x != 0 {
		t.Error(x)
	}
	k := must[*cuda.Kernel](t)(must[*cuda.Module](t)(d.Load(ptx)).Kernel("scale"))
	tr.since()
	succeed(t, k.Launch(s, 1, 1, cuda.Uint64(7)))
	is(t, tr.since(), "\ncuLaunchKernel(scale, 1x1x1, 1x1x1, 0, s1, 7, 0, 0, 0) = 0\n")
	if err := k.Launch(s, 1, 1, make([]cuda.Arg, 33)...); err == nil {
		t.Error("33 arguments")
	}
}
