package kernels

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// apart runs f on a goroutine of its own, which f may end. It returns the value of the panic of f,
// and whether f has returned.
func apart(f func()) (cause any, returned bool) {
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { cause = recover() }()
		f()
		returned = true
	})
	wg.Wait()
	return cause, returned
}

// A call that does not return, on the caller's goroutine or on a helper, ends Split the
// same way, after all other calls.
func TestSplitEndsAsItsCalls(t *testing.T) {
	t.Cleanup(func() { Limit(0) })
	for _, most := range []int{1, 4} {
		Limit(most)
		for piece := range 8 {
			for name, end := range map[string]func(){"panic": func() { panic("mine") }, "Goexit": runtime.Goexit} {
				var began, ended atomic.Int64
				cause, returned := apart(func() {
					Split(8*grain, func(lo, _ int) {
						began.Add(1)
						defer ended.Add(1)
						runtime.Gosched()
						if lo == piece*grain {
							end()
						}
					})
				})
				if returned || name == "panic" && cause != "mine" || name == "Goexit" && cause != nil {
					t.Errorf("%s in piece %d of 8, %d goroutines: Split returned: %t, panicked with %v", name, piece, most, returned, cause)
				}
				if began.Load() != ended.Load() {
					t.Errorf("%s in piece %d of 8, %d goroutines: %d calls, of which %d had returned after Split", name, piece, most, began.Load(), ended.Load())
				}
			}
		}
	}
	Limit(3)
	sum := int64(0)
	var total atomic.Int64
	Split(9*grain, func(lo, hi int) { total.Add(int64(hi - lo)) })
	if sum = total.Load(); sum != 9*grain {
		t.Errorf("after that Split covers %d of %d", sum, 9*grain)
	}
}

// The last piece of the largest n begins where it should.
func TestSplitOfTheLargest(t *testing.T) {
	if got := pieces(math.MaxInt); got != math.MaxInt/grain+1 {
		t.Errorf("%d pieces of %d", got, math.MaxInt)
	}
	t.Cleanup(func() { Limit(0) })
	for _, most := range []int{1, 3} {
		Limit(most)
		cause, _ := apart(func() {
			Split(math.MaxInt, func(lo, hi int) {
				if lo < 0 || hi-lo != grain || lo >= 10*grain {
					panic("done")
				}
			})
		})
		if cause != "done" {
			t.Errorf("%d goroutines: %v", most, cause)
		}
		tm := &team{n: math.MaxInt}
		tm.next.Store(int64(pieces(math.MaxInt)) - 1)
		tm.part = func(_ *team, lo, hi int) {
			if hi != math.MaxInt || lo != math.MaxInt/grain*grain {
				t.Errorf("the last piece is from %d to %d", lo, hi)
			}
		}
		tm.work()
	}
}

// While a single goroutine works on a large vector, others get their turn: the vector is
// not one call of assembly, nor a loop of such calls that nothing can interrupt.
func TestOthersGetTheirTurn(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of a gigabyte, as the scheduler looks for long calls every 10 ms")
	}
	t.Cleanup(func() { Limit(0) })
	Limit(1)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	x := make([]float32, 1<<26)
	packed := make([]byte, Int8.Size(len(x)))
	for name, call := range map[string]func(){
		"Scale":  func() { Scale(x, 0.75) },
		"Copy":   func() { Copy(x[:len(x)/2], x[len(x)/2:]) },
		"Mean":   func() { Mean(x, x, x) },
		"Dot":    func() { Dot(x, x) },
		"Finite": func() { Finite(x) },
		"Encode": func() { Encode(packed, Int8, x) },
		"Decode": func() { Decode(x, Int8, packed) },
	} {
		if !interrupted(call) {
			t.Errorf("in 100 calls of %s on %d elements another goroutine that was ready has not run once", name, len(x))
		}
	}
}

// interrupted reports whether another goroutine runs during one of 100 calls of f.
func interrupted(f func()) bool {
	for range 100 {
		var turn atomic.Bool
		go turn.Store(true)
		f()
		if turn.Load() {
			return true
		}
		for !turn.Load() {
			runtime.Gosched()
		}
	}
	return false
}
