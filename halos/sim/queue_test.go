package sim

import (
	"slices"
	"testing"
)

// FuzzQueue compares the queue with a sorted list: a byte below 192 pushes an
// event at that time modulo 16, so that there are many ties, any other pops.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{5, 3, 5, 5, 200, 1, 255, 255, 255, 255})
	long := make([]byte, 4000)
	for i := range long {
		long[i] = byte(uint64(i) * 0x9E3779B97F4A7C15 >> 56)
	}
	f.Add(long)
	f.Fuzz(func(t *testing.T, ops []byte) {
		var q queue
		var list []event // sorted by time, events of one time as they came
		pop := func() {
			want := list[0]
			list = list[1:]
			if got := q.pop(); got.at != want.at || got.to != want.to {
				t.Fatalf("got event %d at %v, want %d at %v", got.to, got.at, want.to, want.at)
			}
		}
		for i, op := range ops {
			switch {
			case op < 192:
				e := event{at: float64(op % 16), to: i}
				q.push(e)
				after := slices.IndexFunc(list, func(o event) bool { return o.at > e.at })
				if after < 0 {
					after = len(list)
				}
				list = slices.Insert(list, after, e)
			case len(list) > 0:
				pop()
			}
		}
		for len(list) > 0 {
			pop()
		}
		if len(q.heap) != 0 {
			t.Fatalf("%d events left", len(q.heap))
		}
	})
}

// TestQueueLetsGo: what has been popped is not kept from the garbage collector.
func TestQueueLetsGo(t *testing.T) {
	var q queue
	for i := range 20 {
		q.push(event{at: float64(i), aux: &i})
	}
	for range 20 {
		q.pop()
	}
	for i, e := range q.heap[:20] {
		if e.aux != nil {
			t.Errorf("event %d is still there", i)
		}
	}
}
