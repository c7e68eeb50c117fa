//go:build cuda && cgo

package gorgoniacu

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// NewOnePass makes a Backend of the kernels that go over their vectors once, in ctx,
// which may be one of [cu.Device.MakeContext], a primary one, or that of a [cu.Ctx].
// The device needs compute capability 7.0.
//
// The context remains the caller's. It must outlive the Backend, and must not be
// destroyed while a call is under way. No thread is tied to it: each call makes it
// current on the thread that it runs on, and then again what was current before.
//
// What the program has in the context it can copy to a vector, and back, on the device:
// the data pointer of the vector is its address there. The Backend works in order with
// the default stream, so functions of cu without a Stream, and cu/blas, come where they
// are called among its calls. What is queued on other streams does not. While there is
// a Snapshot of a vector, only functions of package kernels may change that.
//
// Errors of the driver are wrapped, as Err of the Backend returns them too:
// errors.Is(err, cu.IllegalAddress). Such a one has taken the context, and all in it.
func NewOnePass(ctx cu.CUContext) (kernels.Backend, error) { return open(ctx, gpu.OnePass) }

// NewBLAS makes a Backend as NewOnePass does, of calls of cuBLAS in sequence, for a
// driver that refuses the kernels. Results differ from those of package kernels by
// roundings. Errors of cuBLAS are wrapped [cublas.Status] values.
//
// [cublas.Status]: https://pkg.go.dev/gorgonia.org/cu/blas#Status
func NewBLAS(ctx cu.CUContext) (kernels.Backend, error) { return open(ctx, gpu.BLAS) }

func open(ctx cu.CUContext, set gpu.Set) (kernels.Backend, error) {
	if ctx == (cu.CUContext{}) {
		return nil, errors.New("gorgoniacu: the context is empty, want one of cu.Device.MakeContext or RetainPrimaryCtx")
	}
	d, err := newDriver(ctx)
	if err != nil {
		return nil, err
	}
	e, err := gpu.New(gpu.Config{Driver: d, Name: fmt.Sprintf("gorgoniacu:%d", int(d.device)), Set: set})
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return e, nil
}
