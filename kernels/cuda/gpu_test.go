//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels"
)

// The tests that begin with TestGPU are for a real GPU, and are skipped unless the
// environment variable HALOS_TEST_GPU is 1. If it is fake they run over the fake driver
// with small vectors: that shows that they would run, and TestRehearsal does it.
//
// What they measure they print, for scripts/gpu/check.sh: lines of fields with tabs
// between them, of which the first is GPU, the second the check's name in docs/gpu, the
// third what was measured, and the others name=value. They never fail for being slow.

// An extent says how much the tests do.
type extent struct {
	sizes   []int  // elements of vectors that are compared
	timed   []int  // elements of vectors that are timed
	arrival int    // elements of an update that comes from ordinary memory
	samples int    // of which a time is the median
	repeat  int    // calls in a sample
	warm    int    // calls before the first
	cycles  int    // of opening and closing
	slack   uint64 // bytes that the driver may keep for itself after them
}

var (
	edges = []int{1, 3, 4, 5, 7, 8, 15, 16, 17, 127, 255, 256, 257, 1003}
	whole = extent{
		sizes: slices.Concat(edges, []int{1<<20 + 3, 1<<22 + 5, 1 << 28}), timed: []int{1 << 28, 1 << 26},
		arrival: 1 << 28, samples: 20, repeat: 8, warm: 5, cycles: 1000, slack: 2 << 20,
	}
	small = extent{sizes: edges, timed: []int{1 << 12, 1 << 10}, arrival: 1 << 14, samples: 3, repeat: 1, warm: 1, cycles: 3}
)

// onGPU skips the test, or returns how much of it to do.
func onGPU(t testing.TB) extent {
	t.Helper()
	switch os.Getenv("HALOS_TEST_GPU") {
	case "1":
		return fitting(t, whole)
	case "fake":
		if os.Getenv("HALOS_LIBCUDA") == "" {
			fake(t)
		}
		t.Setenv("FAKECUDA_TRACE", "")
		return small
	}
	t.Skip("HALOS_TEST_GPU is not 1: this test is for a machine with a GPU")
	return extent{}
}

// fitting halves what does not fit: thirteen vectors on the device, twenty here.
func fitting(t testing.TB, e extent) extent {
	device, here := room(t, opened(t)), memoryHere(t)
	fit := func(n int) int {
		for 13*4*uint64(n) > device || 20*4*uint64(n) > here {
			n /= 2
		}
		return n
	}
	for _, sizes := range []*[]int{&e.sizes, &e.timed} {
		*sizes = slices.Clone(*sizes)
		for i, n := range *sizes {
			(*sizes)[i] = fit(n)
		}
	}
	e.arrival = fit(e.arrival)
	if testing.Short() {
		e.sizes = edges
	}
	return e
}

// memoryHere returns the bytes of memory that the system can give.
func memoryHere(t testing.TB) uint64 {
	t.Helper()
	for line := range strings.Lines(string(must[[]byte](t)(os.ReadFile("/proc/meminfo")))) {
		var kib uint64
		if _, err := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	t.Fatal("/proc/meminfo does not say how much memory is available")
	return 0
}

// onGPU opens a Backend by its name, until the test ends. There may be no cuBLAS.
func theBackend(t testing.TB, name string) kernels.Backend {
	t.Helper()
	b, _, err := Select(name)
	if err != nil && strings.HasPrefix(name, "cublas") && strings.Contains(err.Error(), "no cuBLAS") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Err(); err != nil {
			t.Error(err)
		}
		_ = b.Close()
	})
	return b
}

// vector returns one of b for the rest of the test.
func vector(t testing.TB, b kernels.Backend, n int) []float32 {
	t.Helper()
	v := must[[]float32](t)(b.Make(n))
	t.Cleanup(func() { b.Recycle(v) })
	return v
}

// room returns the bytes of the device that are free.
func room(t testing.TB, c *card) uint64 {
	t.Helper()
	free, _, err := c.driver.memory()
	if err != nil {
		t.Fatal(err)
	}
	return free
}

// say prints one line for the report. The fields come in pairs, a name and a value.
func say(check, what string, fields ...any) {
	var line strings.Builder
	fmt.Fprintf(&line, "GPU\t%s\t%s", check, what)
	for i := 0; i+1 < len(fields); i += 2 {
		switch x := fields[i+1].(type) {
		case float64:
			fmt.Fprintf(&line, "\t%s=%.5g", fields[i], x)
		default:
			fmt.Fprintf(&line, "\t%s=%v", fields[i], x)
		}
	}
	fmt.Println(line.String())
}

// A timing is of one call, in seconds.
type timing struct{ median, low, high float64 }

// clock times call, which queues work; wait waits for it. Several calls are queued
// before each wait, so that what waiting costs is shared among them: a few hundredths
// of a millisecond. The i-th call is call(i), for it to change places. The lower and the
// upper bound leave out a tenth of the samples each.
func (e extent) clock(call func(i int), wait func()) timing {
	for i := range e.warm {
		call(i)
	}
	wait()
	samples := make([]float64, e.samples)
	for s := range samples {
		begin := time.Now()
		for i := range e.repeat {
			call(s*e.repeat + i)
		}
		wait()
		samples[s] = time.Since(begin).Seconds() / float64(e.repeat)
	}
	slices.Sort(samples)
	tenth := len(samples) / 10
	return timing{samples[len(samples)/2], samples[tenth], samples[len(samples)-1-tenth]}
}

// fields are those of a line about n elements of so many bytes each.
func (t timing) fields(n int, bytes float64) []any {
	return []any{"n", n, "ms", 1e3 * t.median, "low", 1e3 * t.low, "high", 1e3 * t.high, "bytes", bytes, "GBps", bytes * float64(n) / t.median / 1e9}
}

// The tests for a GPU run over the fake driver, in a process of their own, and print what
// check.sh looks for. How fast the fake is does not matter.
func TestRehearsal(t *testing.T) {
	if os.Getenv("HALOS_TEST_GPU") != "" {
		t.Skip("HALOS_TEST_GPU is set: this is the rehearsal, or the real thing")
	}
	fake(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestGPU", "-test.skip=^TestGPUSuite$", "-test.v") // TestLaws is the suite
	cmd.Env = append(os.Environ(), "HALOS_TEST_GPU=fake", "FAKECUDA_TRACE=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("\n--- SKIP")) {
		t.Errorf("some are skipped:\n%s", out)
	}
	for _, want := range []string{
		"G0\tcopy", "G0\tin", "G0\tout", "G1\tload", "G1\tauto", "G2\tops", "G2\tforms", "G2\tencode", "G2\treductions", "G3\tops", "G4\tdelayedStep\tset=cuda\t", "G4\tdelayedStep\tset=cublas\t",
		"G4\tencodeDeltaInt8", "G5\tarrivals", "G5\tbeside", "G6\tcycles", "G7\tnone", "G7\tnoblas", "G9\tgoroutines",
	} {
		if !bytes.Contains(out, []byte("GPU\t"+want)) {
			t.Errorf("no line %q in\n%s", want, out)
		}
	}
}

// sameBits finds the first element that differs. NaNs are all one.
func sameBits(got, want []float32) (at int, same bool) {
	first := make(chan int, 1+len(want)/1024)
	kernels.Split(len(want), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if x, y := want[i], got[i]; math.Float32bits(x) != math.Float32bits(y) && (x == x || y == y) {
				first <- i
				return
			}
		}
	})
	close(first)
	at = len(want)
	for i := range first {
		at = min(at, i)
	}
	return at, at == len(want)
}
