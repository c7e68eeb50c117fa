package halos

// A Message is one of the pointer types below. Those that cross the network
// are [Pull], [Push], [Model], [Stop], [Leave] and [Refuse], the same between
// worker and LPS, worker and GPS, LPS and GPS: a child asks (Pull, Push,
// Leave), its parent answers (Model, Stop, Refuse).
type Message interface{ message() }

// From the driver.
type (
	// Start is the first input of every node.
	Start struct {
		// Incarnation numbers the lives of a node: a later life has a larger one.
		Incarnation uint64
	}
	// Linked says that the link to Input.From is up: what was on it may be lost.
	Linked struct{}
	// Trained is the answer to a [Task]: the pseudo-gradient, start less end.
	Trained struct{ Update []float32 }
	// Quit asks a node to go in good order: a worker leaves, an LPS sends what
	// it has and leaves, a GPS or a Sync stops the run.
	Quit struct{}
	// Several is inputs that have waited together, in the order of their arrival. A
	// server applies the updates among them in one pass, so that its model has the
	// same bits as if they had come one by one; the answers, of course, are the newer.
	Several struct{ Inputs []Input }
)

// A Receipt names one request of one life of a node. The answer repeats it, so
// that an answer to a former life, or a second answer, is recognised.
type Receipt struct {
	Incarnation uint64 // of the child
	Seq         uint64 // grows with every new request, from 1; a repeat keeps it
}

// Across the network.
type (
	// Pull introduces a child and asks for the model.
	Pull struct {
		Receipt
		Hello   Hello
		Steps   uint64 // local steps of each of its rounds; 0 from an LPS
		Samples uint64 // samples to claim for the next round, or to lease
		Have    uint64 // [Fingerprint] of the model it has; 0: none
	}
	// Push carries a worker's update or an LPS's delta, and asks for the model.
	Push struct {
		Receipt
		Base    uint64 // version of the parent's model that it started from
		Steps   uint64 // local steps in it
		Updates uint64 // worker updates in it; 1 from a worker
		Samples uint64 // as in Pull
		Delta   []float32
	}
	// Model is the answer: the parent's model.
	Model struct {
		Receipt
		Version uint64 // updates applied to it
		Claim   Claim
		Params  []float32 // empty: it is the model that the child said it has
	}
	// Stop says that the run is over for the child. It may come unasked.
	Stop struct{}
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
	Layout uint64 // [optim.Layout.Hash] of the parameters
	Params uint64 // number of parameters
	Plugs  string // the child's plugs by name, with their parameters
}

// A Code says what kind of mistake a [Refuse] is about.
type Code uint8

const (
	// BadHello says that layout or plugs do not fit. The child cannot take part.
	BadHello Code = iota + 1
	// BadUpdate says that the update has the wrong length or is not finite. The child
	// drops it and pulls.
	BadUpdate
	// Unknown says that the parent does not know this life of the child, so nothing of
	// the request is in its model. The child pulls and pushes again.
	Unknown
	// Superseded says that a later life of the same name is here. The child ends.
	Superseded
)

func (c Code) String() string {
	switch c {
	case BadHello:
		return "bad hello"
	case BadUpdate:
		return "bad update"
	case Unknown:
		return "unknown"
	case Superseded:
		return "superseded"
	}
	return "code ?"
}

func (*Start) message()   {}
func (*Linked) message()  {}
func (*Trained) message() {}
func (*Quit) message()    {}
func (*Several) message() {}
func (*Pull) message()    {}
func (*Push) message()    {}
func (*Model) message()   {}
func (*Stop) message()    {}
func (*Leave) message()   {}
func (*Refuse) message()  {}
