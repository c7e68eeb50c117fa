package halos

import (
	"fmt"
	"hash/crc64"

	"github.com/halos-go/sdk/kernels"
)

// An uplink is a child's half of the protocol with its parent: one request at a
// time, repeated when the link was broken, until the parent answers it.
type uplink struct {
	parent  string
	inc     uint64
	seq     uint64    // of the last request
	waiting bool      // for its answer
	pushing bool      // it is a Push
	unsure  bool      // delta has been pushed, and the parent did not know us
	joined  bool      // the parent has answered once
	over    bool      // the parent has said Stop
	global  uint64    // version of the parent's model seen last
	delta   []float32 // of the last push; of an LPS only while it may be sent again

	// Requests, here because they are on loan until the next Step.
	pull  Pull
	push  Push
	leave Leave
}

func newUplink(parent string, hello Hello) uplink {
	return uplink{parent: parent, pull: Pull{Hello: hello}}
}

func (u *uplink) start(incarnation uint64) { u.inc = incarnation }

func (u *uplink) next() Receipt {
	u.seq++
	u.waiting = true
	return Receipt{Incarnation: u.inc, Seq: u.seq}
}

// askPull sends a Pull.
func (u *uplink) askPull(samples uint64, out *Output) {
	u.pushing = false
	u.pull.Receipt, u.pull.Samples = u.next(), samples
	out.send(u.parent, &u.pull)
}

// askPush sends what is in delta.
func (u *uplink) askPush(steps, updates, samples uint64, out *Output) {
	u.push = Push{Base: u.global, Steps: steps, Updates: updates, Samples: samples, Delta: u.delta}
	u.again(samples, out)
}

// again sends the last push as a new request.
func (u *uplink) again(samples uint64, out *Output) {
	u.pushing, u.unsure = true, false
	u.push.Receipt, u.push.Samples = u.next(), samples
	out.send(u.parent, &u.push)
}

// release gives the memory of a large delta back when it need not be sent again, if
// it is ordinary memory. It is for the beginning of a Step, when what the last Output
// lent is lent no more.
func (u *uplink) release() {
	const large = 1 << 20 // parameters; the memory of fewer is not reused
	if len(u.delta) < large || u.unsure || u.waiting && u.pushing || kernels.Where(u.delta) != (kernels.CPU{}) {
		return
	}
	kernels.Recycle(u.delta)
	u.delta, u.push.Delta = nil, nil
}

// repeat sends the request that waits for an answer once more.
func (u *uplink) repeat(out *Output) {
	switch {
	case !u.waiting:
	case u.pushing:
		out.send(u.parent, &u.push)
	default:
		out.send(u.parent, &u.pull)
	}
}

// answers reports whether r is the request that waits for an answer.
func (u *uplink) answers(r Receipt) bool {
	return u.waiting && r == Receipt{Incarnation: u.inc, Seq: u.seq}
}

// answered notes the answer to the request that waited.
func (u *uplink) answered(version uint64) {
	u.waiting, u.pushing, u.global, u.pull.Have = false, false, version, 0
}

// refused does what the code of a refusal asks of a child.
func (u *uplink) refused(m *Refuse, samples uint64, out *Output) {
	switch m.Code {
	case BadHello, Superseded:
		out.Done = true
		out.Err = fmt.Errorf("halos: refused by %s: %s: %s", u.parent, m.Code, m.Reason)
	case Unknown:
		u.unsure = u.unsure || u.pushing
		u.askPull(samples, out)
	default: // BadUpdate: this model is beyond repair, so take the parent's
		u.askPull(samples, out)
	}
}

// depart leaves the parent and ends the node.
func (u *uplink) depart(out *Output) {
	u.leave.Receipt = u.next()
	out.send(u.parent, &u.leave)
	out.Done = true
}

// Fingerprint identifies a model: two nodes that start from the same need not
// send it to each other. It is the CRC-64 (ECMA) of the little-endian bytes, or
// 1 where that is 0.
func Fingerprint(params []float32) uint64 {
	return max(1, crc64.Checksum(kernels.Bytes(params), crcTable))
}

var crcTable = crc64.MakeTable(crc64.ECMA)
