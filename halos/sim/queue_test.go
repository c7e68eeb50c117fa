package sim

import (
	"slices"
	"testing"

	"github.com/halos-go/sdk/halos"
)

// FuzzQueue compares the queue with a sorted list: a byte below 192 pushes an
// event at that time modulo 16, so that there are many ties, one above 250 drops those
// between two of five nodes, any other pops.
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
			if got := q.pop(); got.at != want.at || got.msg != want.msg {
				t.Fatalf("got event %v at %v, want %v at %v", got.msg, got.at, want.msg, want.at)
			}
		}
		for i, op := range ops {
			from, to := int32(i%3), int32(3+i%2)
			switch {
			case op < 192:
				if i%4 == 0 {
					from, to = to, from
				}
				e := event{at: float64(op % 16), from: from, to: to, msg: &halos.Start{Incarnation: uint64(i)}}
				q.push(e)
				after := slices.IndexFunc(list, func(o event) bool { return o.at > e.at })
				if after < 0 {
					after = len(list)
				}
				list = slices.Insert(list, after, e)
			case op > 250:
				q.drop(from, to, new(pool))
				list = slices.DeleteFunc(list, func(e event) bool {
					return e.from == from && e.to == to || e.from == to && e.to == from
				})
			case len(list) > 0:
				pop()
			}
		}
		for len(list) > 0 {
			pop()
		}
		if e := q.first(); e != nil {
			t.Fatalf("event %v is left", e)
		}
	})
}

// TestQueueLetsGo: what has been popped is not kept from the garbage collector.
func TestQueueLetsGo(t *testing.T) {
	var q queue
	for i := range 20 {
		q.push(event{at: float64(i), to: int32(i % 2), msg: &halos.Quit{}})
	}
	for range 5 {
		q.pop()
	}
	q.drop(0, 1, new(pool))
	for q.first() != nil {
		q.pop()
	}
	for i, e := range q.heap[:20] {
		if e.msg != nil {
			t.Errorf("event %d is still there", i)
		}
	}
}

// TestDropKeepsInputs: a link that breaks loses messages, and nothing that the driver says
// of a peer.
func TestDropKeepsInputs(t *testing.T) {
	var q queue
	gone := &halos.Gone{}
	for _, m := range []halos.Message{&halos.Push{}, gone, &halos.Linked{}} {
		q.push(event{from: 1, to: 2, msg: m})
	}
	q.push(event{from: 1, to: 2, kind: trained})
	q.drop(1, 2, new(pool))
	if q.pop().msg != gone || q.pop().kind != trained || q.first() != nil {
		t.Error("want the Gone and the trained round to be left")
	}
}
