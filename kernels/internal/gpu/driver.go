package gpu

// A Driver is one GPU, as an [Engine] needs it. Addresses of its memory, streams and
// events are numbers; sizes are bytes. All methods may be called from any goroutine.
// What is queued on a stream is done in order; streams among themselves are in no
// order but that of events. After an error that means the GPU is lost every call
// returns an error.
type Driver interface {
	// Name is what the maker calls the GPU, Processors the number of its
	// multiprocessors.
	Name() string
	Processors() int

	// Alloc returns memory, at a multiple of 256, with anything in it. The error of a
	// GPU that has no more room is [ErrNoRoom], wrapped, and means nothing else.
	Alloc(bytes uint64) (uint64, error)
	// Free gives it back, when no work with it is queued. All else stays until Close.
	Free(address uint64) error
	// AllocPinned returns memory of the host that copies may use. It has no Go pointers.
	AllocPinned(bytes int) ([]byte, error)

	NewStream() (uint64, error)
	NewEvent() (uint64, error)
	// Record moves event behind what is queued on stream so far. Wait lets what is
	// queued on stream later wait for event as it is now, SyncEvent the caller; an event
	// that was never recorded is not waited for.
	Record(event, stream uint64) error
	Wait(stream, event uint64) error
	SyncEvent(event uint64) error
	// Synchronize waits for all streams.
	Synchronize() error

	// These queue and return. What is pinned must stay until the work is done.
	CopyIn(stream, dst uint64, pinned []byte) error
	CopyOut(stream uint64, pinned []byte, src uint64) error
	CopyWithin(stream, dst, src, bytes uint64) error
	Zero(stream, dst, bytes uint64) error

	// LoadKernels compiles ptx, once, before the first Launch.
	LoadKernels(ptx string) error
	// Launch queues a run of a kernel of it by grid blocks of block threads. args has
	// the bits of each argument, a float32's in the lower half.
	Launch(stream uint64, kernel string, grid, block int, args []uint64) error

	// OpenBLAS looks for cuBLAS, once, before the first of the calls below, which use
	// stream.
	OpenBLAS(stream uint64) error
	Axpy(n int, a float32, x, y uint64) error                        // y += a*x
	Geam(n int, a float32, x uint64, b float32, y, dst uint64) error // dst = a*x + b*y; dst may be x or y
	Dot(n int, x, y uint64) (float32, error)                         // waits

	// Close gives back all, also what was not freed.
	Close() error
}
