package halos

import (
	"iter"
	"time"
)

// A Machine is one node of the hierarchy as a pure state machine. It starts no
// goroutine, reads no clock, draws no random number and does no I/O: a driver,
// [Run] or package sim, feeds it inputs and carries out what it asks for.
//
// The loan rule is the same in both directions. The message of an Input and its
// slices are lent to Step until it returns. The messages in an Output and their
// slices are lent to the driver until the next Step. Neither side changes what it has
// on loan. Whoever needs it longer copies it, with kernels.Copy, as the slices in the
// Output of a server are in its Backend. An Output may refer to the slices of its
// Input (a Task to the Model's), so a driver gives an Input back only after it has
// carried out the Output. Two loans are longer: [Trained].Update and [Output].Memory.
//
// No message of an Output goes to two peers. Several may share one Params, which does
// not change.
type Machine interface {
	// ID returns the node's name: 1 to 255 bytes, unique in the run.
	ID() string
	// Step takes the inputs that have waited together, in the order of their arrival,
	// and appends what must be done to out. A server applies the updates among them in
	// one pass through its memory: its model has the bits that it would have if they had
	// come one by one, and each answer carries the newest model.
	Step(in []Input, out *Output)
	// Peers yields the nodes that it counts on: its parent, if it has one, and its
	// children, in any order. It is called between two Steps.
	Peers() iter.Seq[string]
}

// An Input is one thing that happened to a node.
type Input struct {
	Now  time.Duration // since the driver started; for statistics only
	From string        // the peer; empty for the driver itself
	Msg  Message
}

// An Output is what a Machine wants done, and what it has to tell.
type Output struct {
	Send   []Envelope
	Train  *Task   // workers only: start these local steps
	Events []Event // what happened, for observers
	Done   bool    // the node has finished; no Step follows
	Err    error   // why, if it finished because it could not go on

	// Memory, if not nil, gives a vector of n elements in ordinary memory for the Delta
	// of a Push. It belongs to the driver, and it does not change until the Machine has
	// an answer to that Push and asks for another vector. nil: the Machine uses memory
	// of its own, which is lent like everything else.
	Memory func(n int) []float32
}

// Reset empties out for reuse.
func (o *Output) Reset() {
	o.Send, o.Events = o.Send[:0], o.Events[:0]
	o.Train, o.Done, o.Err = nil, false, nil
}

func (o *Output) send(to string, m Message) { o.Send = append(o.Send, Envelope{to, m}) }
func (o *Output) note(e Event)              { o.Events = append(o.Events, e) }

// fail ends the node with an error.
func (o *Output) fail(err error) { o.Done, o.Err = true, err }

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

	losses *losses // of [Task.Report]
}

// A Claim is a range of samples that belongs to one round of one worker, or,
// from a parent to an LPS, a lease of samples to claim from.
type Claim struct {
	First  uint64 // the first sample
	Count  uint64 // how many
	LRStep uint64 // learning-rate steps done before it: local step h (from 0) is step LRStep+h+1 of the schedule
}
