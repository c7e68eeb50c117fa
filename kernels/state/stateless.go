package state

import (
	"io"

	"github.com/halos-go/sdk/kernels"
)

// Stateless is all of a [State] but the Name, for a plug that remembers nothing: embed
// it. One such plug may serve several servers. Its record has no bytes.
type Stateless struct{}

// Init implements [State]. It wants n to be at least 1.
func (Stateless) Init(_ kernels.Backend, n int) error { return atLeastOne(n) }

// Reset implements [State].
func (Stateless) Reset() {}

// WriteTo implements [State]: it writes nothing.
func (Stateless) WriteTo(io.Writer) (int64, error) { return 0, nil }

// ReadFrom implements [State]: it reads nothing.
func (Stateless) ReadFrom(io.Reader) (int64, error) { return 0, nil }
