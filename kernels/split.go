package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/halos-go/sdk/kernels/backend"
)

// grain is the number of elements that a goroutine takes at a time; when it is done with
// them it takes the next. With one equal share for each, all would wait for a core that
// is busy with something else. It is a multiple of block.
const grain = 1 << 16

var limit atomic.Int64

// Limit sets the number of goroutines that one call may use, and returns the number
// before. 0 means GOMAXPROCS, and is the limit at first. No result depends on it: it is
// for programs that need the other cores for something else. It may be called from any
// goroutine at any time, and holds for calls that begin later.
func Limit(n int) (old int) {
	return int(limit.Swap(int64(max(0, n))))
}

// Split calls do on pieces [lo, hi) that cover 0 to n once, and returns when all
// calls have returned. A piece begins at a multiple of 65,536 and ends at the next
// or at n. Up to 65,536 that is one call, from the caller's goroutine; a larger n is
// shared with other goroutines, which end before Split returns, and the calls come
// in any order, several at a time.
//
// If a call panics, or ends its goroutine by runtime.Goexit, no further piece is
// begun. When the calls under way have returned, Split does the same on the caller's
// goroutine: it panics with the same value, or ends the goroutine.
//
// All functions of this package use several cores in this way. When do calls one of them
// on its piece, that runs on the goroutine of do alone.
func Split(n int, do func(lo, hi int)) {
	if n <= grain {
		if n > 0 {
			do(0, n)
		}
		return
	}
	t := newTeam()
	t.do = do
	t.run(n, (*team).piece)
	t.release()
}

// threads is the number of goroutines for n elements.
func threads(n int) int {
	if n <= grain {
		return 1
	}
	most := int(limit.Load())
	if most == 0 {
		most = runtime.GOMAXPROCS(0)
	}
	return min(most, pieces(n))
}

// pieces is the number of pieces of n elements, at least 1.
func pieces(n int) int { return (n-1)/grain + 1 }

// A team is one call that is shared among goroutines. It holds the operands of the call,
// as a closure would be an allocation. Teams are kept for reuse.
type team struct {
	part func(t *team, lo, hi int)
	n    int
	next atomic.Int64 // the piece that the next free goroutine takes
	wg   sync.WaitGroup
	help func() // what a helper does, as a value made once

	mu     sync.Mutex
	broken bool // a call on a helper has not returned
	cause  any  // the value of its panic, nil if it has called runtime.Goexit

	do       func(lo, hi int)
	op       backend.Op
	args     args
	vectors  [][]float32
	x, y     []float32
	sums     []float64 // of the blocks of x and y
	infinite atomic.Bool
}

var teams = sync.Pool{New: func() any {
	t := new(team)
	t.help = func() {
		defer t.wg.Done()
		t.assist()
	}
	return t
}}

func newTeam() *team { return teams.Get().(*team) }

// run calls part on pieces that cover 0 to n, n at least 1, from several goroutines. A
// vector is cut into pieces for a single goroutine too: the scheduler cannot stop a
// goroutine within assembly, and all others wait for it when the garbage collector
// stops the world.
func (t *team) run(n int, part func(t *team, lo, hi int)) {
	t.part, t.n = part, n
	t.next.Store(0)
	helpers := threads(n) - 1
	t.wg.Add(helpers)
	for range helpers {
		go t.help()
	}
	t.join()
	if !t.broken {
		return
	}
	if t.cause == nil {
		runtime.Goexit()
	}
	panic(t.cause)
}

// join does pieces and waits for the helpers, also when a piece panics.
func (t *team) join() {
	defer t.wg.Wait()
	defer t.stop()
	t.work()
}

// release gives the team back, without the caller's memory. A broken team is not
// given back.
func (t *team) release() {
	clear(t.vectors)
	t.do, t.args, t.x, t.y = nil, args{}, nil, nil
	teams.Put(t)
}

// work does pieces until there are no more.
func (t *team) work() {
	for last := int64(pieces(t.n)); ; {
		i := t.next.Add(1) - 1
		if i >= last {
			return
		}
		lo := int(i) * grain
		t.part(t, lo, lo+min(grain, t.n-lo))
	}
}

// stop leaves no piece to take.
func (t *team) stop() { t.next.Store(int64(pieces(t.n))) }

// assist is work on a helper. It keeps what a piece has panicked with for the caller.
func (t *team) assist() {
	returned := false
	defer func() {
		if returned {
			return
		}
		t.stop()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.broken, t.cause = true, recover()
	}()
	t.work()
	returned = true
}

func (t *team) piece(lo, hi int) { t.do(lo, hi) }

func (t *team) loop(lo, hi int) {
	a := t.args
	for i := range shapes[t.op].vectors {
		a.v[i] = a.v[i][lo:hi]
	}
	run(t.op, &a)
}
