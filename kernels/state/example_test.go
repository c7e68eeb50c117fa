package state_test

import (
	"bytes"
	"fmt"
	"io"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// count is a plug that counts; its WriteTo and ReadFrom are one line each.
type count struct {
	n    uint64
	once state.Once
}

func (c *count) Name() string                       { return "count" }
func (c *count) Reset()                             { c.n = 0 }
func (c *count) WriteTo(w io.Writer) (int64, error) { return state.Write(w, c.Name(), []uint64{c.n}) }
func (c *count) Init(_ kernels.Backend, n int) error {
	return c.once.Do("count", func() error {
		if n < 1 {
			return fmt.Errorf("count: %d parameters: want at least 1", n)
		}
		return nil
	})
}
func (c *count) ReadFrom(r io.Reader) (int64, error) {
	counters := []uint64{0}
	n, err := state.Read(r, c.Name(), counters)
	if err == nil {
		c.n = counters[0]
	}
	return n, err
}

var _ state.State = (*count)(nil)

func Example() {
	var file bytes.Buffer
	_, _ = (&count{n: 41}).WriteTo(&file) // a Buffer takes everything

	c := &count{}
	_, err := c.ReadFrom(&file)
	fmt.Println(c.n, err)

	_, _ = state.Write(&file, "clock", []uint64{12})
	_, err = c.ReadFrom(&file)
	fmt.Println(c.n, err)
	// Output:
	// 41 <nil>
	// 41 state: reading "count": record of something else: name is "clock": want "count"
}
