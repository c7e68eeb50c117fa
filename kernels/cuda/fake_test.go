//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
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
	if out, err := exec.Command("sh", "internal/fakecuda/build.sh", dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("internal/fakecuda/build.sh: %w\n%s", err, out)
	}
	return dir, nil
}

// All tests are those of a library that changes the mode of floats in every call.
func TestMain(m *testing.M) {
	if err := os.Setenv("FAKECUDA_FLUSH", "1"); err != nil {
		panic(err)
	}
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
	t.Setenv("HALOS_BACKEND", "")
	t.Setenv("HALOS_LIBCUDA", filepath.Join(dir, "libcuda.so"))
	t.Setenv("HALOS_LIBCUBLAS", filepath.Join(dir, "libcublas.so"))
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
	kept := make(map[string]bool) // by device
	for line := range strings.Lines(s) {
		call, args, _ := strings.Cut(line, "(")
		switch {
		case call == "cuDevicePrimaryCtxRetain" && strings.HasSuffix(line, " = 0\n"):
			kept[args[:4]] = true
		case call == "cuDevicePrimaryCtxRelease_v2":
			kept[args[:4]] = !strings.Contains(args, "live 0, retained 0")
		case strings.HasPrefix(args, "?"):
			tr.t.Errorf("given back twice: %s", line)
		}
	}
	for device, kept := range kept {
		if kept {
			tr.t.Errorf("something of %s was not given back:\n%s", device, s[max(0, len(s)-2000):])
		}
	}
	if strings.Count(s, "cublasCreate") != strings.Count(s, "cublasDestroy") {
		tr.t.Error("handles of cuBLAS made and destroyed differ")
	}
}

// is checks what the driver was asked.
func is(t *testing.T, got, want string) {
	t.Helper()
	if want = want[1:]; got != want {
		t.Errorf("the driver was asked\n%swant\n%s", got, want)
	}
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

// fails checks that err is that of a call of the driver.
func fails(t *testing.T, err error, call string, code int) {
	t.Helper()
	if e, ok := errors.AsType[*Error](err); !ok || e.Call != call || e.Code != code {
		t.Errorf("got %v, want code %d of %s", err, code, call)
	}
}

func says(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
