//go:build cuda && cgo

package gorgoniacu

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"gorgonia.org/cu"
)

func openDriver(t *testing.T) *driver {
	t.Helper()
	dev, err := cu.GetDevice(0)
	must(t, err)
	ctx, err := dev.RetainPrimaryCtx()
	must(t, err)
	t.Cleanup(func() { must(t, dev.ReleasePrimaryCtx()) })
	d, err := newDriver(ctx)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What a caller may get wrong is an error before CUDA hears of it.
func TestMistakes(t *testing.T) {
	d := openDriver(t)
	const s = 98 // no stream
	m, err := d.Alloc(256)
	must(t, err)
	must(t, d.Free(m))
	stream, err := d.NewStream()
	must(t, err)
	const ptx = ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry sgd(\n.param .u64 a,\n.param .f32 b\n)\n{ ret; }\n"
	must(t, d.LoadKernels(ptx))
	_, dot := d.Dot(1, m, m)
	for name, err := range map[string]error{
		"Free, twice":           d.Free(m),
		"Record of no event":    d.Record(99, stream),
		"Wait for no event":     d.Wait(stream, 99),
		"SyncEvent of no event": d.SyncEvent(99),
		"Zero on no stream":     d.Zero(s, m, 4),
		"PTX with a zero byte":  d.LoadKernels(ptx + "\x00"),
		"a kernel that is not":  d.Launch(stream, "adam", 1, 32, nil),
		"too few arguments":     d.Launch(stream, "sgd", 1, 32, make([]uint64, 1)),
		"OpenBLAS on no stream": d.OpenBLAS(s),
		"Axpy before OpenBLAS":  d.Axpy(1, 1, m, m),
		"Dot before OpenBLAS":   dot,
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "gorgoniacu: ") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// The fake driver does all work at once, so that an order nobody asked for would not be
// missed: this looks at what it was asked.
func TestOrder(t *testing.T) {
	d := openDriver(t)
	if !strings.HasPrefix(d.Name(), "Fake GPU") {
		t.Skip("the driver is not the fake one: ", d.Name())
	}
	path := filepath.Join(t.TempDir(), "trace")
	t.Setenv("FAKECUDA_TRACE", path)
	s1, err := d.NewStream()
	must(t, err)
	s2, err := d.NewStream()
	must(t, err)
	e, err := d.NewEvent()
	must(t, err)
	must(t, d.Record(e, s1))
	must(t, d.Wait(s2, e))
	must(t, d.SyncEvent(e))
	must(t, d.Synchronize())
	trace, err := os.ReadFile(path)
	must(t, err)
	const inOrder, noTime = "0", "2"
	want := "cuStreamCreate(" + inOrder + ") = 0\ncuStreamCreate(" + inOrder + ") = 0\ncuEventCreate(" + noTime + ") = 0\n" +
		"cuEventRecord(e1, s1) = 0\ncuStreamWaitEvent(s2, e1, 0) = 0\ncuEventSynchronize(e1) = 0\ncuCtxSynchronize() = 0\n"
	if string(trace) != want {
		t.Errorf("the driver was asked\n%s, want\n%s", trace, want)
	}
}

// Vectors longer than cuBLAS counts are done in pieces.
func TestPieces(t *testing.T) {
	d := openDriver(t)
	d.piece = 3
	s, err := d.NewStream()
	must(t, err)
	must(t, d.OpenBLAS(s))
	const n = 8
	host, err := d.AllocPinned(4 * n)
	must(t, err)
	var at [3]uint64
	for i := range at {
		at[i], err = d.Alloc(4 * n)
		must(t, err)
		for j := range n {
			binary.NativeEndian.PutUint32(host[4*j:], math.Float32bits(float32(i*10+j)))
		}
		must(t, d.CopyIn(s, at[i], host))
		must(t, d.Synchronize())
	}
	must(t, d.Axpy(n, 2, at[0], at[1]))            // 10+3j
	must(t, d.Geam(n, 1, at[1], -1, at[0], at[2])) // 10+2j
	sum, err := d.Dot(n, at[0], at[2])
	must(t, err)
	must(t, d.CopyOut(s, host, at[2]))
	must(t, d.Synchronize())
	want := float32(0)
	for j, x := range unsafe.Slice((*float32)(unsafe.Pointer(&host[0])), n) {
		if x != float32(10+2*j) {
			t.Errorf("element %d is %v, want %d", j, x, 10+2*j)
		}
		want += float32(j * (10 + 2*j))
	}
	if sum != want {
		t.Errorf("the product is %v, want %v", sum, want)
	}
}
