package sim

import (
	"math"
	"math/bits"

	"github.com/halos-go/sdk/halos"
)

// An event is one thing that will happen to a node. It is small, as the queue moves them.
type event struct {
	at   float64 // milliseconds
	seq  uint64  // breaks ties in the order of creation; 0: the queue gives the next
	to   int32
	from int32         // by kind
	msg  halos.Message // of deliver; owned by the queue
	kind eventKind
}

type eventKind uint8

const (
	deliver eventKind = iota // step the node with msg; from is the sender, or none: the driver
	trained                  // its training is due; from is the life that began it
	birth                    // step the node with msg, a Start, alone
	call                     // call from of Sim.calls
	cut                      // some link breaks; this and the next two are of Chaos
	death                    // some node dies
	heal                     // the link between from and to is up again
	through                  // the first message on pipe to is through, if its turn is still from
)

const none = -1

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

// precedes is 1 if e is before o, else 0, without a branch: nobody could predict it.
// Times are not negative, so they compare as their bits do.
func (e *event) precedes(o *event) int {
	_, borrow := bits.Sub64(e.seq, o.seq, 0)
	_, borrow = bits.Sub64(math.Float64bits(e.at), math.Float64bits(o.at), borrow)
	return int(borrow)
}

// A queue is a heap of events, earliest first, four children to a node: half
// the depth of a binary heap, and neighbours share cache lines. An event that is
// taken leaves a hole at the top. Most often the next thing is a push, which fills
// the hole: then the heap is put in order once for both.
type queue struct {
	heap []event
	seq  uint64
	hole bool // heap[0] has been taken
}

// number returns seq, or the next one if that is 0.
func (q *queue) number(seq uint64) uint64 {
	if seq == 0 {
		q.seq++
		seq = q.seq
	}
	return seq
}

func (q *queue) push(e event) {
	e.seq = q.number(e.seq)
	if q.hole {
		q.hole = false
		q.sink(0, e)
		return
	}
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&q.heap[up]) {
			break
		}
		q.heap[i] = q.heap[up]
		i = up
	}
	q.heap[i] = e
}

// first returns the earliest event, nil if there is none. It is valid until the
// queue changes.
func (q *queue) first() *event {
	q.settle()
	if len(q.heap) == 0 {
		return nil
	}
	return &q.heap[0]
}

// pop takes the earliest event. There must be one.
func (q *queue) pop() event {
	top := *q.first()
	q.heap[0].msg = nil
	q.hole = true
	return top
}

// settle fills the hole, if there is one, with the last event.
func (q *queue) settle() {
	if !q.hole {
		return
	}
	q.hole = false
	last := len(q.heap) - 1
	e := q.heap[last]
	q.heap[last] = event{}
	q.heap = q.heap[:last]
	if last > 0 {
		q.sink(0, e)
	}
}

// drop removes the messages between two nodes, in both directions. A Gone is no message:
// it is the driver's.
func (q *queue) drop(a, b int32, p *pool) {
	q.settle()
	kept := q.heap[:0]
	for _, e := range q.heap {
		if _, driver := e.msg.(*halos.Gone); e.kind == deliver && !driver && (e.from == a && e.to == b || e.from == b && e.to == a) {
			p.release(e.msg)
			continue
		}
		kept = append(kept, e)
	}
	clear(q.heap[len(kept):])
	q.heap = kept
	for i := (len(kept) - 2) / 4; i >= 0 && len(kept) > 1; i-- {
		q.sink(i, kept[i])
	}
}

// sink puts e into the hole at i, or lower.
func (q *queue) sink(i int, e event) {
	h := q.heap
	for {
		child := 4*i + 1
		if child >= len(h) {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(h)); c++ {
			least += (c - least) * h[c].precedes(&h[least])
		}
		if !h[least].before(&e) {
			break
		}
		h[i] = h[least]
		i = least
	}
	h[i] = e
}
