//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// Many goroutines on one card, each with a stream, all on any thread.
func TestGoroutines(t *testing.T) {
	tr := fake(t)
	t.Setenv("FAKECUDA_TRACE", "")
	c := opened(t)
	succeed(t, c.LoadKernels(ptx.Text))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				if err := round(c, 10*i+j+1); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Setenv("FAKECUDA_TRACE", tr.path)
	succeed(t, c.Close())
	if s := tr.String(); !strings.Contains(s, "live 0, retained 0") {
		t.Error(s)
	}
}

// round sends numbers through pinned memory to the device and back.
func round(c *card, n int) error {
	s, err := c.NewStream()
	if err != nil {
		return err
	}
	v, err := c.Alloc(4 * uint64(n))
	if err != nil {
		return err
	}
	p, err := c.AllocPinned(4 * n)
	if err != nil {
		return err
	}
	for i := range n {
		binary.LittleEndian.PutUint32(p[4*i:], math.Float32bits(float32(i)))
	}
	err = errors.Join(c.CopyIn(s, v, p), c.Launch(s, "scale", 1, 32, scaled(v, n, 2)), c.CopyOut(s, p, v), c.Synchronize())
	for i, x := range floats(p) {
		if x != float32(2*i) {
			err = errors.Join(err, fmt.Errorf("element %d: got %v", i, x))
		}
	}
	return errors.Join(err, c.Free(v))
}
