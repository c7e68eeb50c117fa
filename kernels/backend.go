package kernels

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// A Backend is a place for vectors, with what computes on them there. [CPU] is
// ordinary memory; package kernels/cuda has GPUs.
//
// A vector of any Backend is a []float32, and the functions of this package take it
// like any other: they find by its address where it is, and run there. So code that
// does all its arithmetic by them works in every Backend. What it must not do is to
// touch elements: there may be no memory of this processor at the address, and a
// program that reads or writes there is ended by the system. [Copy] and [Snapshot]
// move elements to ordinary memory.
//
// The vectors of one call are all in one Backend or in ordinary memory; those that are
// changed are in the Backend, but for the results of [Copy], [Delta] and [Mean], which
// may be anywhere. A gradient or a global model usually is in ordinary memory, as it
// comes from the network: it goes to the Backend piece by piece, and those before it
// are worked on meanwhile. A call may return before its work is done, but not before it
// is done with ordinary memory. All work on a vector is done in the order of the calls.
//
// Functions return no errors. When a Backend fails, it fails for ever: what it holds
// is lost, later calls do nothing, and Err says why. Results in ordinary memory may then
// be anything, so ask Err before passing them on; [Snapshot].Read returns it.
//
// Methods other than Close may be called from any goroutine as long as no two calls
// touch the same vector. They panic where the functions of this package do.
//
// To write one: Make tells [Settle] of each vector, and [Unsettle] comes before its
// memory is freed. A Backend that wraps another calls Unsettle, and Settle with itself,
// on what the other has made, or is never asked. It must not hand vectors that are
// settled to it to [CPU], which would ask it again: it passes the same memory at another
// address, as kerneltest.Untouchable does. Backends are compared with ==, so one is a
// pointer. Package kerneltest has the tests.
type Backend interface {
	// Name says in a few words what it is, for a log: "cpu".
	Name() string
	// Make returns n zeros, n at least 0; less is a panic. They belong to the caller until
	// he gives them to Recycle, or until Close. If there is no room for them Err stays nil.
	Make(n int) ([]float32, error)
	// Recycle takes back, once, all of what Make has returned. Nil, a part of a vector, and
	// what is not of this Backend are left alone.
	Recycle(v []float32)
	// Run does c, of which at least one vector is here.
	Run(c Call)
	// Encode is [EncodeDelta] if y is not nil, else [Encode]. dst is ordinary memory, at
	// least one of x, y and residual is here, the others here or in ordinary memory.
	Encode(dst []byte, f Form, x, y, residual []float32)
	// Dot is [Dot], of vectors here; NaN if the Backend has failed.
	Dot(x, y []float32) float64
	// Finite is [Finite], of a vector here; false if the Backend has failed.
	Finite(x []float32) bool
	// Snapshot returns v, a vector here, as it is now. It returns at once; later work
	// on v goes on, and Read gets what was there before, also when v has been recycled.
	// There is room for two at a time at least; if there is none for another Snapshot
	// waits until one is released.
	Snapshot(v []float32) Snapshot
	// Err returns nil, or why the Backend has failed.
	Err() error
	// Close waits for what is under way and gives all back. No vector of it, and no
	// Snapshot, may be used after that. A second Close does nothing.
	Close() error
}

// A Snapshot is a vector as it was at some moment. Its methods may be called from any
// goroutine, one at a time.
type Snapshot interface {
	// Read sets dst, which must be as long as the vector and ordinary memory, to it. It
	// may be called several times until Release, and returns an error after it. After an
	// error dst holds anything.
	Read(dst []float32) error
	// Release ends it. Each Snapshot must be released, once; a second time panics.
	Release()
}

// CPU is the Backend of ordinary memory: all slices that no other Backend has made. It is
// CPU{}, and no pointer to that.
type CPU struct{}

var _ Backend = CPU{}

// Name returns "cpu".
func (CPU) Name() string { return "cpu" }

// Make is the function [Make].
func (CPU) Make(n int) ([]float32, error) { return Make(n), nil }

// Recycle is the function [Recycle].
func (CPU) Recycle(v []float32) { Recycle(v) }

// Run implements [Backend].
func (CPU) Run(c Call) {
	if c.Form != 0 {
		c.unpack()
		return
	}
	do(c.Op, c.args())
}

// Encode implements [Backend].
func (CPU) Encode(dst []byte, f Form, x, y, residual []float32) {
	if y == nil {
		Encode(dst, f, x)
		return
	}
	EncodeDelta(dst, f, x, y, residual)
}

// Dot is the function [Dot].
func (CPU) Dot(x, y []float32) float64 { return Dot(x, y) }

// Finite is the function [Finite].
func (CPU) Finite(x []float32) bool { return Finite(x) }

// Snapshot returns a copy.
func (CPU) Snapshot(v []float32) Snapshot {
	c := &copied{v: Make(len(v))}
	Copy(c.v, v)
	return c
}

// Err returns nil.
func (CPU) Err() error { return nil }

// Close does nothing.
func (CPU) Close() error { return nil }

// copied is a Snapshot of ordinary memory.
type copied struct {
	v        []float32
	released bool
}

// errReleased is the error of Read after Release.
var errReleased = errors.New("kernels: snapshot is released")

func (c *copied) Read(dst []float32) error {
	if c.released {
		return errReleased
	}
	Copy(dst, c.v)
	return nil
}

func (c *copied) Release() {
	if c.released {
		panic("kernels: snapshot released twice")
	}
	Recycle(c.v)
	*c = copied{released: true}
}

// Where returns the Backend that v is in; v may be a part of what Make returned. An
// empty v is in CPU.
func Where(v []float32) Backend {
	if b := away(v); b != nil {
		return b
	}
	return CPU{}
}

// Ordinary returns v if it is in ordinary memory, else a copy that is, as v is when all
// calls so far are done; if its Backend has failed, anything.
func Ordinary(v []float32) []float32 {
	if away(v) == nil {
		return v
	}
	c := Make(len(v))
	Copy(c, v)
	return c
}

// recycleCopy recycles c, which Ordinary has made of v, unless it is v.
func recycleCopy(c, v []float32) {
	if away(v) != nil {
		Recycle(c)
	}
}

// Settle tells the functions of this package that from now on v, all of it, is in b. It
// is for a Backend that has made v. It reports whether it could: not if an element of v
// is in a Backend already.
func Settle(v []float32, b Backend) bool {
	if len(v) == 0 {
		return true
	}
	homesMu.Lock()
	defer homesMu.Unlock()
	lo, hi := address(v), address(v)+4*uintptr(len(v))
	all := slices.Clone(settled())
	i, _ := slices.BinarySearchFunc(all, lo, byAddress)
	if i > 0 && all[i-1].hi > lo || i < len(all) && all[i].lo < hi {
		return false
	}
	now := slices.Insert(all, i, home{lo, hi, b})
	homes.Store(&now)
	return true
}

// Unsettle takes back what was said to Settle about v, all of it. It is for before the
// memory is freed.
func Unsettle(v []float32) {
	if len(v) == 0 {
		return
	}
	homesMu.Lock()
	defer homesMu.Unlock()
	lo := address(v)
	now := slices.DeleteFunc(slices.Clone(settled()), func(h home) bool { return h.lo == lo })
	if len(now) == 0 {
		homes.Store(nil)
		return
	}
	homes.Store(&now)
}

// A home is addresses that are not those of ordinary memory.
type home struct {
	lo, hi  uintptr
	backend Backend
}

// homes is all of them in order. The addresses of a process are the same for all of
// its packages, so this is a variable of the package, and it is empty in a process
// that uses no other Backend.
var (
	homes   atomic.Pointer[[]home]
	homesMu sync.Mutex
)

// settled returns homes.
func settled() []home {
	if all := homes.Load(); all != nil {
		return *all
	}
	return nil
}

func byAddress(h home, at uintptr) int {
	switch {
	case h.lo < at:
		return -1
	case h.lo > at:
		return 1
	}
	return 0
}

// away returns the Backend of the first of vs that is not in ordinary memory, or nil.
func away(vs ...[]float32) Backend {
	if homes.Load() == nil { // short, so that it is inlined
		return nil
	}
	return find(vs)
}

func find(vs [][]float32) Backend {
	all := settled()
	for _, v := range vs {
		if len(v) == 0 {
			continue
		}
		at := address(v)
		i, found := slices.BinarySearchFunc(all, at, byAddress)
		if !found {
			i--
		}
		if i >= 0 && at < all[i].hi {
			return all[i].backend
		}
	}
	return nil
}
