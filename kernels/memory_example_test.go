package kernels_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
)

// A server answers many requests with a copy of its model. It recycles each copy
// when it is sent, and from the second on makes them where the first one was.
func ExampleMake() {
	params := kernels.Make(2 << 20)
	for range 3 {
		answer := kernels.Make(len(params))
		kernels.Copy(answer, params)
		// ... send it ...
		kernels.Recycle(answer)
	}
	for name, n := range kernels.Metrics() {
		if name == "/halos/vectors/idle:bytes" {
			fmt.Println("a copy waits for reuse:", n >= 8<<20)
		}
	}
	// Output: a copy waits for reuse: true
}
