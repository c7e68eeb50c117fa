package halos

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
)

// A phase is where a child is in the protocol with its parent.
type phase uint8

const (
	joining    phase = iota // a Pull whose answer becomes the child's model; before Start nothing is asked
	idle                    // nothing is asked
	pushing                 // a Push; its answer is merged
	refetching              // a Pull, as the parent did not know the Push before; its answer is merged
	discarding              // a Push whose answer becomes the child's model, as its own has diverged since
	over                    // the parent has said Stop
)

func (p phase) String() string {
	return [...]string{"joining", "idle", "pushing", "refetching", "discarding", "over"}[p]
}

// maxRefusals is how many of its requests or answers in a row a child may refuse or
// have refused before it ends.
const maxRefusals = 10

// An uplink is a child's half of the protocol with its parent: one request at a
// time, repeated when the link was broken, until the parent answers it.
type uplink struct {
	id       string // of the child
	parent   string
	phase    phase
	receipt  Receipt // of the last request
	seen     Point   // newest of the parent
	have     uint64  // fingerprint of the model that the child begins with; 0: none
	refusals int     // since an update was taken
	own      []float32

	// Requests, here because they are on loan until the next Step.
	pull  Pull
	push  Push
	leave Leave
}

func newUplink(id, parent string, hello Hello) uplink {
	return uplink{id: id, parent: parent, pull: Pull{Hello: hello}}
}

func (u *uplink) start(incarnation uint64) { u.receipt = Receipt{Incarnation: incarnation} }

// waits reports whether a request waits for its answer.
func (u *uplink) waits() bool {
	return u.phase != idle && u.phase != over && u.receipt.Seq > 0
}

// joined reports whether the child has a model of this parent's to work with.
func (u *uplink) joined() bool { return u.phase != joining && u.phase != discarding }

// askPull sends a Pull, to be joining or refetching.
func (u *uplink) askPull(p phase, want uint64, out *Output) {
	u.phase = p
	u.receipt.Seq++
	u.pull.Receipt, u.pull.Seen, u.pull.Want, u.pull.Have = u.receipt, u.seen, want, u.have
	out.send(u.parent, &u.pull)
}

// memory returns a vector for the delta of the next Push.
func (u *uplink) memory(n int, out *Output) []float32 {
	if out.Memory != nil {
		return out.Memory(n)
	}
	if u.own == nil {
		u.own = kernels.Make(n)
	}
	return u.own
}

// askPush sends delta.
func (u *uplink) askPush(w Work, want uint64, delta []float32, checked verdict, out *Output) {
	u.phase = pushing
	u.receipt.Seq++
	u.push = Push{Receipt: u.receipt, Seen: u.seen, Work: w, Want: want, Delta: delta, checked: checked}
	out.send(u.parent, &u.push)
}

// repeat sends the request that waits for an answer once more.
func (u *uplink) repeat(out *Output) {
	switch {
	case !u.waits():
	case u.phase == pushing || u.phase == discarding:
		out.send(u.parent, &u.push)
	default:
		out.send(u.parent, &u.pull)
	}
}

// answers reports whether r is that of the request that waits for an answer.
func (u *uplink) answers(r Receipt) bool { return u.waits() && r == u.receipt }

// descends reports whether a model at p descends from what the child has seen. If not
// the node ends.
func (u *uplink) descends(p Point, out *Output) bool {
	switch {
	case u.seen == Point{}:
		return true
	case p.Lineage != u.seen.Lineage:
		out.fail(fmt.Errorf("%w: %s: model of %s is %s: want lineage %x, as it has seen %s: resume %s from a model of that, or start this node again",
			ErrLineage, u.id, u.parent, p, u.seen.Lineage, u.seen, u.parent))
		return false
	case p.before(u.seen):
		out.fail(fmt.Errorf("%w: %s: model of %s is %s: want none older than %s, which it has seen", ErrLineage, u.id, u.parent, p, u.seen))
		return false
	}
	return true
}

// answered notes that the request that waited has been answered. Only an update that was
// taken ends a row of useless ones.
func (u *uplink) answered(p Point) {
	if u.phase == pushing {
		u.refusals = 0
	}
	u.phase, u.seen, u.have = idle, p, 0
}

// refused does what the code of a refusal asks of a child.
func (u *uplink) refused(m *Refuse, want uint64, out *Output) {
	out.note(Event{Kind: Refused, Peer: u.parent, Reason: m.Reason})
	u.lose(m.Reason, out)
	switch m.Code {
	case BadHello:
		out.fail(fmt.Errorf("halos: %s: refused by %s: %s: %s", u.id, u.parent, m.Code, m.Reason))
	case Superseded:
		out.fail(fmt.Errorf("%w: %s: refused by %s: %s", ErrSuperseded, u.id, u.parent, m.Reason))
	case WrongLineage:
		out.fail(fmt.Errorf("%w: %s: refused by %s: %s", ErrLineage, u.id, u.parent, m.Reason))
	case Unknown:
		next := refetching
		if !u.joined() {
			next = joining
		}
		u.askPull(next, want, out)
	default: // BadUpdate: the child's model is not worth keeping
		u.reject(m.Reason, nil, want, out)
	}
}

// lose notes that the update which was pushed is in no model, if one was.
func (u *uplink) lose(reason string, out *Output) {
	if u.phase == pushing || u.phase == discarding {
		out.note(Event{Kind: Lost, Peer: u.parent, Steps: u.push.Steps, Updates: u.push.Updates, Reason: reason})
	}
}

// reject counts a request or an answer that was of no use, and asks for the model
// anew. One too many ends the node, which leaves first; because, if not nil, is then wrapped.
func (u *uplink) reject(reason string, because error, want uint64, out *Output) {
	if u.refusals++; u.refusals < maxRefusals {
		u.askPull(joining, want, out)
		return
	}
	u.phase = over // what was pushed has been refused
	u.depart("", out)
	text := fmt.Sprintf("halos: %s: %d times in a row at %s: %s", u.id, maxRefusals, u.parent, reason)
	if because != nil {
		out.fail(fmt.Errorf("%s: %w", text, because))
		return
	}
	out.fail(fmt.Errorf("%s", text))
}

// unusable refuses an answer for a reason.
func (u *uplink) unusable(reason string, because error, want uint64, out *Output) {
	out.note(Event{Kind: Refused, Peer: u.parent, Reason: reason})
	u.reject(reason, because, want, out)
}

// depart leaves the parent and ends the node.
func (u *uplink) depart(reason string, out *Output) {
	u.lose(reason, out)
	u.receipt.Seq++
	u.leave.Receipt = u.receipt
	out.send(u.parent, &u.leave)
	out.Done = true
}

// missing ends a node that cannot go on without its parent.
func (u *uplink) missing(m *Gone, out *Output) {
	u.lose(m.Reason, out)
	out.fail(fmt.Errorf("%w: %s: %s: %s", ErrUnreachable, u.id, u.parent, m.Reason))
}
