package merge

import (
	"errors"
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// Every sends base - params when K updates have been applied since the last
// merge, as HALoS does.
type Every struct {
	// K is the number of updates from a merge to the next send, at least 1. HALoS
	// has 32. With fewer, the regions stay closer together and the links carry
	// more; a good K is several times the number of updates that arrive during one
	// exchange.
	K int
	// KeepInFlight keeps the updates that are applied while an exchange is in
	// flight for the next delta. Without it, as published, they become part of the
	// new base and never reach the global model: with the published settings 28 in
	// a hundred, and 57 in the slowest region, whose data then counts for less.
	KeepInFlight bool

	n    uint64 // updates since the last merge
	once state.Once
}

var _ Accumulator = (*Every)(nil)

// Name implements [state.State].
func (e *Every) Name() string { return fmt.Sprintf("every(k=%d,carry=%t)", e.K, e.KeepInFlight) }

// Init implements [state.State].
func (e *Every) Init(_ kernels.Backend, n int) error {
	if e == nil {
		return errors.New("merge: Every is nil: want one, as &merge.Every{K: 32}")
	}
	return e.once.Do("merge: Every", func() error {
		switch {
		case e.K < 1:
			return fmt.Errorf("merge: Every.K is %d: want at least 1", e.K)
		case n < 1:
			return fmt.Errorf("merge: Every for %d parameters: want at least 1", n)
		}
		return nil
	})
}

// Add implements [Accumulator].
func (e *Every) Add([]float32) { e.n++ }

// Due implements [Accumulator].
func (e *Every) Due() bool { return e.n >= uint64(e.K) }

// Delta implements [Accumulator]: see [kernels.Delta].
func (e *Every) Delta(dst, base, params []float32) { kernels.Delta(dst, base, params) }

// Carry implements [Accumulator].
func (e *Every) Carry() bool { return e.KeepInFlight }

// Merged implements [Accumulator].
func (e *Every) Merged() { e.n = 0 }

// Reset implements [state.State].
func (e *Every) Reset() { e.n = 0 }

// WriteTo implements [state.State].
func (e *Every) WriteTo(w io.Writer) (int64, error) {
	return state.Write(w, e.Name(), []uint64{e.n})
}

// ReadFrom implements [state.State].
func (e *Every) ReadFrom(r io.Reader) (int64, error) {
	counters := []uint64{e.n}
	n, err := state.Read(r, e.Name(), counters)
	e.n = counters[0]
	return n, err
}
