package halos

import "time"

// A Machine is one node of the hierarchy as a pure state machine. It starts no
// goroutine, reads no clock, draws no random number and does no I/O: a driver,
// [Run] or package sim, feeds it inputs, one at a time or as [Several], and carries
// out what it asks for.
//
// The loan rule, the same in both directions: the message of an Input and its
// slices are lent to Step until it returns; the messages in an Output and their
// slices are lent to the driver until the next Step. Neither side changes what
// it has on loan; whoever needs it longer copies it, by kernels.Copy, as the slices in
// the Output of a server are in its Backend. An Output may refer to the slices of its
// Input (a Task to the Model's), so a driver lets go of an Input only after it has
// carried out the Output.
type Machine interface {
	// ID returns the node's name: 1 to 255 bytes, unique in the run.
	ID() string
	// Step takes one input and appends what must be done to out.
	Step(in Input, out *Output)
}

// An Input is one thing that happened to a node.
type Input struct {
	Now  time.Duration // since the driver started; for statistics only
	From string        // the peer; empty for the driver
	Msg  Message
}

// each yields the inputs that in consists of: those of a [Several], or itself.
func (in Input) each(yield func(Input) bool) {
	several, ok := in.Msg.(*Several)
	if !ok {
		yield(in)
		return
	}
	for _, one := range several.Inputs {
		if !yield(one) {
			return
		}
	}
}

// An Output is what a Machine wants done, and what it has to tell.
type Output struct {
	Send   []Envelope
	Train  *Task   // workers only: start these local steps
	Events []Event // what happened, for observers
	Done   bool    // the node has finished; no Step follows
	Err    error   // why, if it finished because it could not go on
}

// Reset empties out for reuse.
func (o *Output) Reset() {
	clear(o.Send)
	clear(o.Events)
	*o = Output{Send: o.Send[:0], Events: o.Events[:0]}
}

func (o *Output) send(to string, m Message) { o.Send = append(o.Send, Envelope{to, m}) }
func (o *Output) note(e Event)              { o.Events = append(o.Events, e) }

// An Envelope is a message and where it goes.
type Envelope struct {
	To  string
	Msg Message
}

// A Task asks a worker for one round of local steps.
type Task struct {
	Params   []float32 // the model to start from; on loan until the worker's next Step
	Round    uint64    // of this worker, from 1
	Steps    uint64    // local steps
	Claim    Claim     // the samples to use, and the learning-rate step
	Gradient bool      // not local steps, but one gradient at Params over the whole Claim
}

// A Claim is a range of samples that belongs to one round of one worker, or,
// from the GPS to an LPS, a lease of samples to claim from.
type Claim struct {
	First  uint64 // the first sample
	Count  uint64 // how many
	LRStep uint64 // learning-rate steps done before it: local step h (from 0) is step LRStep+h+1 of the schedule
}
