package kernels

import (
	"iter"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"
)

const (
	page = 4 << 10 / 4 // elements of the smallest page
	huge = 2 << 20 / 4 // elements of a huge page

	// large is the number of elements from which a vector gets memory of its own:
	// 4 MiB. Below that, alignment would cost more than half of the vector.
	large = 2 * huge

	// Vectors begin at one of several distances from the start of a huge page, each with
	// another page and another line of the cache. If all began at the start of a page, a
	// loop would read and write addresses that end in the same bits. The processor then
	// takes a load for one of what was just stored, and waits: about a fifth of the time
	// in the cache, nothing in memory (go test -bench Spread).
	spreads = 8
	spread  = 5 * (page + 64/4)

	slack = huge + (spreads-1)*spread // what a slab has besides its room
)

// Make returns n zeros that the caller owns. Below 4 MiB it is make([]float32, n). A
// larger vector begins at a multiple of 64 bytes, lies in huge pages where the system
// has them, and is cleared by several goroutines. Its capacity is n.
//
// The memory is of the Go heap. Besides the vector it has a little more than 2 MiB for
// alignment and at most 2 MiB or an eighth, whichever is more, for rounding. You need not
// give it back: like any other slice it is freed when nothing points to it. [Recycle] lets
// the next Make use it at once.
//
// It panics if make does.
func Make(n int) []float32 {
	if n < large {
		return make([]float32, n)
	}
	return vectors.make(n)
}

// Recycle keeps the memory of v for a later [Make] of about the same length. That Make
// only has to clear it: there are no page faults, and no work for the garbage collector.
// The caller must not use v, or any slice of it, again. Memory that no Make has taken
// within about two garbage collections is freed.
//
// v must be what Make returned. Recycle ignores anything else: nil, a part of a vector, a
// vector of less than 4 MiB, a slice that Make has not made. A vector of another [Backend]
// goes to the Recycle of that. Recycle panics if v is recycled already and waits for
// reuse. If it is in use again, a second Recycle takes it from its new owner.
func Recycle(v []float32) {
	if len(v) >= large {
		vectors.recycle(v)
	}
}

// Metrics returns counters of the vectors of 4 MiB and more that [Make] has made in
// this process, in this order, named as in package runtime/metrics. All are read at one
// moment, when the loop begins.
//
//	/halos/vectors/held:bytes        in the Go heap, in use or not, with alignment and
//	                                 rounding, until the garbage collector reports it free
//	/halos/vectors/idle:bytes        of held, what is recycled and waits for reuse
//	/halos/vectors/made:vectors      made so far
//	/halos/vectors/recycled:vectors  recycled so far
//	/halos/vectors/reused:vectors    of made, those in recycled memory
//
// Always reused <= recycled <= made and idle <= held. A server at work makes few
// that are not reused.
func Metrics() iter.Seq2[string, uint64] { return vectors.metrics }

var vectors = newMemory()

// memory knows all large vectors. It holds them weakly, so that those that are
// neither in use nor recycled are freed like other garbage.
//
// A sync.Pool would keep a vector for each processor, which the others do not find, and a
// vector is as large as a model. It also cannot say what it holds.
type memory struct {
	mu       sync.Mutex
	slabs    map[uintptr]*slab // by address
	idle     []*slab           // recycled, the last one last
	watching bool              // collected will be called after the next garbage collection
	grown    atomic.Uint32     // calls of grow
	fresh    uint64            // vectors made in new memory
	reused   uint64            // and in recycled memory
	recycled uint64
	held     int // elements
}

// A slab is the memory of one vector at a time.
type slab struct {
	first  weak.Pointer[float32]
	addr   uintptr
	room   int      // elements, a class
	length int      // of its vector, the last one if it is idle
	idle   bool     // in memory.idle
	keep   *float32 // first, while the garbage collector must not free it
}

func newMemory() *memory { return &memory{slabs: make(map[uintptr]*slab)} }

func (m *memory) make(n int) []float32 {
	if v := m.reuse(n); v != nil {
		t := newTeam()
		t.x = v
		t.run(n, (*team).clear)
		t.release()
		return v
	}
	return m.grow(n)
}

// reuse takes the slab that was recycled last: more of it is still in the caches.
func (m *memory) reuse(n int) []float32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range slices.Backward(m.idle) {
		if s.room != class(n) {
			continue
		}
		first := s.first.Value()
		if first == nil {
			continue // the collector has freed it, and has not called freed yet
		}
		m.idle = slices.Delete(m.idle, i, i+1)
		s.length, s.idle, s.keep = n, false, nil
		m.reused++
		return unsafe.Slice(first, n)
	}
	return nil
}

// grow makes a vector in new memory. If that is new to the process too, make has not
// touched it, and the system provides each page at the first write to it. It provides
// huge pages if it is asked for them before.
func (m *memory) grow(n int) []float32 {
	room := class(n)
	all := make([]float32, room+slack)
	begin := int(-address(all) % (4 * huge) / 4)
	hugePages(all[begin : begin+room])
	at := int(m.grown.Add(1)%spreads) * spread
	touch(all[begin : begin+at+n])
	v := all[begin+at:][:n:n]
	m.add(&slab{first: weak.Make(&v[0]), addr: address(v), room: room, length: n}, all)
	return v
}

func (m *memory) add(s *slab, all []float32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slabs[s.addr] = s
	m.fresh++
	m.held += len(all)
	runtime.AddCleanup(&all[0], m.freed, s)
}

// recycle checks what v is. The slab at the address of v is that of v only if it is
// alive: the address may belong to another slice by now.
func (m *memory) recycle(v []float32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, first := m.slabs[address(v)], unsafe.SliceData(v)
	if s == nil || s.first.Value() != first || s.length != len(v) {
		return
	}
	if s.idle {
		panic("kernels: vector recycled twice")
	}
	s.idle, s.keep = true, first
	m.idle = append(m.idle, s)
	m.recycled++
	if !m.watching {
		m.watching = true
		runtime.AddCleanup(new(slab), (*memory).collected, m)
	}
}

// collected is called after a garbage collection. The next one may free what is idle
// now; until then it can still be reused.
func (m *memory) collected() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watching = false
	for _, s := range m.idle {
		s.keep = nil
	}
}

// freed is called when the garbage collector has freed s.
func (m *memory) freed(s *slab) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held -= s.room + slack
	if s.idle {
		m.idle = slices.DeleteFunc(m.idle, func(x *slab) bool { return x == s })
	}
	if m.slabs[s.addr] == s { // and not a new one there
		delete(m.slabs, s.addr)
	}
}

func (m *memory) metrics(yield func(string, uint64) bool) {
	m.mu.Lock()
	held, idle := m.held, 0
	for _, s := range m.idle {
		idle += s.room + slack
	}
	fresh, reused, recycled := m.fresh, m.reused, m.recycled
	m.mu.Unlock()
	_ = yield("/halos/vectors/held:bytes", 4*uint64(held)) &&
		yield("/halos/vectors/idle:bytes", 4*uint64(idle)) &&
		yield("/halos/vectors/made:vectors", fresh+reused) &&
		yield("/halos/vectors/recycled:vectors", recycled) &&
		yield("/halos/vectors/reused:vectors", reused)
}

// class rounds n, at least large, up to whole huge pages and to four significant bits:
// vectors of nearly the same length share memory.
func class(n int) int {
	step := max(huge, 1<<bits.Len(uint(n-1))>>4)
	return (n + step - 1) &^ (step - 1) // negative if n is too large, and so for make
}

// touch writes to every page of v, which begins with a huge page. All of a huge page is
// for one goroutine: if several wrote to it first, the system would clear it for each.
func touch(v []float32) {
	const pieces = huge / grain
	Split((len(v)+pieces-1)/pieces, func(lo, hi int) {
		for i := lo * pieces; i < min(hi*pieces, len(v)); i += page {
			v[i] = 0
		}
	})
}

func (t *team) clear(lo, hi int) { clear(t.x[lo:hi]) }

func address(v []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(v))) }
