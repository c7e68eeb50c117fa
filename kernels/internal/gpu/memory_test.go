package gpu

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// What is recycled is made again of the same memory, of zeros.
func TestRecycle(t *testing.T) {
	e, _ := open(t, OnePass, 0)
	v := made(t, e, 1000)
	kernels.Copy(v, counting(1000, 1))
	e.Recycle(nil)
	e.Recycle(v[:10])
	e.Recycle(v[10:])
	e.Recycle(make([]float32, 1000))
	e.Recycle(v)
	if w := made(t, e, 999); address(w) == address(v) {
		t.Error("a vector of another length has the memory of 1000")
	}
	w := made(t, e, 1000)
	if address(w) != address(v) {
		t.Error("the memory is not used again")
	}
	got := counting(1000, 1)
	kernels.Copy(got, w)
	equal(t, "new", got, make([]float32, 1000))
	if another := made(t, e, 1000); address(another) == address(w) {
		t.Error("two vectors in one place")
	}
}

// Recycled memory is freed when there is no room, and not before the work with it is
// done. That there is none for a vector harms nothing else.
func TestNoRoom(t *testing.T) {
	e, f := open(t, OnePass, 0)
	f.room = 8000
	v, w := made(t, e, 1000), made(t, e, 1000)
	kernels.Scale(v, 2)
	if _, err := e.Make(1500); !errors.Is(err, ErrNoRoom) || !strings.Contains(err.Error(), "fake:0: vector of 6000 bytes") {
		t.Errorf("%v, want %v and how much was asked for", err, ErrNoRoom)
	}
	e.Recycle(v)
	if _, err := e.Make(1500); !errors.Is(err, ErrNoRoom) || f.freed != 1 {
		t.Errorf("%v and %d freed, want %v and 1", err, f.freed, ErrNoRoom)
	}
	kernels.Scale(w, 2)
	e.Recycle(w)
	x := made(t, e, 1500)
	kernels.Scale(x, 2)
	for _, n := range []int{math.MaxInt, math.MaxInt/4 + 1, math.MaxInt/2 + 1001} { // more than addresses can say
		if _, err := e.Make(n); !errors.Is(err, ErrNoRoom) {
			t.Errorf("Make(%d): %v", n, err)
		}
	}
	if e.Err() != nil || f.freed != 2 {
		t.Errorf("%v and %d freed, want no error and 2", e.Err(), f.freed)
	}
	if b := kernels.Where(v); b != (kernels.CPU{}) {
		t.Errorf("what is freed is said to be in %s", b.Name())
	}
}

// While what is idle is freed for one vector, there is room for another too.
func TestRoomForTwo(t *testing.T) {
	var live []float32
	for name, get := range map[string]func(e *Engine) error{
		"Make":     func(e *Engine) error { _, err := e.Make(100); return err },
		"Snapshot": func(e *Engine) error { return e.Snapshot(live).Read(counting(100, 1)) },
	} {
		e, f := open(t, OnePass, 0)
		live = made(t, e, 100)
		e.Recycle(made(t, e, 1900))
		second := newResult()
		f.room = 0
		f.during, f.other = "Free", func() { second <- get(e) }
		if _, err := e.Make(1000); err != nil {
			t.Error(err)
		}
		if err := <-second; err != nil {
			t.Errorf("%s while a vector is freed: %v", name, err)
		}
	}
}

func newResult() chan error { return make(chan error, 1) }

// What is made while Close is called is made before it, or not at all.
func TestMakeBesideClose(t *testing.T) {
	e, f := open(t, OnePass, 0)
	closed := newResult()
	f.during, f.other = "Alloc", func() { closed <- e.Close() }
	v, err := e.Make(1000)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err == nil && kernels.Where(v) != (kernels.CPU{}) {
		t.Error("after Close the vector is still here")
	}
	if f.freed != len(v)/1000 {
		t.Errorf("%d vectors freed of %d", f.freed, len(v)/1000)
	}
}

// After Close package kernels knows nothing of the addresses, and nothing is made.
func TestClose(t *testing.T) {
	e, f := open(t, OnePass, 0)
	v := made(t, e, 1000)
	if kernels.Where(v[10:20]) != kernels.Backend(e) {
		t.Error("the vector is not here")
	}
	kernels.Scale(v, 2)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if kernels.Where(v) != (kernels.CPU{}) {
		t.Error("the vector is still here")
	}
	if !f.closed || f.freed != 1 || f.started != 2 { // zeros, scale
		t.Errorf("closed %t, %d freed, %d pieces of work", f.closed, f.freed, f.started)
	}
	e.Recycle(v)
	if _, err := e.Make(1000); err == nil || err.Error() != "fake:0: closed" {
		t.Error(err)
	}
	if e.Err() != nil {
		t.Error(e.Err())
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestMistakes(t *testing.T) {
	e, _ := open(t, OnePass, 0)
	other, _ := open(t, OnePass, 0)
	v, w, u, x := made(t, e, 10), made(t, e, 11), made(t, other, 10), made(t, e, 12)
	memory := make([]float32, 10)
	for want, do := range map[string]func(){
		"gpu: vector of a negative length":             func() { _, _ = e.Make(-1) },
		"gpu: vectors differ in length":                func() { e.Run(backend.Call{Op: backend.OpMix, Vectors: [6][]float32{v, w}}) },
		"gpu: no such op":                              func() { e.Run(backend.Call{Op: 200, Vectors: [6][]float32{v}}) },
		"gpu: vectors of one call are in two backends": func() { kernels.SGD(v, u, 1) },
		"gpu: no vector of the call is here":           func() { e.Run(backend.Call{Op: backend.OpMix, Vectors: [6][]float32{memory, memory}}) },
		"gpu: the only vector of a call is packed":     func() { e.Run(backend.Call{Op: backend.OpScale, Form: kernels.Int8}) },
		"gpu: bytes differ from the size of the form": func() {
			e.Run(backend.Call{Op: backend.OpMix, Vectors: [6][]float32{v}, Form: kernels.Int8, Packed: make([]byte, 13)})
		},
		"gpu: vector is not of this backend": func() { e.Snapshot(memory) },
		"gpu: vector recycled twice":         func() { e.Recycle(w); e.Recycle(w) },
		"gpu: vector is recycled":            func() { e.Recycle(x); kernels.Scale(x, 2) },
		"gpu: snapshot released twice":       func() { s := e.Snapshot(v); s.Release(); s.Release() },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("%v, want %s", got, want)
				}
			}()
			do()
		}()
	}
	if err := e.Err(); err != nil {
		t.Error(err)
	}
	kernels.Scale(v, 2) // no lock is held
}
