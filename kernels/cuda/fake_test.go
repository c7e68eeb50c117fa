//go:build linux && cgo && (amd64 || arm64)

package cuda_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/halos-go/sdk/kernels/cuda"
)

// The libraries of internal/fakecuda are compiled once for all tests. They stay
// loaded, so a folder of one test would not do.
var (
	fakes     = sync.OnceValues(compileFakes)
	fakesHere string
)

func compileFakes() (string, error) {
	dir, err := os.MkdirTemp("", "fakecuda")
	if err != nil {
		return "", err
	}
	fakesHere = dir
	for _, args := range []string{"fakecuda.c -o fakecuda.so", "fakecuda.c -DFAKE_VARIANT -o variant.so", "fakeblas.c -o fakeblas.so -lm"} {
		a := strings.Fields(args)
		for i, s := range a {
			switch filepath.Ext(s) {
			case ".c":
				a[i] = filepath.Join("internal/fakecuda", s)
			case ".so":
				a[i] = filepath.Join(dir, s)
			}
		}
		out, err := exec.Command("gcc", append([]string{"-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"}, a...)...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("gcc %s: %w\n%s", args, err, out)
		}
	}
	return dir, nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	if fakesHere != "" {
		_ = os.RemoveAll(fakesHere)
	}
	os.Exit(code)
}

// fake makes the compiled libraries those that are loaded and begins a trace.
func fake(t testing.TB) *trace {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc here to compile the fake driver with")
	}
	dir, err := fakes()
	if err != nil {
		t.Fatal(err)
	}
	tr := &trace{t, filepath.Join(t.TempDir(), "trace")}
	t.Setenv("HALOS_LIBCUDA", filepath.Join(dir, "fakecuda.so"))
	t.Setenv("HALOS_LIBCUBLAS", filepath.Join(dir, "fakeblas.so"))
	t.Setenv("FAKECUDA_TRACE", tr.path)
	return tr
}

// A trace is what the fake driver was asked for.
type trace struct {
	t    testing.TB
	path string
}

func (tr *trace) String() string {
	b, err := os.ReadFile(tr.path)
	if err != nil && !os.IsNotExist(err) {
		tr.t.Fatal(err)
	}
	return string(b)
}

// since forgets the trace so far and returns it.
func (tr *trace) since() string {
	s := tr.String()
	if err := os.WriteFile(tr.path, nil, 0o600); err != nil {
		tr.t.Fatal(err)
	}
	return s
}

// empty checks that all has been given back, once.
func (tr *trace) empty() {
	tr.t.Helper()
	s := tr.String()
	if strings.Contains(s, "cuDevicePrimaryCtxRetain(1000) = 0") && !strings.Contains(s, "live 0, retained 0") {
		tr.t.Errorf("something was not given back:\n%s", s[max(0, len(s)-2000):])
	}
	for line := range strings.Lines(s) {
		if strings.Contains(line, "(?)") {
			tr.t.Errorf("given back twice: %s", line)
		}
	}
}

func open(t testing.TB) *cuda.Device {
	t.Helper()
	d, err := cuda.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// must is for calls that return something and cannot fail here.
func must[T any](t testing.TB) func(T, error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func succeed(t testing.TB, errs ...error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
}
