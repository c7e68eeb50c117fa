//go:build cuda && cgo

package gorgoniacu_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/gorgoniacu"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

// The tests run on the first GPU, or on the fake driver that ci.sh links them with.
// Those that make the driver fail want the fake.

func device(t testing.TB, ordinal int) cu.Device {
	t.Helper()
	d, err := cu.GetDevice(ordinal)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// primary is the context of the program.
func primary(t testing.TB, d cu.Device) cu.CUContext {
	t.Helper()
	ctx, err := d.RetainPrimaryCtx()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.ReleasePrimaryCtx(); err != nil {
			t.Error(err)
		}
	})
	return ctx
}

func wantFake(t *testing.T) {
	t.Helper()
	if name, err := device(t, 0).Name(); err != nil || !strings.HasPrefix(name, "Fake GPU") {
		t.Skip("the driver is not the fake one: ", name, err)
	}
}

// ways are the functions of the package, and what is particular about each.
var ways = []struct {
	name string
	open func(cu.CUContext) (kernels.Backend, error)
	p    kerneltest.Precision
}{
	{"one-pass kernels", gorgoniacu.NewOnePass, kerneltest.Exact},
	{"cuBLAS", gorgoniacu.NewBLAS, kerneltest.Rounded},
}

func TestLaws(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			kerneltest.Run(t, w.p, func(t testing.TB) kernels.Backend {
				b, err := w.open(primary(t, device(t, 0)))
				if err != nil {
					t.Fatal(err)
				}
				return b
			})
		})
	}
}

func TestNames(t *testing.T) {
	for _, w := range ways {
		b, err := w.open(primary(t, device(t, 0)))
		if err != nil {
			t.Fatal(err)
		}
		if name := b.Name(); !strings.HasPrefix(name, "gorgoniacu:") || !strings.HasSuffix(name, ", "+w.name+")") {
			t.Errorf("Name is %q, want gorgoniacu:... (..., %s)", name, w.name)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// set makes a vector of b with these elements.
func set(t testing.TB, b kernels.Backend, elements ...float32) []float32 {
	t.Helper()
	v, err := b.Make(len(elements))
	if err != nil {
		t.Fatal(err)
	}
	kernels.Copy(v, elements)
	return v
}

// A program has made a context, and its thread has another current; two Backends
// compute in the first, and the thread notices nothing.
func TestThreadsKeepTheirContexts(t *testing.T) {
	wantFake(t)
	t.Setenv("FAKECUDA_DEVICES", "2")
	trace := tracing(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mine, err := device(t, 0).MakeContext(cu.SchedAuto)
	if err != nil {
		t.Fatal(err)
	}
	other := primary(t, device(t, 1))
	for _, current := range []cu.CUContext{other, {}} {
		if err := cu.SetCurrentContext(current); err != nil {
			t.Fatal(err)
		}
		for _, w := range ways {
			b, err := w.open(mine)
			if err != nil {
				t.Fatal(err)
			}
			v := set(t, b, 1, 2, 3)
			kernels.SGD(v, set(t, b, 1, 1, 1), 0.5)
			got := make([]float32, 3)
			kernels.Copy(got, v)
			if want := []float32{0.5, 1.5, 2.5}; !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", w.name, got, want)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
		if now, err := cu.CurrentContext(); now != current || err != nil {
			t.Errorf("the context of the thread is %v, %v, want %v", now, err, current)
		}
	}
	if err := mine.Destroy(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(trace(), "(1000, live 0, retained 0) = 0") {
		t.Error("the Backends left something in the context")
	}
}

// A program has computed a gradient in memory of its own. That does not leave the
// device on its way to the parameters, and neither do these on the way to the program.
func TestMemoryOfTheProgram(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx := primary(t, device(t, 0))
	if err := cu.PushCurrentCtx(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = cu.PopCurrentCtx() }()
	for _, w := range ways {
		b, err := w.open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		mine, err := cu.MemAlloc(12)
		if err != nil {
			t.Fatal(err)
		}
		params, g := set(t, b, 1, 2, 3), set(t, b, 0, 0, 0)
		gradient := set(t, b, 2, 4, 8)
		err = errors.Join(
			cu.MemcpyDtoD(mine, at(gradient), 12), // as if computed
			cu.MemcpyDtoD(at(g), mine, 12))
		kernels.SGD(params, g, 0.5)
		err = errors.Join(err,
			cu.MemcpyDtoD(mine, at(params), 12),
			cu.MemcpyDtoD(at(g), mine, 12))
		got := make([]float32, 3)
		kernels.Copy(got, g)
		if want := []float32{0, 0, -1}; !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: %v, %v, want %v", w.name, got, err, want)
		}
		if err := errors.Join(b.Close(), cu.MemFree(mine)); err != nil {
			t.Error(err)
		}
	}
}

// at is where v is on the device.
func at(v []float32) cu.DevicePtr {
	return cu.DevicePtr(uintptr(unsafe.Pointer(unsafe.SliceData(v))))
}

func TestNoContext(t *testing.T) {
	for _, w := range ways {
		if b, err := w.open(cu.CUContext{}); b != nil || err == nil || !strings.Contains(err.Error(), "the context is empty") {
			t.Errorf("%s: %v, %v, want an error that says so", w.name, b, err)
		}
	}
}
