package gpu

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/halos-go/sdk/kernels"
)

// counting is n numbers from first on.
func counting(n int, first float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = first + float32(i)
	}
	return v
}

// One that several receivers ask for is copied once, until the vector changes.
func TestSnapshotsShare(t *testing.T) {
	e, f := open(t, OnePass, 0)
	v := made(t, e, 5000)
	kernels.Copy(v, counting(5000, 1))
	a, b, c := e.Snapshot(v), e.Snapshot(v), e.Snapshot(v)
	if f.within != 1 {
		t.Errorf("%d copies of a vector that did not change, want 1", f.within)
	}
	a.Release()
	kernels.Scale(v, 0)
	d := e.Snapshot(v)
	if f.within != 2 {
		t.Errorf("%d copies of two states, want 2", f.within)
	}
	for _, s := range []kernels.Snapshot{c, b} {
		got := make([]float32, 5000)
		if err := s.Read(got); err != nil {
			t.Fatal(err)
		}
		equal(t, "shared", got, counting(5000, 1))
		s.Release()
	}
	got := counting(5000, 1)
	if err := d.Read(got); err != nil {
		t.Fatal(err)
	}
	equal(t, "the second", got, make([]float32, 5000))
	d.Release()
	// What is released is shared no more.
	w := made(t, e, 5000)
	x, y := e.Snapshot(w), e.Snapshot(v)
	if f.within != 4 {
		t.Errorf("%d copies, want 4", f.within)
	}
	x.Release()
	y.Release()
}

// All that may change a vector ends the sharing.
func TestSnapshotsAfterChanges(t *testing.T) {
	e, f := open(t, OnePass, 0)
	v, x := made(t, e, 600), made(t, e, 600)
	for name, change := range map[string]func(){
		"a call":             func() { kernels.Scale(v, 2) },
		"a call on a part":   func() { kernels.Scale(v[5:7], 2) },
		"a copy from memory": func() { kernels.Copy(v, counting(600, 3)) },
		"a residual":         func() { kernels.EncodeDelta(make([]byte, 1200), kernels.BFloat16, x, x, v) },
	} {
		first := e.Snapshot(v)
		before := f.within
		change()
		second := e.Snapshot(v)
		if f.within != before+1 {
			t.Errorf("after %s there is no new copy", name)
		}
		first.Release()
		second.Release()
	}
	// Reading does not.
	first := e.Snapshot(v)
	before := f.within
	kernels.Dot(v, v)
	kernels.SGD(x, v, 1)
	e.Snapshot(v).Release()
	if f.within != before {
		t.Error("a vector that was read is copied again")
	}
	part := e.Snapshot(v[4:])
	if f.within != before+1 {
		t.Error("a part is taken for all of it")
	}
	first.Release()
	part.Release()
}

// The third waits until one is released.
func TestThirdSnapshotWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _ := open(t, OnePass, 0)
		var snaps []kernels.Snapshot
		for range mostSnapshots {
			snaps = append(snaps, e.Snapshot(made(t, e, 10)))
		}
		v := made(t, e, 10)
		third := make(chan kernels.Snapshot)
		go func() { third <- e.Snapshot(v) }()
		synctest.Wait()
		select {
		case <-third:
			t.Error("there is a third snapshot")
		default:
		}
		snaps[0].Release()
		last := <-third
		if err := last.Read(counting(10, 1)); err != nil {
			t.Error(err)
		}
		last.Release()
		snaps[1].Release()
	})
}

// Models go out beside the updates that come in.
func TestReadBesideRun(t *testing.T) {
	for seed := range uint64(3) {
		e, _ := open(t, OnePass, seed)
		const n = 9001
		p, q := made(t, e, n), made(t, e, n)
		var wg sync.WaitGroup
		for round := range 10 {
			kernels.Copy(p, counting(n, float32(round)))
			snap := e.Snapshot(p)
			wg.Go(func() {
				got := make([]float32, n)
				if err := snap.Read(got); err != nil {
					t.Error(err)
				}
				snap.Release()
				equal(t, "snapshot", got, counting(n, float32(round)))
			})
			wg.Go(func() {
				kernels.Copy(q, counting(n, 0))
				kernels.Scale(q, 0.5)
			})
			for range 5 {
				kernels.SGD(p, counting(n, 1), 0.5)
			}
			kernels.Encode(make([]byte, 2*n), kernels.BFloat16, p)
			wg.Wait()
		}
	}
}

func TestSnapshotWithoutRoom(t *testing.T) {
	e, f := open(t, OnePass, 0)
	v := made(t, e, 1000)
	f.room = 0
	for range 2 * mostSnapshots {
		s := e.Snapshot(v)
		if err := s.Read(make([]float32, 1000)); !errors.Is(err, ErrNoRoom) {
			t.Errorf("%v, want %v", err, ErrNoRoom)
		}
		s.Release()
	}
	if e.Err() != nil {
		t.Error(e.Err())
	}
}

// Calls that bring nothing to ordinary memory leave the stream alone on which
// snapshots are read.
func TestReadDoesNotWaitForCalls(t *testing.T) {
	e, f := open(t, OnePass, 0)
	const n = 9001
	p := made(t, e, n)
	snap := e.Snapshot(p)
	defer snap.Release()
	for range 3 {
		kernels.SGD(p, counting(n, 1), 0.5)
	}
	for _, s := range f.streams {
		if s.id == e.out && len(s.work) > 0 {
			t.Errorf("%d pieces of work before the first Read", len(s.work))
		}
	}
	got := counting(n, 1)
	if err := snap.Read(got); err != nil {
		t.Error(err)
	}
	equal(t, "snapshot", got, make([]float32, n))
}
