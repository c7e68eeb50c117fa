//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels/cuda/ptx"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// Whichever call fails first, an error says so and all is given back.
func TestFailures(t *testing.T) {
	for k := 1; ; k++ {
		tr := fake(t)
		t.Setenv("FAKECUDA_FAIL", fmt.Sprintf("*:%d=2", k))
		c, err := openCard(0)
		if err == nil {
			if err = tour(c, func() {}); err != nil && c.lost != nil {
				t.Errorf("call %d: lost by %v", k, c.lost)
			}
			_ = c.Close()
		}
		tr.empty()
		if err == nil {
			if k < 80 {
				t.Errorf("%d calls only", k)
			}
			return
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Code != 2 || e.Name != "CUDA_ERROR_OUT_OF_MEMORY" || !strings.HasPrefix(e.Call, "cu") {
			t.Fatalf("call %d: %v", k, err)
		}
		if errors.Is(err, gpu.ErrNoRoom) != (e.Call == "cuMemAlloc_v2") {
			t.Errorf("call %d: %v", k, err)
		}
	}
}

// Only memory of the device that is full is no room.
func TestNoRoom(t *testing.T) {
	fake(t)
	c := opened(t)
	v := must[uint64](t)(c.Alloc(1 << 20))
	_, err := c.Alloc(1 << 30)
	says(t, err, "no room left on the GPU: cuda: cuMemAlloc_v2: error 2: CUDA_ERROR_OUT_OF_MEMORY: out of memory")
	if !errors.Is(err, gpu.ErrNoRoom) {
		t.Error(err)
	}
	succeed(t, c.Free(v))
	t.Setenv("FAKECUDA_FAIL", "cuMemHostAlloc:1=2")
	_, err = c.AllocPinned(1)
	fails(t, err, "cuMemHostAlloc", 2)
	if errors.Is(err, gpu.ErrNoRoom) {
		t.Error(err)
	}
}

// An address that no kernel should have touched ends the device. All that comes after
// is refused without asking the driver; what can be given back is.
func TestLost(t *testing.T) {
	tr := fake(t)
	c := opened(t)
	v, s := must[uint64](t)(c.Alloc(16)), must[uint64](t)(c.NewStream())
	succeed(t, c.LoadKernels(ptx.Text))
	tr.since()
	fails(t, c.Launch(s, "scale", 1, 32, scaled(v+16, 4, 2)), "cuLaunchKernel", 700)
	fails(t, c.Synchronize(), "cuLaunchKernel", 700)
	_, err := c.Alloc(1)
	fails(t, err, "cuLaunchKernel", 700)
	fails(t, c.Free(v), "cuMemFree_v2", 700)
	_ = c.Close()
	is(t, tr.since(), `
cuLaunchKernel(scale, 1x1x1, 32x1x1, 0, s1, ?, 4, 2) = 700
cuCtxSynchronize() = 700
cuMemFree_v2(m1) = 700
cuCtxSynchronize() = 700
cuCtxSynchronize() = 700
cuModuleUnload(l1) = 700
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
			c := opened(t)
			t.Setenv("FAKECUDA_FAIL", fmt.Sprintf("cuCtxSynchronize:1=%d", code))
			fails(t, c.Synchronize(), "cuCtxSynchronize", code)
			if (c.lost != nil) != fatal {
				t.Errorf("lost: %v, want %t", c.lost, fatal)
			}
		})
	}
}

// The driver's compiler says what it has against a text, and a launch that cannot be
// meant does not reach the driver.
func TestRefused(t *testing.T) {
	tr := fake(t)
	c := opened(t)
	err := c.LoadKernels("nonsense")
	fails(t, err, "cuModuleLoadDataEx", 218)
	says(t, err, "cuda: cuModuleLoadDataEx: error 218: CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed: "+
		"ptxas application ptx input, line 1; fatal\nptxas fatal   : Ptx assembly aborted due to errors")
	says(t, c.LoadKernels("a\x00b"), "cuda: PTX is text, this has a zero byte at 1")
	err = c.LoadKernels(strings.ReplaceAll(ptx.Text, ".entry mix(", ".entry mixed("))
	fails(t, err, "cuModuleGetFunction", 500)
	many := ".visible .entry many(" + strings.Repeat(".param .u64 x,", 16) + ".param .u64 y) {}"
	says(t, c.LoadKernels(many), `cuda: kernel "many" has 17 parameters, want at most 16`)
	if !strings.HasPrefix(err.Error(), `cuda: kernel "mixed": `) {
		t.Error(err)
	}

	succeed(t, c.LoadKernels(ptx.Text))
	s := must[uint64](t)(c.NewStream())
	tr.since()
	says(t, c.Launch(s, "absent", 1, 32, nil), `cuda: kernel "absent" with 0 arguments, want 0`)
	says(t, c.Launch(s, "scale", 1, 32, make([]uint64, 4)), `cuda: kernel "scale" with 4 arguments, want 3`)
	is(t, tr.since(), "\n")
}
