package halos

// An Event is something that happened inside a node, for those who watch:
// [RunConfig].Observe, traces, metrics, logs. It is complete as it is; nothing in it
// is on loan. Fields that a kind does not name are zero.
type Event struct {
	Kind      EventKind
	Peer      string // the child or parent concerned
	Version   uint64 // the node's own version after it
	Steps     uint64 // local steps: GPS, Sync: counted so far; LPS: in the delta sent, lost or left
	Updates   uint64 // worker updates: Updated: in it; Sent: in the delta; Merged: applied while the exchange was in flight; Lost: lost
	Staleness uint64 // Updated: versions between the model it started from and the one it was applied to
	Loss      float64
	Reason    string
}

// An EventKind says what happened.
type EventKind uint8

const (
	// Joined means that a child is here, for the first time or in a new life.
	Joined EventKind = iota + 1
	// Left means that a child has left, or is gone: then Reason says why.
	Left
	// Updated means that a child's update has been applied; on a [Sync], a round's mean.
	Updated
	// Sent means that an LPS has handed its delta to the network.
	Sent
	// Merged means that an LPS has merged the global model.
	Merged
	// Adopted means that an LPS has taken its parent's model as its own, on joining late
	// or after its own had diverged.
	Adopted
	// Finished means that a worker has finished a round. Loss is the mean of what its
	// Trainer reported, NaN if that was nothing.
	Finished
	// Repeated means that a request that was here before has been answered again. Every
	// child repeats its first request once, when its link comes up.
	Repeated
	// Refused means that a request or an answer has been refused, by this node or, if Peer
	// is its parent, by that one. Reason says why.
	Refused
	// Lost means that updates are given up: the parent is not known to have them, and they
	// will not be sent again, or come after the end of the run. Reason says why.
	Lost
	// Reused means that an LPS has used up its lease and goes over its samples again.
	Reused
	// Diverged means that the node's own model is not finite any more.
	Diverged
	// Unreachable means that a message to Peer could not be sent, as there is no link. It
	// comes once; the link's return comes as the next request or answer.
	Unreachable
	// Stopped means that the run is over for this node.
	Stopped
)

func (k EventKind) String() string {
	if k < Joined || k > Stopped {
		return "event ?"
	}
	return [...]string{"joined", "left", "updated", "sent", "merged", "adopted", "finished", "repeated", "refused",
		"lost", "reused", "diverged", "unreachable", "stopped"}[k-Joined]
}
