package kerneltest

import (
	"errors"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/halos-go/sdk/kernels"
)

// Untouchable is a Backend for the tests of code that is to work in every Backend: it
// computes what [kernels.CPU] does, but nobody else can touch its elements. On Linux
// and macOS a program that reads or writes one ends with "unexpected fault address",
// and the stack shows where it did; debug.SetPanicOnFault makes that a panic. On other
// systems nothing faults: what is read there is NaN, and what is written has no effect.
//
//	b := new(kerneltest.Untouchable)
//	defer b.Close()
//	params, err := b.Make(n)
//
// The zero value is ready; it must not be copied after its first use. A vector is a
// file without a name in os.TempDir, mapped twice, until it is recycled: that takes some
// pages and a few system calls.
type Untouchable struct {
	mu     sync.Mutex
	rooms  []*room
	loss   error // what it will fail with, if not nil,
	after  int   // when so many more calls have succeeded
	lost   bool  // it has failed
	closed bool
}

// A room is the memory of a vector, at two addresses.
type room struct {
	vector []float32 // nobody can touch it
	memory []float32
	free   func() error
}

var _ kernels.Backend = (*Untouchable)(nil)

// errClosed is the error of Make after Close.
var errClosed = errors.New("kerneltest: closed")

// Fail lets b fail as a GPU does that is lost: the next calls succeed, so many as after
// says, then one fails, with err, and so do all behind it. A call that fails does nothing.
// Dot returns NaN then, Finite false, and Err and what else returns an error err. Calls
// are those of Make, Run, Encode, Dot, Finite, Snapshot and its Read, by whatever
// function of package kernels. after is at least 0, and err not nil.
func (b *Untouchable) Fail(after int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.after, b.loss = after, err
}

// begin counts a call, and returns why it fails.
func (b *Untouchable) begin() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loss == nil {
		return nil
	}
	if b.after > 0 {
		b.after--
		return nil
	}
	b.lost = true
	return b.loss
}

// Name returns "untouchable".
func (b *Untouchable) Name() string { return "untouchable" }

// Make implements [kernels.Backend].
func (b *Untouchable) Make(n int) ([]float32, error) {
	if err := b.begin(); err != nil {
		return nil, err
	}
	if n < 0 {
		panic("kerneltest: vector of a negative length")
	}
	if n == 0 {
		return []float32{}, nil
	}
	r, err := newRoom(n)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, errors.Join(errClosed, r.free())
	}
	b.rooms = append(b.rooms, r)
	kernels.Settle(r.vector, b)
	return r.vector, nil
}

// Recycle implements [kernels.Backend]. What b has not made is left alone.
func (b *Untouchable) Recycle(v []float32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rooms, func(r *room) bool { return address(r.vector) == address(v) && len(r.vector) == len(v) })
	if i < 0 {
		return
	}
	kernels.Unsettle(v)
	_ = b.rooms[i].free() // what cannot be unmapped stays
	b.rooms = slices.Delete(b.rooms, i, i+1)
}

// Live returns how many vectors have been made and not been recycled.
func (b *Untouchable) Live() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rooms)
}

// Run implements [kernels.Backend].
func (b *Untouchable) Run(c kernels.Call) {
	for i, v := range c.Vectors {
		c.Vectors[i] = b.memory(v)
	}
	if b.begin() == nil {
		kernels.CPU{}.Run(c)
	}
}

// Encode implements [kernels.Backend].
func (b *Untouchable) Encode(dst []byte, f kernels.Form, x, y, residual []float32) {
	x, y, residual = b.memory(x), b.memory(y), b.memory(residual)
	if b.begin() == nil {
		kernels.CPU{}.Encode(dst, f, x, y, residual)
	}
}

// Dot implements [kernels.Backend].
func (b *Untouchable) Dot(x, y []float32) float64 {
	x, y = b.memory(x), b.memory(y)
	if b.begin() != nil {
		return math.NaN()
	}
	return kernels.Dot(x, y)
}

// Finite implements [kernels.Backend].
func (b *Untouchable) Finite(x []float32) bool {
	x = b.memory(x)
	return b.begin() == nil && kernels.Finite(x)
}

// Snapshot implements [kernels.Backend].
func (b *Untouchable) Snapshot(v []float32) kernels.Snapshot {
	s := &snapshot{b: b}
	v = b.memory(v)
	if b.begin() == nil {
		s.copied = slices.Clone(v)
	}
	return s
}

// Err implements [kernels.Backend].
func (b *Untouchable) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost {
		return b.loss
	}
	return nil
}

// Close unmaps all vectors.
func (b *Untouchable) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, r := range b.rooms {
		kernels.Unsettle(r.vector)
		errs = append(errs, r.free())
	}
	b.rooms, b.closed = nil, true
	return errors.Join(errs...)
}

// memory returns v where it can be touched. What is not here is ordinary memory.
func (b *Untouchable) memory(v []float32) []float32 {
	if len(v) == 0 {
		return v
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.rooms {
		if at := address(v) - address(r.vector); at < 4*uintptr(len(r.vector)) {
			return r.memory[at/4:][:len(v)]
		}
	}
	if _, ordinary := kernels.Where(v).(kernels.CPU); !ordinary {
		panic("kerneltest: vectors of one call are in two Backends")
	}
	return v
}

// address is a number: what is there may be no memory of Go.
func address(v []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(v))) }

// A snapshot is a copy.
type snapshot struct {
	b      *Untouchable
	copied []float32
}

func (s *snapshot) Read(dst []float32) error {
	if err := s.b.begin(); err != nil {
		return err
	}
	kernels.Copy(dst, s.copied)
	return nil
}

func (s *snapshot) Release() { s.copied = nil }
