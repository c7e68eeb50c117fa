package kernels

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// grain is the number of elements that a goroutine takes at a time. Pieces are
// handed out as goroutines become free: with one equal share for each, a single
// busy core would hold up all. A multiple of block.
const grain = 1 << 16

var limit atomic.Int64

// Limit sets the number of goroutines that one call may use, and returns the
// number before; 0, as in the beginning, means GOMAXPROCS. The result of no
// function depends on it: it is there for programs that want the other cores for
// something else. It may be called at any time and holds for calls that begin
// later.
func Limit(n int) (old int) {
	return int(limit.Swap(int64(max(0, n))))
}

// Split calls do on pieces [lo, hi) that cover 0 to n once, and returns when all
// calls have returned. A piece begins at a multiple of 65,536 and ends at the next
// or at n. Up to 65,536 that is one call, from the caller's goroutine; a larger n is
// shared with other goroutines, which end before Split returns, and the calls come
// in any order, several at a time.
//
// It is how all functions of this package use several cores. Called by do on a
// piece, they stay on its goroutine.
func Split(n int, do func(lo, hi int)) {
	if threads(n) == 1 {
		for lo := 0; lo < n; lo += grain {
			do(lo, min(lo+grain, n))
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
	return min(most, (n+grain-1)/grain)
}

// A team is one call shared among goroutines. Teams are kept for reuse and hold
// what the call works on themselves, as a closure would be an allocation.
type team struct {
	part func(t *team, lo, hi int)
	n    int
	next atomic.Int64
	wg   sync.WaitGroup
	help func() // work and wg.Done, as a value made once

	do       func(lo, hi int)
	op       Op
	args     args
	vectors  [][]float32
	x, y     []float32
	sums     []float64 // of the blocks of x and y
	infinite atomic.Bool
}

var teams = sync.Pool{New: func() any {
	t := new(team)
	t.help = func() {
		t.work()
		t.wg.Done()
	}
	return t
}}

func newTeam() *team { return teams.Get().(*team) }

// run calls part on pieces that cover 0 to n, from several goroutines.
func (t *team) run(n int, part func(t *team, lo, hi int)) {
	t.part, t.n = part, n
	t.next.Store(0)
	helpers := threads(n) - 1
	t.wg.Add(helpers)
	for range helpers {
		go t.help()
	}
	t.work()
	t.wg.Wait()
}

// release gives the team back, without the caller's memory.
func (t *team) release() {
	clear(t.vectors)
	t.do, t.args, t.x, t.y = nil, args{}, nil, nil
	teams.Put(t)
}

func (t *team) work() {
	for {
		lo := int(t.next.Add(grain)) - grain
		if lo >= t.n {
			return
		}
		t.part(t, lo, min(lo+grain, t.n))
	}
}

func (t *team) piece(lo, hi int) { t.do(lo, hi) }

func (t *team) loop(lo, hi int) {
	a := t.args
	for i := range operands[t.op].all {
		a.v[i] = a.v[i][lo:hi]
	}
	run(t.op, &a)
}
