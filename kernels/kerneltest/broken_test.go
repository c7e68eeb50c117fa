package kerneltest

import (
	"runtime"
	"slices"
	"sync"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// broken is a Backend of which some methods have been replaced.
type broken struct {
	*Untouchable
	make     func(n int) ([]float32, error)
	settle   func(v []float32) // instead of Settle
	recycle  func(v []float32)
	run      func(c backend.Call)
	encode   func(dst []byte, f kernels.Form, x, y, residual []float32)
	dot      func(x, y []float32) float64
	finite   func(x []float32) bool
	snapshot func(v []float32) kernels.Snapshot
	err      func() error
	close    func() error
}

// breaks makes a Backend and replaces some of its methods.
func breaks(replace func(b *broken)) func() kernels.Backend {
	return func() kernels.Backend {
		in := new(Untouchable)
		b := &broken{Untouchable: in, make: in.Make, recycle: in.Recycle, run: in.Run, encode: in.Encode,
			dot: in.Dot, finite: in.Finite, snapshot: in.Snapshot, err: in.Err, close: in.Close}
		b.settle = func(v []float32) { backend.Settle(v, b) }
		replace(b)
		return b
	}
}

func (b *broken) Make(n int) ([]float32, error) {
	v, err := b.make(n)
	backend.Unsettle(v) // it is here, and not in b.Untouchable
	b.settle(v)
	return v, err
}

func (b *broken) Recycle(v []float32)                   { b.recycle(v) }
func (b *broken) Run(c backend.Call)                    { b.run(c) }
func (b *broken) Finite(x []float32) bool               { return b.finite(x) }
func (b *broken) Dot(x, y []float32) float64            { return b.dot(x, y) }
func (b *broken) Snapshot(v []float32) kernels.Snapshot { return b.snapshot(v) }
func (b *broken) Err() error                            { return b.err() }
func (b *broken) Close() error                          { return b.close() }
func (b *broken) Encode(dst []byte, f kernels.Form, x, y, residual []float32) {
	b.encode(dst, f, x, y, residual)
}

// elements returns v where the test can touch it.
func (b *broken) elements(v []float32) []float32 { return b.memory(v) }

// runs makes a Backend that runs calls otherwise.
func runs(run func(b *broken, c backend.Call)) func() kernels.Backend {
	return breaks(func(b *broken) { b.run = func(c backend.Call) { run(b, c) } })
}

// after makes a Backend in which something happens after each run of an op.
func after(op backend.Op, then func(b *broken, c backend.Call)) func() kernels.Backend {
	return runs(func(b *broken, c backend.Call) {
		b.Untouchable.Run(c)
		if c.Op == op && len(c.Vectors[0]) > 0 {
			then(b, c)
		}
	})
}

// late runs each call when the next one comes, or somebody asks for a result, and looks
// at what it was lent only then.
func late() kernels.Backend {
	return breaks(func(b *broken) {
		var waiting []backend.Call
		done := func() {
			for _, c := range waiting {
				b.Untouchable.Run(c)
			}
			waiting = nil
		}
		b.run = func(c backend.Call) {
			done()
			if c.Op == backend.OpCopy || c.Op == backend.OpDelta || c.Form != 0 {
				b.Untouchable.Run(c)
				return
			}
			waiting = append(waiting, c)
		}
		b.encode = func(dst []byte, f kernels.Form, x, y, residual []float32) {
			done()
			b.Untouchable.Encode(dst, f, x, y, residual)
		}
		b.dot = func(x, y []float32) float64 { done(); return b.Untouchable.Dot(x, y) }
		b.finite = func(x []float32) bool { done(); return b.Untouchable.Finite(x) }
		b.snapshot = func(v []float32) kernels.Snapshot { done(); return b.Untouchable.Snapshot(v) }
	})()
}

// lateResults gives a difference in ordinary memory to him who makes the next call.
func lateResults() kernels.Backend {
	return breaks(func(b *broken) {
		next := func() {}
		b.run = func(c backend.Call) {
			next()
			next = func() {}
			dst := c.Vectors[0]
			if c.Op != backend.OpDelta || address(b.elements(dst)) != address(dst) {
				b.Untouchable.Run(c)
				return
			}
			c.Vectors[0] = make([]float32, len(dst))
			b.Untouchable.Run(c)
			next = func() { copy(dst, c.Vectors[0]) }
		}
	})()
}

// lateWork does some when the vector it is on has been recycled and made again.
func lateWork() kernels.Backend {
	return breaks(func(b *broken) {
		var idle []float32
		next := func() {}
		b.run = func(c backend.Call) {
			next()
			next = func() {}
			if c.Op == backend.OpSGD {
				next = func() { b.Untouchable.Run(c) }
				c.Vectors[1] = slices.Clone(c.Vectors[1])
				return
			}
			b.Untouchable.Run(c)
		}
		b.recycle = func(v []float32) { idle = v }
		b.make = func(n int) ([]float32, error) {
			if len(idle) != n {
				return b.Untouchable.Make(n)
			}
			v := idle
			idle = nil
			clear(b.elements(v))
			return v, nil
		}
	})()
}

// swapping does two calls of three in the other order, where all is in the Backend.
func swapping() kernels.Backend {
	return breaks(func(b *broken) {
		var held *backend.Call
		n := 0
		b.run = func(c backend.Call) {
			n++
			if n%3 == 0 && held == nil && c.Form == 0 && !slices.ContainsFunc(c.Vectors[:len(c.Op.Vectors())], func(v []float32) bool { return address(b.elements(v)) == address(v) }) {
				held = &c
				return
			}
			b.Untouchable.Run(c)
			if held != nil {
				c, held = *held, nil
				b.Untouchable.Run(c)
			}
		}
	})()
}

// sharing copies operands from ordinary memory into one buffer, which another
// goroutine may fill before it is used.
func sharing() kernels.Backend {
	return breaks(func(b *broken) {
		var mu sync.Mutex
		buf := make([]float32, 10_000)
		b.run = func(c backend.Call) {
			i := len(c.Op.Vectors()) - 1
			if c.Form != 0 || i < c.Op.Changed() || address(b.elements(c.Vectors[i])) != address(c.Vectors[i]) {
				b.Untouchable.Run(c)
				return
			}
			mu.Lock()
			c.Vectors[i] = buf[:copy(buf, c.Vectors[i])]
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			b.Untouchable.Run(c)
			mu.Unlock()
		}
	})()
}

// later is a Snapshot that copies when it is read.
type later struct {
	b *Untouchable
	v []float32
}

func (s *later) Read(dst []float32) error {
	copy(dst, s.b.memory(s.v))
	return nil
}

func (s *later) Release() {}

// once is a Snapshot that has nothing left after Read.
type once struct {
	kernels.Snapshot
	read bool
}

func (s *once) Read(dst []float32) error {
	if s.read {
		clear(dst)
		return nil
	}
	s.read = true
	return s.Snapshot.Read(dst)
}

// silent is a Snapshot that hides errors.
type silent struct{ kernels.Snapshot }

func (s *silent) Read(dst []float32) error {
	_ = s.Snapshot.Read(dst)
	return nil
}

// oneCopy makes one copy of what does not change between two Snapshots, and frees it
// with the first. It knows that Run changes vectors, and maybe that Encode does.
func oneCopy(encodes bool) func() kernels.Backend {
	return breaks(func(b *broken) {
		copies := make(map[uintptr][]float32)
		b.run = func(c backend.Call) {
			clear(copies)
			b.Untouchable.Run(c)
		}
		b.encode = func(dst []byte, f kernels.Form, x, y, residual []float32) {
			if encodes {
				clear(copies)
			}
			b.Untouchable.Encode(dst, f, x, y, residual)
		}
		b.snapshot = func(v []float32) kernels.Snapshot {
			at := address(v)
			if copies[at] == nil {
				copies[at] = slices.Clone(b.elements(v))
			}
			c := copies[at]
			return &released{c, func() { clear(c) }}
		}
	})
}

type released struct {
	copied []float32
	done   func()
}

func (s *released) Read(dst []float32) error {
	copy(dst, s.copied)
	return nil
}

func (s *released) Release() { s.done() }
