package ptx_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// The arguments with which a kernel is launched, in order.
func ExampleKernels() {
	for _, k := range ptx.Kernels() {
		if k.Name == "nesterov" {
			fmt.Println(k.Vectors, "count", k.Numbers)
			fmt.Println("written:", k.Vectors[:k.Changed])
		}
	}
	// Output:
	// [p buf g] count [lr mu]
	// written: [p buf]
}
