package state

import (
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
)

// A State is a plug that remembers: an optimizer, a momentum, an accumulator,
// a merger. Methods are called from one goroutine at a time.
type State interface {
	// Name is the plug's identity: its kind and every hyper-parameter that
	// changes its law, as in "delayed(beta=0.9,every=16,c=0)". It goes into
	// snapshots and into the hello of a node, and is compared there as text.
	Name() string
	// Init checks the hyper-parameters and makes the plug ready for vectors of n
	// parameters, n at least 1, in b; it makes all vectors the plug will need, there:
	// see [Make]. A nil b is ordinary memory. The error names the field and its value,
	// as in "momentum: Delayed.Beta is 1.5: want 0 <= Beta < 1".
	// Every other method but Name may be called only after an Init without error,
	// and no hyper-parameter may change after it. A plug that remembers is made ready
	// once: a second Init is an error and changes nothing, see [Once]. After an Init
	// with an error another may follow. A copy of the plug made after Init, or a plug
	// whose Backend has been closed, is of no use.
	//
	// A plug that touches elements itself, and not by package kernels alone, can only
	// work in ordinary memory and says so with the error of [OnlyCPU].
	Init(b kernels.Backend, n int) error
	// Reset brings the plug back to where it was right after Init, whatever its
	// vectors hold, also NaN: see [Zero]. It allocates nothing.
	Reset()
	// WriteTo writes the state as a record of [Write]; a plug that has a plug
	// inside lets that one's record follow its own. A plug that remembers nothing may
	// write nothing: see [Stateless].
	io.WriterTo
	// ReadFrom reads what WriteTo of a plug with the same Name and length
	// wrote, and not a byte more. After an error the state is as before.
	io.ReaderFrom
}

// Make sets each of vs to n zeros in b, for the Init of a plug; a nil b is ordinary
// memory. What they were before, from an Init that failed later, goes back to its
// Backend. After an error, as for an n below 1, all are nil.
func Make(b kernels.Backend, n int, vs ...*[]float32) error {
	if b == nil {
		b = kernels.CPU{}
	}
	for _, v := range vs {
		release(v)
	}
	if err := atLeastOne(n); err != nil {
		return err
	}
	for _, v := range vs {
		var err error
		if *v, err = b.Make(n); err != nil {
			for _, v := range vs {
				release(v)
			}
			return fmt.Errorf("state: a vector of %d on %s: %w", n, b.Name(), err)
		}
	}
	return nil
}

// release gives v back, unless the garbage collector will: who knows who else has it.
func release(v *[]float32) {
	if b := kernels.Where(*v); b != (kernels.CPU{}) {
		b.Recycle(*v)
	}
	*v = nil
}

func atLeastOne(n int) error {
	if n < 1 {
		return fmt.Errorf("state: n is %d: want at least 1", n)
	}
	return nil
}

// OnlyCPU returns an error unless b is [kernels.CPU] or nil. It is for the Init of a plug that
// touches elements itself; plug is what the error calls it.
func OnlyCPU(plug string, b kernels.Backend) error {
	if b == nil || b == (kernels.CPU{}) {
		return nil
	}
	return fmt.Errorf("%s touches parameters itself: want Backend cpu, not %s", plug, b.Name())
}
