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
	ordinary := []float32{1, 2, 3}
	for name, sum := range map[string]float64{
		"itself": kernels.Dot(v, v), "ordinary memory": kernels.Dot(v, ordinary), "it, of ordinary memory": kernels.Dot(ordinary, v),
		"the norm": kernels.Norm(v),
	} {
		if !math.IsNaN(sum) {
			t.Errorf("after it failed the product with %s is %v", name, sum)
		}
	}
	if kernels.Finite(v) {
		t.Error("after it failed its vectors are finite")
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

// Addresses are given back by Close, and not before: what has been recycled is not
// taken for a vector that was made later.
func TestUntouchableGivesBack(t *testing.T) {
	reserved := func() (bytes int64) { // addresses that nobody can touch
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip("nothing says what is reserved:", err)
		}
		for line := range strings.Lines(string(maps)) {
			var lo, hi uint64
			var may string
			if _, err := fmt.Sscanf(line, "%x-%x %s", &lo, &hi, &may); err != nil {
				t.Fatal(err)
			}
			if may == "---p" {
				bytes += int64(hi - lo)
			}
		}
		return bytes
	}
	const n, each = 20, 1 << 24
	b := new(kerneltest.Untouchable)
	before := reserved()
	for range n {
		b.Recycle(made(t, b, each/4))
	}
	if got := reserved() - before; b.Live() != 0 || got < n*each/2 {
		t.Errorf("after %d vectors are recycled %d live, and %d bytes of addresses are reserved, want 0 and %d", n, b.Live(), got, n*each)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if got := reserved() - before; got > n*each/2 {
		t.Errorf("after Close %d bytes of addresses are reserved", got)
	}
}

// What panics on a GPU panics here too.
func TestUntouchablePanics(t *testing.T) {
	b := new(kerneltest.Untouchable)
	v, w := made(t, b, 10), made(t, b, 10)
	b.Recycle(v)
	s := b.Snapshot(w)
	s.Release()
	for want, f := range map[string]func(){
		"kerneltest: vector recycled twice":   func() { b.Recycle(v) },
		"kerneltest: snapshot released twice": func() { s.Release() },
	} {
		if got := touch(f); got != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}
