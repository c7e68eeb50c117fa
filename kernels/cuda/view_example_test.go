package cuda_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/cuda"
)

// A gradient that another library has computed on the GPU, at an address that it told
// us, is applied where it is.
func ExampleDevice_View() {
	d, err := cuda.Open(0)
	if err != nil {
		fmt.Println(err) // say, that there is no driver
		return
	}
	defer func() { _ = d.Close() }()
	if err := apply(d, 0x7f0000000000, 1<<20); err != nil {
		fmt.Println(err)
	}
}

func apply(d *cuda.Device, address uint64, n int) error {
	params, err := d.Backend().Make(n)
	if err != nil {
		return err
	}
	gradient, err := d.View(address, n)
	if err != nil {
		return err
	}
	kernels.SGD(params, gradient, 0.5)
	return d.Forget(gradient) // when it has been read
}
