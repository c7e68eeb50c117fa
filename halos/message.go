package halos

import (
	"github.com/halos-go/sdk/optim"
)

// A Message is one of the pointer types below. Those that cross the network
// are [Pull], [Push], [Model], [Stop], [Leave] and [Refuse], the same between any
// child and its parent: a child asks (Pull, Push, Leave), its parent answers (Model,
// Stop, Refuse).
type Message interface{ message() }

// From the driver.
type (
	// Start is the first input of every node.
	Start struct {
		// Incarnation numbers the lives of a node: a later life has a larger one. It is
		// the life of the node's state, not of its process: see [Point].
		Incarnation uint64
	}
	// Linked says that the link to Input.From is up: what was on it may be lost.
	Linked struct{}
	// Gone says that Input.From will not come back in this life. A server goes on
	// without that child: a round closes, a server that waits to end waits no longer for
	// it. Without its parent a worker ends, and so does an LPS that waits for its model to
	// begin with.
	Gone struct {
		Reason string // for the event and the error
	}
	// Resend says that the answer to Input.From found no room and was not sent. There is
	// room now: the server answers again, with the model as it is now.
	Resend struct{}
	// Trained is the answer to a [Task]. Update is lent until the worker asks to train
	// again or is done, so that a worker can push and repeat it without a copy.
	Trained struct {
		Update []float32 // the pseudo-gradient, start less end
		Loss   float64   // mean of the losses that the Trainer reported; NaN: none

		checked verdict // of Update
	}
	// Failed says that a [Task] could not be done. The worker leaves its parent and ends
	// with the error.
	Failed struct{ Err error }
	// Quit asks a node to go in good order: a worker leaves, an LPS sends what
	// it has and leaves, a GPS or a Sync stops the run.
	Quit struct{}
	// Expire says that the node has waited long enough to end: see [RunConfig].Grace. It
	// goes on without whom it waits for, children first, then its parent.
	Expire struct{}
)

// A Receipt names one request of one life of a node. The answer repeats it, so
// that an answer to a former life, or a second answer, is recognised.
type Receipt struct {
	Incarnation uint64 // of the child
	Seq         uint64 // grows with every new request, from 1; a repeat keeps it
}

// Work is what an update was made of. What an LPS folds into its base at a merge without
// carry (see merge.Every) is in no delta, as published; its steps, samples and tokens
// are counted with the next delta, so that schedules and the end of a run do not wait for
// them, and its updates are not.
type Work struct {
	Steps   uint64 // local steps
	Updates uint64 // worker updates; 1 from a worker
	Samples uint64
	Tokens  uint64 // 0 where workers do not say: see [WorkerConfig].Tokens
}

func (w *Work) add(o Work) {
	w.Steps += o.Steps
	w.Updates += o.Updates
	w.Samples += o.Samples
	w.Tokens += o.Tokens
}

// bounded is w with no count above what a parent takes.
func (w Work) bounded() Work {
	return Work{min(w.Steps, maxWork), min(w.Updates, maxWork), min(w.Samples, maxWork), min(w.Tokens, maxWork)}
}

// Across the network.
type (
	// Pull introduces a child and asks for the model.
	Pull struct {
		Receipt
		Hello Hello
		Seen  Point  // the parent's newest state that the child has seen; zero: none
		Steps uint64 // local steps of each of its rounds; 0 from an LPS
		Want  uint64 // samples to claim for the next round, or to lease
		Have  uint64 // fingerprint of the model it begins with; 0: none
	}
	// Push carries a worker's update or an LPS's delta, and asks for the model.
	Push struct {
		Receipt
		Seen  Point // of the parent's model from which it started
		Work        // what is in it
		Want  uint64
		Delta []float32

		checked verdict // of Delta
	}
	// Model is the answer: the parent's model.
	Model struct {
		Receipt
		Point  Point // of Params
		Claim  Claim
		Params []float32 // empty: it is the model that the child said it has

		checked verdict // of Params
	}
	// Stop says that the run is over for the child. It may come unasked.
	Stop struct{ Reason string }
	// Leave says that the child goes. What it has not pushed is lost.
	Leave struct{ Receipt }
	// Refuse is the answer to a request that was not carried out.
	Refuse struct {
		Receipt
		Code   Code
		Reason string
	}
)

// A Hello says what a child is made of, so that two programs that would not
// train the same model find out before they do.
type Hello struct {
	Role   Role
	Layout optim.Layout // of the parameters
	Plugs  string       // the child's plugs by name, with their parameters
}

// A Role says what a child sends.
type Role uint8

const (
	// RoleWorker sends pseudo-gradients.
	RoleWorker Role = iota + 1
	// RoleGradient is a worker that sends gradients. Only a [Sync] takes one.
	RoleGradient
	// RoleLPS sends deltas.
	RoleLPS
)

func (r Role) String() string {
	if r < RoleWorker || r > RoleLPS {
		return "role ?"
	}
	return [...]string{"worker", "gradient worker", "lps"}[r-RoleWorker]
}

// A Code says what kind of mistake a [Refuse] is about.
type Code uint8

const (
	// BadHello says that layout, plugs or role do not fit. The child cannot take part, and ends.
	BadHello Code = iota + 1
	// BadUpdate says that the update is wrong: its length, a value that is not finite, or
	// more work than the child announced. The child drops it and takes the parent's model.
	BadUpdate
	// Unknown says that the parent does not know this life of the child. A former life of
	// the parent may or may not have passed the update on. So the child drops it, counts it
	// as lost, and pulls: an update that is lost is harmless, one that counts twice is not.
	Unknown
	// Superseded says that a later life of the same name is here. The child ends.
	Superseded
	// WrongLineage says that the parent's model does not descend from the one that the
	// child has seen. The child ends, and somebody must choose: see [Point].
	WrongLineage
)

func (c Code) String() string {
	if c < BadHello || c > WrongLineage {
		return "code ?"
	}
	return [...]string{"bad hello", "bad update", "unknown", "superseded", "wrong lineage"}[c-BadHello]
}

func (*Start) message()   {}
func (*Linked) message()  {}
func (*Gone) message()    {}
func (*Resend) message()  {}
func (*Trained) message() {}
func (*Failed) message()  {}
func (*Quit) message()    {}
func (*Expire) message()  {}
func (*Pull) message()    {}
func (*Push) message()    {}
func (*Model) message()   {}
func (*Stop) message()    {}
func (*Leave) message()   {}
func (*Refuse) message()  {}
