package merge

import "github.com/halos-go/sdk/kernels/state"

// An Accumulator decides when a region's change goes up, what goes up, and what
// happens to the updates that arrive while it is on the way.
//
// The server calls, in this order and always from one goroutine: Add for every
// update, when it is the next to be applied; Due after each Add; if Due and nothing
// is in flight, Delta, when all those updates have been applied, and then it sets
// base to params, the model as sent; when the answer is there, Carry to tell the
// [Merger], and Merged.
type Accumulator interface {
	// Add notes one update. update is lent and is not changed; it may be in ordinary
	// memory.
	Add(update []float32)
	// Due reports whether the change should go up now. The server asks only
	// while nothing is in flight.
	Due() bool
	// Delta writes to dst the change that goes up, as a pseudo-gradient: base is
	// the model from which the change is measured, params the model now. Those two
	// are lent and are not changed; they are in the Backend given to Init. dst is in
	// ordinary memory, as kernels.Delta allows. All three have the length given to Init.
	Delta(dst, base, params []float32)
	// Carry reports whether updates applied while an exchange was in flight are
	// kept for the next delta (true) or folded into the new base, as published.
	Carry() bool
	// Merged tells that the answer has been merged: what is added from now on counts
	// for the next delta.
	Merged()
	state.State
}

// A Merger folds the global model into a region's.
type Merger interface {
	// Merge updates local, in place, with the global model, and sets base to the
	// model from which the next delta is measured. On entry base is local as it
	// was sent, so local - base is what was applied while the exchange was in
	// flight. On return base is
	//
	//	local_after                              without carry
	//	local_after - (local_before - base)      with carry
	//
	// where each difference is rounded to float32 by itself. A merge of equal models
	// leaves them as they are, but for rounding. All three have the length given to
	// Init; local and base are in the Backend given to it, global there or in ordinary
	// memory. global is lent and is not changed, and none is kept.
	Merge(local, base, global []float32, carry bool)
	state.State
}
