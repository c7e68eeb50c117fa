//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"slices"
	"strings"
	"testing"
)

func TestBLAS(t *testing.T) {
	tr := fake(t)
	c := opened(t)
	s := must[uint64](t)(c.NewStream())
	p := must[[]byte](t)(c.AllocPinned(4 * 30))
	succeed(t, c.OpenBLAS(s))
	all := must[uint64](t)(c.Alloc(4 * 30)) // with something between the three
	x, y, z := all, all+40, all+80
	for _, c.piece = range []int{1 << 30, 3, 1} { // as if cuBLAS could count so far only
		for i := range 30 {
			floats(p)[i] = 5
		}
		copy(floats(p), []float32{1, 2, 3, 4, 5, 6, 7})
		copy(floats(p)[10:], []float32{1, 1, 1, 1, 0, 0, 0})
		succeed(t, c.CopyIn(s, all, p), c.Axpy(7, 2, x, y), c.Geam(7, 3, x, -1, y, z), c.CopyOut(s, p, all))
		want := []float32{1, 2, 3, 4, 5, 6, 7, 5, 5, 5, 3, 5, 7, 9, 10, 12, 14, 5, 5, 5, 0, 1, 2, 3, 5, 6, 7, 5, 5, 5}
		if got := floats(p); !slices.Equal(got, want) {
			t.Errorf("pieces of %d: got %v, want %v", c.piece, got, want)
		}
		if dot := must[float32](t)(c.Dot(7, x, z)); dot != 2+6+12+25+36+49 {
			t.Errorf("pieces of %d: dot %v", c.piece, dot)
		}
	}
	if dot := must[float32](t)(c.Dot(0, x, z)); dot != 0 {
		t.Error("dot of nothing:", dot)
	}
	t.Setenv("FAKEBLAS_FAIL", "cublasSgeam")
	says(t, c.Geam(1, 1, x, 1, x, x), "cuda: cublasSgeam: error 13: CUBLAS_STATUS_EXECUTION_FAILED: the function failed to launch on the GPU")
	if c.lost != nil {
		t.Error(c.lost)
	}
	t.Setenv("FAKECUDA_FAIL", "cuCtxSetCurrent:1=201")
	fails(t, c.Axpy(1, 1, x, x), "cuCtxSetCurrent", 201)
	succeed(t, c.Close())
	tr.empty()
}

// A handle of cuBLAS that cannot be had leaves nothing, and the rest works.
func TestNoBLAS(t *testing.T) {
	for _, c := range []struct{ env, value, want string }{
		{"HALOS_LIBCUBLAS", "/nowhere/libcublas.so", "cuda: no cuBLAS: /nowhere/libcublas.so: cannot open shared object file"},
		{"FAKEBLAS_FAIL", "cublasCreate_v2", "cuda: cublasCreate_v2: error 13"},
		{"FAKEBLAS_FAIL", "cublasSetStream_v2", "cuda: cublasSetStream_v2: error 13"},
	} {
		t.Run(c.value, func(t *testing.T) {
			tr := fake(t)
			card := opened(t)
			s := must[uint64](t)(card.NewStream())
			t.Setenv(c.env, c.value)
			if err := card.OpenBLAS(s); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			succeed(t, card.Zero(s, must[uint64](t)(card.Alloc(4)), 4), card.Close())
			tr.empty()
		})
	}
}
