package cuda_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda"
)

// One step, wherever the parameters are.
func ExampleSelect() {
	b, why, err := cuda.Select("cpu") // "auto" takes a GPU if there is one
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = b.Close() }()
	fmt.Println(why)

	params, err := b.Make(4)
	if err != nil {
		fmt.Println(err) // say, that it has no room
		return
	}
	gradient := []float32{1, 2, 3, 4} // from the network
	kernels.SGD(params, gradient, 0.5)

	got := make([]float32, 4)
	kernels.Copy(got, params)
	if err := b.Err(); err != nil {
		fmt.Println(err) // got is not to be used
		return
	}
	fmt.Println(got)
	// Output:
	// cpu: asked for
	// [-0.5 -1 -1.5 -2]
}
