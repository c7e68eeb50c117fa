package kernels_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
)

// A worker sends how far it went from its base, at a quarter of the bytes, and the
// server takes a step of it while it reads.
func ExampleEncodeDelta() {
	base := []float32{1, 2, 3, 4}
	params := []float32{0.5, 2.25, 3, 4.004}
	residual := make([]float32, len(params)) // kept from round to round

	message := make([]byte, kernels.Int8.Size(len(params)))
	kernels.EncodeDelta(message, kernels.Int8, base, params, residual)

	kernels.DecodeEach(kernels.Int8, message, len(base), func(lo, hi int, g []float32) {
		kernels.SGD(base[lo:hi], g, 1)
	})
	fmt.Printf("%d bytes\n", len(message))
	fmt.Printf("server %.3f\n", base)
	fmt.Printf("residual %.3f\n", residual[:3])
	// Output:
	// 8 bytes
	// server [0.500 2.252 3.000 4.004]
	// residual [0.000 0.002 0.000]
}
