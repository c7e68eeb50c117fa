package kerneltest

import (
	"errors"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
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
// The zero value is ready; it must not be copied after its first use. The address of a
// vector is not used again before Close, though its memory is freed by Recycle: so a
// vector that is used, or recycled, after it was recycled is always noticed. A second
// Recycle of a vector, or Release of a snapshot, panics.
type Untouchable struct {
	mu     sync.Mutex
	rooms  []*room
	past   []*room // recycled
	loss   error   // what it will fail with; nil if it will not
	after  int     // how many more calls will succeed before that
	lost   bool    // it has failed
	closed bool
}

// A room is the memory of a vector, and the addresses that stand for it.
type room struct {
	vector []float32 // addresses without memory
	memory []float32 // its elements; nil when it is recycled
	free   func() error
}

func newRoom(n int) (*room, error) {
	v, free, err := addresses(n)
	return &room{v, make([]float32, n), free}, err
}

// is reports whether v is all of the vector of r.
func (r *room) is(v []float32) bool {
	return len(v) > 0 && address(r.vector) == address(v) && len(r.vector) == len(v)
}

var _ kernels.Backend = (*Untouchable)(nil)

// errClosed is the error of Make after Close.
var errClosed = errors.New("kerneltest: closed")

// Fail lets b fail as a GPU does that is lost: the next calls succeed, as many as after
// says, and then all fail with err. A call that fails does nothing; Dot returns NaN,
// Finite false, and the other methods with an error return err, and Err too. Calls are
// those of Make, Run, Encode, Dot, Finite, Snapshot and its Read, by whatever function of
// package kernels. after is at least 0, and err not nil.
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
	backend.Settle(r.vector, b)
	return r.vector, nil
}

// Recycle implements [kernels.Backend]. What b has not made is left alone.
func (b *Untouchable) Recycle(v []float32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(b.past, func(r *room) bool { return r.is(v) }) {
		panic("kerneltest: vector recycled twice")
	}
	i := slices.IndexFunc(b.rooms, func(r *room) bool { return r.is(v) })
	if i < 0 {
		return
	}
	backend.Unsettle(v)
	b.rooms[i].memory = nil
	b.past = append(b.past, b.rooms[i])
	b.rooms = slices.Delete(b.rooms, i, i+1)
}

// Live returns how many vectors have been made and not been recycled.
func (b *Untouchable) Live() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rooms)
}

// Run implements [kernels.Backend].
func (b *Untouchable) Run(c backend.Call) {
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

// Close gives all memory and all addresses back.
func (b *Untouchable) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, r := range b.rooms {
		backend.Unsettle(r.vector)
	}
	for _, r := range append(b.rooms, b.past...) {
		errs = append(errs, r.free())
	}
	b.rooms, b.past, b.closed = nil, nil, true
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
	b        *Untouchable
	copied   []float32
	released bool
}

// errReleased is the error of Read after Release.
var errReleased = errors.New("kerneltest: snapshot is released")

func (s *snapshot) Read(dst []float32) error {
	if s.released {
		return errReleased
	}
	if err := s.b.begin(); err != nil {
		return err
	}
	kernels.Copy(dst, s.copied)
	return nil
}

func (s *snapshot) Release() {
	if s.released {
		panic("kerneltest: snapshot released twice")
	}
	s.copied, s.released = nil, true
}
