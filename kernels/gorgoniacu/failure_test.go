//go:build cuda && cgo

package gorgoniacu_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorgonia.org/cu"
	cublas "gorgonia.org/cu/blas"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/gorgoniacu"
)

// tracing returns what returns the calls of the fake driver from now on.
func tracing(t *testing.T) func() string {
	path := filepath.Join(t.TempDir(), "trace")
	t.Setenv("FAKECUDA_TRACE", path)
	return func() string {
		text, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(text)
	}
}

// Whatever fails when a Backend is made is returned, and nothing is left behind.
func TestFailuresOfNew(t *testing.T) {
	wantFake(t)
	onePass, blas := gorgoniacu.NewOnePass, gorgoniacu.NewBLAS
	for _, c := range []struct {
		open func(cu.CUContext) (kernels.Backend, error)
		env  string
		fail string
		want error
	}{
		{onePass, "FAKECUDA_FAIL", "cuCtxPushCurrent_v2:1=201", cu.InvalidContext},
		{onePass, "FAKECUDA_FAIL", "cuCtxGetDevice:1=1", cu.InvalidValue},
		{onePass, "FAKECUDA_FAIL", "cuCtxPopCurrent_v2:1=201", cu.InvalidContext},
		{onePass, "FAKECUDA_FAIL", "cuDeviceGetName:1=101", cu.InvalidDevice},
		{onePass, "FAKECUDA_FAIL", "cuDeviceGetAttribute:1=101", cu.InvalidDevice},
		{onePass, "FAKECUDA_FAIL", "cuStreamCreate:2=2", cu.OutOfMemory},
		{onePass, "FAKECUDA_FAIL", "cuEventCreate:3=2", cu.OutOfMemory},
		{onePass, "FAKECUDA_FAIL", "cuMemHostAlloc:2=2", cu.OutOfMemory},
		{onePass, "FAKECUDA_FAIL", "cuMemAlloc_v2:2=2", cu.OutOfMemory},
		{onePass, "FAKECUDA_FAIL", "cuModuleLoadDataEx:1=218", cu.InvalidPtx},
		{onePass, "FAKECUDA_FAIL", "cuModuleGetFunction:7=500", cu.NotFound},
		{onePass, "FAKECUDA_FAIL", "cuModuleGetFunction:1=700", cu.IllegalAddress},
		{onePass, "FAKECUDA_FAIL", "cuModuleLoadDataEx:1=222", nil}, // newer than cu
		{blas, "FAKEBLAS_FAIL", "cublasCreate_v2", cublas.ExecFailed},
		{blas, "FAKEBLAS_FAIL", "cublasSetStream_v2", cublas.ExecFailed},
	} {
		t.Run(c.fail, func(t *testing.T) {
			ctx := primary(t, device(t, 0))
			trace := tracing(t)
			t.Setenv(c.env, c.fail)
			b, err := c.open(ctx)
			if b != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, %v, want the error %v", b, err, c.want)
			}
			t.Log(err)
			lost := strings.HasSuffix(c.fail, "=700")
			if made, freed := count(trace()); made != freed && !lost {
				t.Errorf("%d things made, %d given back:\n%s", made, freed, trace())
			}
		})
	}
}

// count returns how many things a driver has made and got back.
func count(trace string) (made, freed int) {
	for line := range strings.Lines(trace) {
		name, rest, _ := strings.Cut(line, "(")
		if !strings.HasSuffix(rest, " = 0\n") {
			continue
		}
		switch name {
		case "cuMemAlloc_v2", "cuMemHostAlloc", "cuStreamCreate", "cuEventCreate", "cuModuleLoadDataEx", "cublasCreate_v2":
			made++
		case "cuMemFree_v2", "cuMemFreeHost", "cuStreamDestroy_v2", "cuEventDestroy_v2", "cuModuleUnload", "cublasDestroy_v2":
			freed++
		}
	}
	return made, freed
}

func TestTheCompilersLog(t *testing.T) {
	wantFake(t)
	ctx := primary(t, device(t, 0))
	t.Setenv("FAKECUDA_FAIL", "cuModuleLoadDataEx:1=218")
	_, err := gorgoniacu.NewOnePass(ctx)
	if err == nil || !strings.Contains(err.Error(), "ptxas fatal") {
		t.Errorf("the error is %v, want one with what ptxas said", err)
	}
}

func TestNoRoom(t *testing.T) {
	wantFake(t)
	for _, w := range ways {
		b, err := w.open(primary(t, device(t, 0)))
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("FAKECUDA_FAIL", "cuMemAlloc_v2:1=2")
		if v, err := b.Make(5); v != nil || !errors.Is(err, cu.OutOfMemory) {
			t.Errorf("%s: Make of a full device: %v, want %v", w.name, err, cu.OutOfMemory)
		}
		if v, err := b.Make(5); len(v) != 5 || err != nil || b.Err() != nil {
			t.Errorf("%s: later: %d elements, %v, %v, want 5", w.name, len(v), err, b.Err())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		t.Setenv("FAKECUDA_FAIL", "")
	}
}

// A device that is lost in the middle says so from then on, and crashes nothing.
func TestLost(t *testing.T) {
	wantFake(t)
	for i, c := range []struct {
		env, fail string
		want      error
	}{
		{"FAKECUDA_FAIL", "cuLaunchKernel:1=700", cu.IllegalAddress},
		{"FAKEBLAS_FAIL", "cublasSaxpy_v2", cublas.ExecFailed},
	} {
		t.Run(c.fail, func(t *testing.T) {
			b, err := ways[i].open(primary(t, device(t, 0)))
			if err != nil {
				t.Fatal(err)
			}
			v, g := set(t, b, 1, 2, 3), set(t, b, 1, 1, 1)
			t.Setenv(c.env, c.fail)
			kernels.SGD(v, g, 1)
			if !errors.Is(b.Err(), c.want) {
				t.Errorf("Err is %v, want %v", b.Err(), c.want)
			}
			s := b.Snapshot(v)
			if err := s.Read(make([]float32, 3)); !errors.Is(err, c.want) {
				t.Errorf("Read returned %v, want %v", err, c.want)
			}
			s.Release()
			if _, err := b.Make(1); !errors.Is(err, c.want) {
				t.Errorf("Make returned %v, want %v", err, c.want)
			}
			_ = b.Close()
			if err := b.Close(); err != nil {
				t.Errorf("the second Close returned %v", err)
			}
		})
	}
}
