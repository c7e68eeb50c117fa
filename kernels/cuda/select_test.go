//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

// selected is for names that are there.
func selected(t testing.TB, name string) kernels.Backend {
	t.Helper()
	b, _, err := Select(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// Both sets do what package kernels does, by way of the driver, and give all back.
func TestLaws(t *testing.T) {
	for name, p := range map[string]kerneltest.Precision{"cuda": kerneltest.Exact, "cublas": kerneltest.Rounded} {
		t.Run(name, func(t *testing.T) {
			tr := fake(t)
			t.Setenv("FAKECUDA_TRACE", "")
			kerneltest.Run(t, p, func(t testing.TB) kernels.Backend { return selected(t, name) })
			t.Setenv("FAKECUDA_TRACE", tr.path)
			_ = selected(t, name).Close()
			tr.empty()
		})
	}
}

// What is asked for is what there is, and a line says so.
func TestSelect(t *testing.T) {
	for _, c := range []struct{ name, env, backend, why string }{
		{"cpu", "", "cpu", "cpu: asked for"},
		{"cuda", "", "cuda:0 (Fake GPU 0, one-pass kernels)", "cuda:0: Fake GPU 0, one-pass kernels"},
		{"cuda:1", "", "cuda:1 (Fake GPU 1, one-pass kernels)", "cuda:1: Fake GPU 1, one-pass kernels"},
		{"cublas", "", "cuda:0 (Fake GPU 0, cuBLAS)", "cuda:0: Fake GPU 0, cuBLAS"},
		{"cublas:1", "cpu", "cuda:1 (Fake GPU 1, cuBLAS)", "cuda:1: Fake GPU 1, cuBLAS"},
		{"auto", "", "cuda:0 (Fake GPU 0, one-pass kernels)", "cuda:0: Fake GPU 0, one-pass kernels"},
		{"auto", "cpu", "cpu", "cpu: asked for, by HALOS_BACKEND"},
		{"auto", "cublas:1", "cuda:1 (Fake GPU 1, cuBLAS)", "cuda:1: Fake GPU 1, cuBLAS, by HALOS_BACKEND"},
	} {
		t.Run(c.name+c.env, func(t *testing.T) {
			tr := fake(t)
			t.Setenv("FAKECUDA_DEVICES", "2")
			t.Setenv("HALOS_BACKEND", c.env)
			b, why, err := Select(c.name)
			if err != nil || b.Name() != c.backend || why != c.why {
				t.Fatalf("got %v, %q, %v; want %s, %q", b, why, err, c.backend, c.why)
			}
			v := must[[]float32](t)(b.Make(3))
			if kernels.Where(v) != b {
				t.Error("a vector is in", kernels.Where(v).Name())
			}
			succeed(t, b.Close(), b.Close())
			tr.empty()
		})
	}
}

func TestBadNames(t *testing.T) {
	fake(t)
	for _, name := range []string{"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:01", "cuda:+1", "cuda:0 ", "cublas:x", "cpu:0"} {
		_, _, err := Select(name)
		says(t, err, `cuda: backend "`+name+`", want auto, cpu, cuda, cuda:N, cublas or cublas:N`)
	}
	for _, name := range []string{"auto", "x"} {
		t.Setenv("HALOS_BACKEND", name)
		_, _, err := Select("auto")
		says(t, err, `HALOS_BACKEND: cuda: backend "`+name+`", want cpu, cuda, cuda:N, cublas or cublas:N`)
	}
}

// What is not there is an error if it was asked for, and else the reason for less.
func TestFallback(t *testing.T) {
	const (
		noDriver = "cuda: no driver: /nowhere/libcuda.so.1: cannot open shared object file: No such file or directory"
		noCard   = "cuda: cuInit: error 100: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"
		noPTX    = "cuda:0: cuda: cuModuleLoadDataEx: error 218: CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed: " +
			"ptxas application ptx input, line 1; fatal ptxas fatal : Ptx assembly aborted due to errors"
		noBLAS = "cuda:0: cuda: no cuBLAS: /nowhere/libcublas.so: cannot open shared object file: No such file or directory"
		noRoom = "cuda:0: no room left on the GPU: cuda: cuMemAlloc_v2: error 2: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
		tooOld = "cuda: cuda:0, Fake GPU 0, has compute capability 6.1, want at least 7.0"
		blas   = "cuda:0: Fake GPU 0, cuBLAS"
	)
	for _, c := range []struct{ name, env, cuda, cublas, auto string }{
		{"missing driver", "HALOS_LIBCUDA=/nowhere/libcuda.so.1", noDriver, noDriver, "cpu: " + noDriver},
		{"no card", "FAKECUDA_FAIL=cuInit:0=100", noCard, noCard, "cpu: " + noCard},
		{"no device", "FAKECUDA_DEVICES=0", "cuda: no device 0: the driver has 0", "cuda: no device 0: the driver has 0", "cpu: cuda: no device 0: the driver has 0"},
		{"old device", "FAKECUDA_CAPABILITY=61", tooOld, "", "cpu: " + tooOld},
		{"PTX refused", "FAKECUDA_FAIL=cuModuleLoadDataEx:0=218", noPTX, "", blas + ", without the kernels: " + noPTX},
		{"PTX refused, no cuBLAS", "FAKECUDA_FAIL=cuModuleLoadDataEx:0=218 HALOS_LIBCUBLAS=/nowhere/libcublas.so", noPTX, noBLAS, "cpu: " + noPTX + "; " + noBLAS},
		{"missing cuBLAS", "HALOS_LIBCUBLAS=/nowhere/libcublas.so", "", noBLAS, "cuda:0: Fake GPU 0, one-pass kernels"},
		{"full device", "FAKECUDA_FAIL=cuMemAlloc_v2:0=2", noRoom, noRoom, "cpu: " + noRoom},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := fake(t)
			for set := range strings.FieldsSeq(c.env) {
				name, value, _ := strings.Cut(set, "=")
				t.Setenv(name, value)
			}
			for name, want := range map[string]string{"cuda": c.cuda, "cublas": c.cublas} {
				b, _, err := Select(name)
				switch {
				case want == "":
					if succeed(t, err); b.Err() != nil {
						t.Error(name, b.Err())
					}
					_ = b.Close()
				case err == nil:
					t.Errorf("%s: want %s", name, want)
				default:
					if got := line(err); got != want || b != nil {
						t.Errorf("%s: got %s, want %s", name, got, want)
					}
				}
			}
			b, why, err := Select("auto")
			if err != nil || why != c.auto {
				t.Errorf("auto: got %q, %v; want %q", why, err, c.auto)
			}
			if strings.HasPrefix(why, "cpu") != (b == kernels.CPU{}) {
				t.Error(b.Name(), "because", why)
			}
			succeed(t, b.Close())
			tr.empty()
		})
	}
}
