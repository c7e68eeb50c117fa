//go:build linux && cgo && (amd64 || arm64)

package cuda_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels/cuda"
)

func TestBLAS(t *testing.T) {
	tr := fake(t)
	d := open(t)
	s := must[*cuda.Stream](t)(d.NewStream())
	b := must[*cuda.BLAS](t)(d.NewBLAS(s))
	for _, piece := range []int{1 << 30, 3, 1} { // as if cuBLAS could count so far only
		cuda.SetPiece(b, piece)
		all := must[*cuda.Vector](t)(d.Alloc(30)) // with something between the three
		x, y, z := all.Slice(0, 7), all.Slice(10, 17), all.Slice(20, 27)
		succeed(t, all.Slice(7, 10).CopyIn([]float32{8, 8, 8}), all.Slice(17, 20).CopyIn([]float32{9, 9, 9}), all.Slice(27, 30).CopyIn([]float32{5, 5, 5}))
		succeed(t, x.CopyIn([]float32{1, 2, 3, 4, 5, 6, 7}), y.CopyIn([]float32{1, 1, 1, 1, 0, 0, 0}))
		succeed(t, b.Axpy(y, 2, x), b.Geam(z, 3, x, -1, y))
		for _, c := range []struct {
			v    *cuda.Vector
			want []float32
		}{
			{y, []float32{3, 5, 7, 9, 10, 12, 14}},
			{z, []float32{0, 1, 2, 3, 5, 6, 7}},
			{all.Slice(17, 20), []float32{9, 9, 9}},
			{all.Slice(27, 30), []float32{5, 5, 5}},
		} {
			got := make([]float32, len(c.want))
			if succeed(t, c.v.CopyOut(got)); !slices.Equal(got, c.want) {
				t.Errorf("pieces of %d: got %v, want %v", piece, got, c.want)
			}
		}
		if dot := must[float64](t)(b.Dot(x, z)); dot != 2+6+12+25+36+49 {
			t.Errorf("pieces of %d: dot %v", piece, dot)
		}
		if norm := must[float64](t)(b.Nrm2(x)); math.Abs(norm-math.Sqrt(140)) > 1e-6 {
			t.Errorf("pieces of %d: norm %v", piece, norm)
		}
	}
	e := must[*cuda.Vector](t)(d.Alloc(0))
	if dot := must[float64](t)(b.Dot(e, e)); dot != 0 {
		t.Error("dot of nothing:", dot)
	}
	t.Setenv("FAKEBLAS_FAIL", "cublasSgeam")
	succeed(t, b.Geam(e.Slice(0, 0), 1, e, 1, e)) // nothing to ask
	v := must[*cuda.Vector](t)(d.Alloc(2))
	says(t, b.Geam(v, 1, v, 1, v), "cuda: cublasSgeam: error 13: CUBLAS_STATUS_EXECUTION_FAILED: the function failed to launch on the GPU")
	if d.Err() != nil {
		t.Error(d.Err())
	}
	t.Setenv("FAKECUDA_FAIL", "cuCtxSetCurrent:1=201")
	fails(t, b.Axpy(v, 1, v), "cuCtxSetCurrent", 201)
	func() {
		defer func() {
			if got := recover(); got != "cuda: lengths differ" {
				t.Error(got)
			}
		}()
		_ = b.Axpy(v, 1, e)
	}()
	succeed(t, d.Close())
	balanced(t, tr)
}

// Without cuBLAS all else works, and a handle that cannot be had leaves nothing.
func TestNoBLAS(t *testing.T) {
	tr := fake(t)
	d := open(t)
	s := must[*cuda.Stream](t)(d.NewStream())
	for _, c := range []struct{ env, value, want string }{
		{"HALOS_LIBCUBLAS", "/nowhere/libcublas.so", "cuda: no cuBLAS: /nowhere/libcublas.so: cannot open shared object file"},
		{"FAKEBLAS_FAIL", "cublasCreate_v2", "cuda: cublasCreate_v2: error 13"},
		{"FAKEBLAS_FAIL", "cublasSetStream_v2", "cuda: cublasSetStream_v2: error 13"},
	} {
		t.Run(c.value, func(t *testing.T) {
			t.Setenv(c.env, c.value)
			if _, err := d.NewBLAS(s); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	_, err := tour(d, nothing)
	succeed(t, err, d.Close())
	balanced(t, tr)
}

func balanced(t *testing.T, tr *trace) {
	t.Helper()
	tr.empty()
	text := tr.String()
	if made := strings.Count(text, "cublasCreate_v2"); made != 1 || strings.Count(text, "cublasDestroy_v2") != made {
		t.Errorf("handles of cuBLAS made and destroyed:\n%s", text)
	}
}
