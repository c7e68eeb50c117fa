package kerneltest_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

func ExampleUntouchable() {
	b := new(kerneltest.Untouchable)
	defer b.Close()
	params, err := b.Make(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	gradient := []float32{1, 2, 3}     // ordinary memory
	kernels.SGD(params, gradient, 0.5) // finds params in b
	reply := make([]float32, 3)        // params[0] would end the program
	kernels.Copy(reply, params)
	fmt.Println(kernels.Where(params).Name(), reply)
	// Output: untouchable [-0.5 -1 -1.5]
}

var sink float32

// touch returns the panic of f, which a fault is here.
func touch(f func()) (err any) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { err = recover() }()
	f()
	return nil
}

func TestTouchingFaults(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("no faults on", runtime.GOOS)
	}
	b := new(kerneltest.Untouchable)
	v := made(t, b, 5000)
	for name, f := range map[string]func(){
		"reading": func() { sink += v[0] },
		"writing": func() { v[4999] = 1 },
		"ranging": func() {
			for _, x := range v {
				sink += x
			}
		},
		"copying":                          func() { copy(make([]float32, 10), v) },
		"reading what is not b's any more": func() { b.Recycle(v); kernels.Scale(v, 1) },
	} {
		if touch(f) == nil {
			t.Errorf("%s does not fault", name)
		}
	}
}

// TestElementsAreElsewhere is about systems where nothing faults too: what is read there is
// NaN, if anything.
func TestElementsAreElsewhere(t *testing.T) {
	b := new(kerneltest.Untouchable)
	v := made(t, b, 10)
	kernels.Copy(v, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	if touch(func() {
		if !math.IsNaN(float64(v[3])) {
			t.Error("an element can be read")
		}
		v[3] = 7
	}) == nil && kernels.Norm(v) != math.Sqrt(285) {
		t.Error("an element can be written")
	}
}

func TestUntouchableFails(t *testing.T) {
	lost := errors.New("lost")
	b := new(kerneltest.Untouchable)
	v := made(t, b, 3)
	kernels.Copy(v, []float32{1, 2, 3})
	early := b.Snapshot(v)
	b.Fail(2, lost)
	kernels.Scale(v, 2)
	if sum := kernels.Dot(v, v); sum != 56 || b.Err() != nil {
		t.Fatalf("Dot is %v and Err %v before it fails", sum, b.Err())
	}
	kernels.Scale(v, 2)
	got := []float32{7, 7, 7}
	kernels.Copy(got, v)
	if got[0] != 7 {
		t.Errorf("after it failed a Copy gives %v", got)
	}
	_, err := b.Make(3)
	late := b.Snapshot(v)
	for name, err := range map[string]error{"Err": b.Err(), "Make": err, "Read of an early Snapshot": early.Read(got), "Read": late.Read(got)} {
		if !errors.Is(err, lost) {
			t.Errorf("after it failed %s returns %v", name, err)
		}
	}
	if kernels.Finite(v) || !math.IsNaN(kernels.Dot(v, v)) {
		t.Error("after it failed it gives answers")
	}
	early.Release()
	late.Release()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestUntouchableRefuses(t *testing.T) {
	a, b := new(kerneltest.Untouchable), new(kerneltest.Untouchable)
	v, w := made(t, a, 10), made(t, b, 10)
	if touch(func() { kernels.SGD(v, w, 1) }) == nil {
		t.Error("vectors of one call may be in two Backends")
	}
	b.Recycle(v)
	b.Recycle(w[:5])
	b.Recycle(make([]float32, 10))
	kernels.Scale(v, 1)
	kernels.Scale(w, 1) // both still there
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if kernels.Where(w) != kernels.Backend(kernels.CPU{}) {
		t.Error("after Close a vector is still there")
	}
	if _, err := b.Make(10); err == nil {
		t.Error("Make after Close succeeds")
	}
}

// made returns a vector of b, which is closed after the test.
func made(t *testing.T, b *kerneltest.Untouchable, n int) []float32 {
	t.Helper()
	v, err := b.Make(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func TestUntouchableGivesBack(t *testing.T) {
	mapped := func() int {
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip("nothing says what is mapped:", err)
		}
		return strings.Count(string(maps), "/kerneltest-untouchable-")
	}
	b := new(kerneltest.Untouchable)
	before := mapped()
	v := made(t, b, 10)
	made(t, b, 10)
	for _, step := range []struct {
		name string
		do   func()
		want int
	}{
		{"Make twice", func() {}, 4},
		{"Recycle", func() { b.Recycle(v) }, 2},
		{"Close", func() { _ = b.Close() }, 0},
	} {
		step.do()
		if got := mapped() - before; got != step.want {
			t.Errorf("after %s there are %d mappings, want %d", step.name, got, step.want)
		}
	}
}
