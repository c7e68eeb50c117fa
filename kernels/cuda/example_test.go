package cuda_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels/cuda"
)

// A kernel that adds one vector to another, on the first device.
func Example() {
	d, err := cuda.Open(0)
	if err != nil {
		fmt.Println(err) // say, that there is no driver
		return
	}
	defer d.Close() // and all that was made from it
	if err := add(d, `... .visible .entry add( ...`, []float32{1, 2, 3}, []float32{4, 5, 6}); err != nil {
		fmt.Println(err)
	}
}

func add(d *cuda.Device, ptx string, x, y []float32) error {
	m, err := d.Load(ptx)
	if err != nil {
		return err
	}
	kernel, err := m.Kernel("add")
	if err != nil {
		return err
	}
	stream, err := d.NewStream()
	if err != nil {
		return err
	}
	dx, err := d.Alloc(len(x))
	if err != nil {
		return err
	}
	defer dx.Free()
	dy, err := d.Alloc(len(y))
	if err != nil {
		return err
	}
	defer dy.Free()
	if err := dx.CopyIn(x); err != nil {
		return err
	}
	if err := dy.CopyIn(y); err != nil {
		return err
	}
	if err := kernel.Launch(stream, 1, 256, dx.Arg(), dy.Arg(), cuda.Uint64(uint64(len(x)))); err != nil {
		return err
	}
	return dx.CopyOut(x) // after the kernel
}
