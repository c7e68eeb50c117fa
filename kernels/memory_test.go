package kernels

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"unsafe"
)

func zero(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return x != 0 })
}

func fill(v []float32, x float32) {
	for i := range v {
		v[i] = x
	}
}

// collectorOff lets no garbage collection run until the test ends, except those
// that it asks for.
func collectorOff(t *testing.T) {
	old := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(old) })
}

// collect collects garbage until done. Cleanups run when they like.
func collect(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 10000 {
		runtime.GC()
		if done() {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("after many collections: not %s", what)
}

func (m *memory) counters() (held, idle, made, recycled, reused uint64) {
	c := map[string]uint64{}
	m.metrics(func(name string, n uint64) bool { c[name] = n; return true })
	return c["/halos/vectors/held:bytes"], c["/halos/vectors/idle:bytes"], c["/halos/vectors/made:vectors"],
		c["/halos/vectors/recycled:vectors"], c["/halos/vectors/reused:vectors"]
}

func TestMake(t *testing.T) {
	for _, n := range []int{0, 1, 1000, large - 1, large, large + 1, large + huge - 1, 3*huge + 777} {
		v := Make(n)
		if len(v) != n || cap(v) != n && n >= large || !zero(v) {
			t.Errorf("Make(%d) has length %d, capacity %d, zeros: %t", n, len(v), cap(v), zero(v))
		}
		if n >= large && (address(v)%64 != 0 || address(v)%(4*huge) >= 4*spreads*spread) {
			t.Errorf("Make(%d) begins at %#x", n, address(v))
		}
	}
}

// Vectors made one after the other, as those of an optimizer are, differ in where
// they begin in a page, by whole lines of the cache.
func TestSpread(t *testing.T) {
	m, seen := newMemory(), map[uintptr]bool{}
	for range spreads {
		seen[address(m.make(large))/64%64] = true
	}
	if len(seen) != spreads {
		t.Errorf("%d vectors begin at %d lines of a page", spreads, len(seen))
	}
}

// Every length that make refuses is refused by make, in its words.
func TestMakePanics(t *testing.T) {
	const most = 1<<(bits.UintSize-1) - 1
	for _, n := range []int{-1, -most - 1, most, most - huge, most/2 + 2, most / 2} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != "runtime error: makeslice: len out of range" {
					t.Errorf("Make(%d): %s", n, got)
				}
			}()
			Make(n)
		}()
	}
}

func TestClass(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lengths := []int{large, large + 1, 3 * huge, 8*large - 1, 8 * large, 8*large + 1, 70e6, 1 << 28, 1<<28 + 1}
	for range 1000 {
		lengths = append(lengths, large+int(r.Uint32()>>2>>r.IntN(10)))
	}
	for _, n := range lengths {
		room := class(n)
		if room < n || room%huge != 0 || room-n >= max(huge, n/8) && room != n {
			t.Errorf("%d elements get room for %d", n, room)
		}
		if class(room) != room {
			t.Errorf("%d elements get room for %d, these for %d", n, room, class(room))
		}
	}
}

// What is recycled comes back, the last first, to a vector of any length of its
// class; and clean.
func TestReuse(t *testing.T) {
	collectorOff(t)
	m := newMemory()
	a, b, other := m.make(large+5), m.make(large+6), m.make(2*large)
	first, second := &a[0], &b[0]
	for _, v := range [][]float32{a, b, other} {
		fill(v, 7)
	}
	m.recycle(other)
	m.recycle(a)
	m.recycle(b)
	c, d := m.make(large+huge), m.make(large+1)
	if &c[0] != second || &d[0] != first {
		t.Error("other memory than that recycled")
	}
	if len(c) != large+huge || cap(c) != len(c) || len(d) != large+1 || cap(d) != len(d) || !zero(c) || !zero(d) {
		t.Error("wrong length, or dirty")
	}
	m.recycle(d)
	if e := m.make(large + 1); &e[0] != first {
		t.Error("not reused a second time")
	}
}

func TestRecycleStrangers(t *testing.T) {
	collectorOff(t)
	m := newMemory()
	v, elsewhere := m.make(2*large), newMemory().make(2*large)
	for name, s := range map[string][]float32{
		"nil":           nil,
		"made by make":  make([]float32, 2*large),
		"of another":    elsewhere,
		"a head":        v[:large],
		"a head, short": v[:large:large],
		"a tail":        v[huge:],
		"an odd tail":   v[1:],
		"an empty end":  v[len(v):],
	} {
		m.recycle(s)
		if _, idle, _, recycled, _ := m.counters(); idle != 0 || recycled != 0 {
			t.Errorf("%s: taken", name)
		}
	}
	Recycle(nil)
	Recycle(make([]float32, 3))
	Recycle(make([]float32, large))
	m.recycle(v[:5][:len(v)]) // all of it after all
	if _, _, _, recycled, _ := m.counters(); recycled != 1 {
		t.Error("the vector itself: not taken")
	}
}

// The address of a vector that was freed proves nothing, even if nobody has heard
// yet that it is gone.
func TestRecycleAtAnOldAddress(t *testing.T) {
	collectorOff(t)
	m := newMemory()
	v := make([]float32, large)
	m.slabs[address(v)] = &slab{addr: address(v), room: large, length: large}
	m.recycle(v)
	if len(m.idle) != 0 {
		t.Error("a stranger was taken")
	}
	s := &slab{addr: address(v), room: large}
	m.freed(s)
	if m.slabs[address(v)] == nil {
		t.Error("the end of an old vector made a new one unknown")
	}
	runtime.KeepAlive(v)
}

func TestRecycleTwice(t *testing.T) {
	collectorOff(t)
	v := Make(large)
	Recycle(v)
	defer func() {
		if got := recover(); got != "kernels: vector recycled twice" {
			t.Errorf("recovered %v", got)
		}
		if w := Make(large); &w[0] != &v[0] {
			t.Error("the panic broke the pool")
		}
	}()
	Recycle(v)
}

// Memory goes to the garbage collector whether recycled or not: what is idle not
// with the first collection, but then.
func TestFreed(t *testing.T) {
	collectorOff(t)
	m := newMemory()
	m.recycle(m.make(large))
	m.make(2 * large)
	const one, two = 4 * (large + slack), 4 * (2*large + slack)
	if held, idle, _, _, _ := m.counters(); held != one+two || idle != one {
		t.Fatalf("%d bytes held, %d of them idle, want %d, %d", held, idle, one+two, one)
	}
	runtime.GC()
	m.recycle(m.make(large))
	if _, _, _, _, reused := m.counters(); reused != 1 {
		t.Error("lost in the first collection")
	}
	collect(t, "all free", func() bool {
		held, idle, _, _, _ := m.counters()
		return held == 0 && idle == 0
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.slabs) != 0 || len(m.idle) != 0 || m.watching {
		t.Errorf("%d slabs known, %d idle, watching: %t", len(m.slabs), len(m.idle), m.watching)
	}
}

// After the first collection nothing but a weak pointer holds what is idle. It can
// be reused still, and is then held by its owner alone.
func TestReuseBetweenCollections(t *testing.T) {
	collectorOff(t)
	m := newMemory()
	v := m.make(large)
	m.recycle(v)
	m.collected()
	w := m.make(large)
	if &v[0] != &w[0] {
		t.Fatal("not reused")
	}
	fill(w, 3)
	for range 3 {
		runtime.GC()
	}
	if slices.ContainsFunc(w, func(x float32) bool { return x != 3 }) {
		t.Error("in use and changed")
	}
	m.recycle(w)
	if _, idle, _, _, _ := m.counters(); idle == 0 {
		t.Error("not taken back")
	}
}

// Goroutines make vectors, sign every page of them, look whether the signature is
// still theirs, and recycle or forget, while the garbage is collected.
func TestMemoryShared(t *testing.T) {
	m := newMemory()
	const owners, rounds = 6, 30
	var wg sync.WaitGroup
	forgotten := make([]uint64, owners)
	for owner := range owners {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(owner), 3))
			for round := range rounds {
				v := m.make(large + r.IntN(2*huge))
				name := float32(owner*rounds + round + 1)
				for i := 0; i < len(v); i += page {
					if v[i] != 0 {
						t.Errorf("made with %v at %d", v[i], i)
						return
					}
					v[i] = name
				}
				runtime.Gosched()
				for i := 0; i < len(v); i += page {
					if v[i] != name {
						t.Errorf("%v belongs to %v too", name, v[i])
						return
					}
				}
				switch r.IntN(6) {
				case 0:
					forgotten[owner]++
				case 1:
					runtime.GC()
					fallthrough
				default:
					m.recycle(v)
				}
			}
		})
	}
	wg.Wait()
	lost := uint64(0)
	for _, n := range forgotten {
		lost += n
	}
	held, idle, made, recycled, reused := m.counters()
	if made != owners*rounds || recycled != made-lost || reused > recycled || idle > held {
		t.Errorf("%d made, %d recycled, %d reused, %d of %d bytes idle; %d forgotten", made, recycled, reused, idle, held, lost)
	}
	collect(t, "all free", func() bool { held, idle, _, _, _ := m.counters(); return held == 0 && idle == 0 })
}

func TestMetrics(t *testing.T) {
	want := []string{
		"/halos/vectors/held:bytes", "/halos/vectors/idle:bytes", "/halos/vectors/made:vectors",
		"/halos/vectors/recycled:vectors", "/halos/vectors/reused:vectors",
	}
	before := map[string]uint64{}
	var names []string
	for name, n := range Metrics() {
		names = append(names, name)
		before[name] = n
	}
	if !slices.Equal(names, want) {
		t.Fatalf("names %q", names)
	}
	Make(large - 1) // not counted
	v := Make(large)
	for name, n := range Metrics() {
		if name == "/halos/vectors/made:vectors" {
			if n != before[name]+1 {
				t.Errorf("%d made, after %d", n, before[name])
			}
			break
		}
	}
	runtime.KeepAlive(v)
}

func TestMemoryAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	collectorOff(t)
	defer Limit(Limit(3)) // as AllocsPerRun leaves one processor
	Recycle(Make(large))
	if n := testing.AllocsPerRun(20, func() { Recycle(Make(large)) }); n != 0 {
		t.Errorf("Make and Recycle: %v allocations", n)
	}
}

var sink []float32

// One model of Pythia-70M. New memory is new to the process in the first round only:
// go test -run xxx -bench Make -benchtime 1x.
func BenchmarkMake(b *testing.B) {
	const n = 70e6
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(4 * n)
			for b.Loop() {
				f()
			}
		})
	}
	run("make", func() {
		sink = make([]float32, n)
		for i := 0; i < n; i += page {
			sink[i] = 0
		}
	})
	run("Make", func() { sink = newMemory().make(n) })
	m := newMemory()
	m.recycle(m.make(n))
	run("again", func() {
		v := m.make(n)
		m.recycle(v)
	})
	runtime.KeepAlive(unsafe.SliceData(sink))
}

// What it costs if the vectors of a loop all begin with a page: 4 MiB each, which
// are in the cache, on one goroutine.
func BenchmarkSpread(b *testing.B) {
	defer Limit(Limit(1))
	var aligned, apart [3][]float32
	for i := range aligned {
		apart[i] = Make(large)
		begin := Make(2 * large)
		aligned[i] = begin[-address(begin)%(4*huge)/4:][:large]
	}
	for _, c := range []struct {
		name string
		v    [3][]float32
	}{{"aligned", aligned}, {"spread", apart}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(20 * large)
			for b.Loop() {
				DelayedPlain(c.v[0], c.v[1], c.v[2], 0.1, 16)
			}
		})
	}
}
