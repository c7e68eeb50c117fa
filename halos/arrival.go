package halos

import (
	"slices"
)

// An arrival is a frame or a Linked from a peer, from when it is received until the Step
// that took it has been carried out. There is a fixed number of them, so what waits is
// bounded, whatever it is. A message lives in its arrival, and so as long as its frame.
type arrival struct {
	decoder decoder
	peer    string
	frame   []byte
	release func() // of the frame; nil: nothing to give back
	msg     Message
	err     error // the frame is malformed
}

// receive decodes what comes and passes it to the loop.
func (d *driver) receive() {
	for {
		var a *arrival
		select {
		case a = <-d.free:
		case <-d.ctx.Done():
			return
		}
		e, err := d.Transport.Recv(d.ctx)
		if err != nil {
			d.fail(err)
			return
		}
		*a = arrival{decoder: a.decoder, peer: e.Peer, frame: e.Frame, release: e.Release}
		switch {
		case e.Linked:
			a.msg = &Linked{}
		case len(e.Frame) > 0: // one of no bytes only tried the link
			a.msg, a.err = a.decoder.decode(e.Frame)
		}
		select {
		case d.arrived <- a:
		case <-d.ctx.Done():
			a.end()
			return
		}
	}
}

// gather takes a together with what else waits. A malformed frame never reaches the
// Machine: a peer's mistake must not stop this node.
func (d *driver) gather(a *arrival) {
	for {
		d.reach.heard(a.peer)
		switch {
		case a.err != nil:
			d.out.note(Event{Kind: Refused, Peer: a.peer, Reason: a.err.Error()})
		case a.msg != nil:
			d.inputs = append(d.inputs, Input{From: a.peer, Msg: a.msg})
		}
		if d.taken = append(d.taken, a); len(d.taken) == batch {
			return
		}
		select {
		case a = <-d.arrived:
		default:
			return
		}
	}
}

// giveBack ends the loan of what the Step has taken.
func (d *driver) giveBack() {
	for _, a := range d.taken {
		a.end()
		d.free <- a // has room for all
	}
	clear(d.taken)
	clear(d.inputs)
	d.taken, d.inputs = d.taken[:0], d.inputs[:0]
}

// end gives the frame back.
func (a *arrival) end() {
	poisonArrival(a)
	if a.release != nil {
		a.release()
	}
	*a = arrival{decoder: a.decoder}
}

// keep takes the frame in which v lies out of what the Step has taken, for longer. It
// returns what ends that, or nil if there is no such frame.
func (d *driver) keep(v []float32) func() {
	i := slices.IndexFunc(d.taken, func(a *arrival) bool {
		m, ok := a.msg.(*Model)
		return ok && len(m.Params) > 0 && &m.Params[0] == &v[0]
	})
	if i < 0 {
		return nil
	}
	a := d.taken[i]
	release := a.release
	a.frame, a.release = nil, nil
	return func() {
		if release != nil {
			release()
		}
	}
}
