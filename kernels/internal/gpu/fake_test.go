package gpu

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"unsafe"
)

// A fake is a Driver whose GPU does its work as late as it may, or in an order that
// chance picks among those allowed, so that where a wait is missing numbers are wrong.
// Nothing can be touched at the addresses of its memory, which is elsewhere and full of
// NaN in the beginning.
type fake struct {
	t      testing.TB
	mu     sync.Mutex
	r      *rand.Rand
	base   uint64 // addresses from here on are nobody else's
	top    uint64
	memory map[uint64][]byte
	pinned map[*byte]int

	ids     uint64
	streams []*lane
	events  map[uint64]*mark // as last recorded; nil if never

	during  string // the call, Alloc or Free, during which for once
	other   func() // another goroutine runs
	room    uint64 // bytes that Alloc may give out
	calls   int
	failAt  int // the call that loses the GPU; 0 for none
	lost    bool
	closed  bool
	blas    uint64 // its stream
	loaded  bool
	within  int // CopyWithin so far
	moved   int // bytes of CopyIn and CopyOut so far
	freed   int
	started int // pieces of work done so far
}

// A lane is a stream: work in order, and how eager the GPU is to do it.
type lane struct {
	id    uint64
	eager float64
	work  []work
}

type work struct {
	do    func()
	reads []byte // pinned memory
	after *mark  // or wait for it
	mark  *mark  // or it is reached
}

// A mark is an event as it was recorded once.
type mark struct {
	stream *lane
	done   bool
}

var errLost = errors.New("the GPU has fallen off the bus")

// newFake returns a fake of which seed 0 does nothing before it must.
func newFake(t testing.TB, seed uint64) *fake {
	f := &fake{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), room: 1 << 40,
		memory: make(map[uint64][]byte), pinned: make(map[*byte]int), events: make(map[uint64]*mark),
	}
	if seed == 0 {
		f.r = nil
	}
	f.base = reserve(t)
	f.top = f.base
	return f
}

// meanwhile begins the other goroutine and lets it run as far as it can.
func (f *fake) meanwhile(call string) {
	if f.during == call {
		f.during = ""
		go f.other()
		for range 1000 {
			runtime.Gosched()
		}
	}
}

// call counts a call, fails if it is its turn, and lets the GPU do some work.
func (f *fake) call() error {
	f.calls++
	if f.closed {
		f.t.Error("call of a driver that is closed")
	}
	if f.calls == f.failAt {
		f.lost = true
	}
	if f.lost {
		return errLost
	}
	if f.r != nil {
		for _, s := range f.streams {
			for len(s.work) > 0 && f.r.Float64() < s.eager && (s.work[0].after == nil || s.work[0].after.done) {
				f.step(s)
			}
		}
	}
	return nil
}

func (f *fake) queue(stream uint64, w work) {
	i := slices.IndexFunc(f.streams, func(s *lane) bool { return s.id == stream })
	if i < 0 {
		f.t.Errorf("no stream %d", stream)
		return
	}
	f.streams[i].work = append(f.streams[i].work, w)
}

// step does the next piece of work on s, and what that waits for.
func (f *fake) step(s *lane) {
	w := s.work[0]
	if w.after != nil {
		f.reach(w.after)
	}
	s.work = s.work[1:]
	if w.do != nil {
		w.do()
		f.started++
	}
	if w.mark != nil {
		w.mark.done = true
	}
}

func (f *fake) reach(m *mark) {
	for !m.done {
		f.step(m.stream)
	}
}

func (f *fake) finish() {
	for _, s := range f.streams {
		for len(s.work) > 0 {
			f.step(s)
		}
	}
}

// at is n bytes at an address of the GPU.
func (f *fake) at(address uint64, n int) []byte {
	for base, b := range f.memory {
		if address >= base && address+uint64(n) <= base+uint64(len(b)) {
			return b[address-base:][:n:n]
		}
	}
	f.t.Errorf("%d bytes at %#x are not memory of the GPU, or were freed", n, address)
	return words(n)
}

// words is n bytes that are aligned for all.
func words(n int) []byte {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(make([]uint64, n/8+2)))), n+8)
	return b[:n:n]
}

func poison(b []byte) {
	if len(b) > 0 {
		b[0] = 0xff
	}
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// host checks that b is pinned.
func (f *fake) host(b []byte) {
	for first, n := range f.pinned {
		off := uintptr(unsafe.Pointer(unsafe.SliceData(b))) - uintptr(unsafe.Pointer(first))
		if off <= uintptr(n) && off+uintptr(len(b)) <= uintptr(n) {
			return
		}
	}
	f.t.Errorf("%d bytes are not pinned", len(b))
}
