package backend

// A Backend is a place for vectors, with what computes on them there. kernels.CPU is
// ordinary memory; package kernels/cuda has GPUs.
//
// A vector of any Backend is a []float32. The functions of package kernels take it like
// any other: they find by its address where it is, and run there. So code that does all
// its arithmetic by them works in every Backend. It must not read or write an element
// itself: there may be no memory of this processor at the address, and then the system
// ends the program. kernels.Copy and [Snapshot] move elements to ordinary memory.
//
// The vectors of one call are all in one Backend or in ordinary memory. Those that are
// changed are in the Backend; only the results of kernels.Copy, kernels.Delta and
// kernels.Mean may be in ordinary memory. A gradient or a global model usually is in
// ordinary memory, as it comes from the network: it goes to the Backend piece by piece,
// and the Backend works on one piece while the next one is on its way.
//
// A call may return before its work is done, but not before it has read and written all
// of its vectors that are in ordinary memory. All work on a vector is done in the order
// of the calls.
//
// The functions return no errors. After a Backend has failed, its vectors are lost, later
// calls do nothing, and Err says why; it does not recover. Results in ordinary memory may
// then be anything, so ask Err before you use them. Snapshot.Read returns the error.
//
// Methods other than Close may be called from any goroutine as long as no two calls
// touch the same vector. They panic where the functions of package kernels do.
type Backend interface {
	// Name says in a few words what it is, for a log: "cpu".
	Name() string
	// Make returns n zeros; it panics if n is negative. They belong to the caller until
	// he gives them to Recycle, or until Close. If there is no room for them it returns
	// an error, and Err stays nil.
	Make(n int) ([]float32, error)
	// Recycle takes back, once, all of what Make has returned. It ignores nil, a part of
	// a vector, and what is not of this Backend.
	Recycle(v []float32)
	// Run does c, of which at least one vector is here.
	Run(c Call)
	// Encode is kernels.EncodeDelta if y is not nil, and kernels.Encode if it is. dst is
	// ordinary memory. At least one of x, y and residual is here, the others are here or
	// in ordinary memory.
	Encode(dst []byte, f Form, x, y, residual []float32)
	// Dot is kernels.Dot, of vectors here; NaN if the Backend has failed.
	Dot(x, y []float32) float64
	// Finite is kernels.Finite, of a vector here; false if the Backend has failed.
	Finite(x []float32) bool
	// Snapshot returns v, a vector here, as it is now. It returns at once. Later work
	// on v goes on, and Read gets what was there before, also when v has been recycled.
	// There is room for at least two at a time. If there is no room for another one,
	// Snapshot waits until one is released.
	Snapshot(v []float32) Snapshot
	// Err returns nil, or why the Backend has failed.
	Err() error
	// Close waits for the work under way and gives all memory back. No vector of the
	// Backend, and no Snapshot, may be used after that. A second Close does nothing.
	Close() error
}

// A Snapshot is a vector as it was when the Snapshot was taken. Its methods may be
// called from any goroutine, one at a time.
type Snapshot interface {
	// Read copies the vector to dst, which must be ordinary memory and as long as the
	// vector. It may be called several times until Release; after Release it returns an
	// error. After an error dst holds anything.
	Read(dst []float32) error
	// Release ends the Snapshot. Each must be released once; a second time panics.
	Release()
}
