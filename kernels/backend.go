package kernels

import "github.com/halos-go/sdk/kernels/backend"

// A Backend is a place for vectors, with what computes on them there, such as a GPU. See
// [backend.Backend] for what holds for all of them. [CPU] is ordinary memory.
type Backend = backend.Backend

// A Snapshot is a vector as it was when [Backend].Snapshot was called.
type Snapshot = backend.Snapshot

// Where returns the Backend that v is in; v may be a part of what Make returned. An
// empty v is in CPU.
func Where(v []float32) Backend {
	if b := backend.Of(v); b != nil {
		return b
	}
	return CPU{}
}

// Ordinary returns v if it is in ordinary memory, else a copy that is, as v is when all
// calls so far are done; if its Backend has failed, anything.
func Ordinary(v []float32) []float32 {
	if backend.Of(v) == nil {
		return v
	}
	c := Make(len(v))
	Copy(c, v)
	return c
}

// recycleCopy recycles c, which Ordinary has made of v, unless it is v.
func recycleCopy(c, v []float32) {
	if backend.Of(v) != nil {
		Recycle(c)
	}
}
