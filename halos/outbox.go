package halos

// An outbox holds what waits to be sent, at most one frame per peer: a node
// never has two unanswered messages at one peer, so a later frame replaces an
// unsent earlier one. One goroutine fills the boxes; each is emptied by a
// goroutine of its own, which gives the frame back to free when it is sent.
type outbox struct {
	boxes map[string]chan []byte
	free  chan []byte // frames for reuse, of any peer
}

// spareFrames is how many unused frames are kept. More only cost memory: a
// frame is as large as the model, and the loop makes one at a time.
const spareFrames = 2

func newOutbox() outbox {
	return outbox{boxes: make(map[string]chan []byte), free: make(chan []byte, spareFrames)}
}

// box returns the box for peer to and, if nobody empties it yet, calls empty with it.
func (o outbox) box(to string, empty func(box <-chan []byte)) chan []byte {
	box := o.boxes[to]
	if box == nil {
		box = make(chan []byte, 1)
		o.boxes[to] = box
		empty(box)
	}
	return box
}

// take returns the memory for a frame, a spare if there is one. It may be called by any
// goroutine.
func (o outbox) take() []byte {
	select {
	case frame := <-o.free:
		return frame[:0]
	default:
		return nil
	}
}

// withdraw takes back an unsent frame.
func (o outbox) withdraw(box chan []byte) {
	select {
	case frame := <-box:
		o.give(frame)
	default:
	}
}

// put places frame in box in place of an unsent one.
func (o outbox) put(box chan []byte, frame []byte) {
	o.withdraw(box)
	box <- frame // empty, and only this goroutine fills it
}

// give takes back the memory of a frame. It may be called by any goroutine.
func (o outbox) give(frame []byte) {
	select {
	case o.free <- frame:
	default: // enough spares: leave it to the garbage collector
	}
}

// close ends every box; what is left in them can still be taken.
func (o outbox) close() {
	for _, box := range o.boxes {
		close(box)
	}
}
