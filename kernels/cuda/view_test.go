//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// The gradient that another library has on the device is applied where it is.
func TestView(t *testing.T) {
	tr := fake(t)
	d, other := device(t, 0), opened(t)
	b := d.Backend()
	address := must[uint64](t)(other.Alloc(400))
	p := must[[]float32](t)(b.Make(98))
	g := must[[]float32](t)(d.View(address+16, 96))
	if Address(g) != address+16 || len(g) != 96 || kernels.Where(g) != b || kernels.Where(g[95:]) != b {
		t.Fatal(Address(g), len(g), kernels.Where(g))
	}

	ones := slices.Repeat([]float32{1}, 96)
	kernels.Copy(g, ones)
	kernels.SGD(p[:96], g, 0.5)
	b.Recycle(g) // which is nothing
	shot := b.Snapshot(g)
	kernels.Scale(g, 3)
	got := make([]float32, 98)
	kernels.Copy(got, p)
	if want := append(slices.Repeat([]float32{-0.5}, 96), 0, 0); !slices.Equal(got, want) {
		t.Error("parameters", got)
	}
	if succeed(t, shot.Read(got[:96])); !slices.Equal(got[:96], ones) {
		t.Error("snapshot", got)
	}
	shot.Release()

	tr.since()
	succeed(t, d.Forget(g))
	is(t, tr.since(), "\ncuCtxSynchronize() = 0\n") // before the other library may free it
	if kernels.Where(g) != (kernels.CPU{}) {
		t.Error("forgotten, but in", kernels.Where(g).Name())
	}
	g = must[[]float32](t)(d.View(address, 96)) // again
	succeed(t, d.Close())
	if kernels.Where(g) != (kernels.CPU{}) {
		t.Error("closed, but in", kernels.Where(g).Name())
	}
	_, _, err := other.driver.holder(address)
	succeed(t, err, other.Free(address), other.Close()) // nobody else has freed it
	tr.empty()
}

// A view of what is not memory of the device, or is a vector already, is refused.
func TestNoView(t *testing.T) {
	fake(t)
	t.Setenv("FAKECUDA_DEVICES", "2")
	d, lib, far := device(t, 0), opened(t), must[*card](t)(openCard(1))
	defer func() { _ = far.Close() }()
	free, away := must[uint64](t)(lib.Alloc(64)), must[uint64](t)(far.Alloc(64))
	host := must[[]byte](t)(lib.AllocPinned(4096))
	pinned := Address(floats(host))
	made := Address(must[[]float32](t)(d.Backend().Make(10)))
	at := func(p uint64) string { return fmt.Sprintf("cuda: view of address %#x", p) }
	for _, c := range []struct {
		address uint64
		want    string
	}{
		{free + 4, at(free+4) + ", want a multiple of 16"},
		{away, at(away) + ", which is memory of cuda:1, want that of cuda:0"},
		{pinned, at(pinned) + ", which is memory of the host, want that of cuda:0"},
		{16, at(16) + ": cuda: cuPointerGetAttribute: error 1: CUDA_ERROR_INVALID_VALUE: invalid argument"},
		{made, fmt.Sprintf("cuda: view of 4 elements at address %#x: some are in a vector already", made)},
	} {
		if _, err := d.View(c.address, 4); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	v := must[[]float32](t)(d.View(free+16, 4))
	for _, n := range []int{math.MaxInt, math.MaxInt / 4} {
		if _, err := d.View(free, n); err == nil {
			t.Errorf("a view of %d elements", n)
		}
	}
	if _, err := d.View(free, 5); err == nil { // its end is in the other
		t.Error("views overlap")
	}
	if _, err := d.View(free, 16); err == nil { // which has the other in it
		t.Error("views are nested")
	}
	for _, c := range []struct {
		want string
		f    func()
	}{
		{"cuda: a view of less than one element", func() { _, _ = d.View(free, 0) }},
		{"cuda: vector to forget is not a view", func() { _ = d.Forget(v[1:]) }},
		{"cuda: vector to forget is not a view", func() { _ = d.Forget(v[:3]) }},
	} {
		func() {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("got %v, want %s", got, c.want)
				}
			}()
			c.f()
		}()
	}
	succeed(t, d.Forget(v), d.Close())
	if err := d.Forget(v); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := d.View(free, 4); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	// Close comes while View asks the driver about the address.
	late := gpu.Elements(free, 4)
	if _, err := d.adopt(late); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if kernels.Where(late) != (kernels.CPU{}) {
		t.Error("a view after Close")
	}
}
