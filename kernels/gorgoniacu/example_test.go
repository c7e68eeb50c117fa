//go:build cuda && cgo

package gorgoniacu_test

import (
	"fmt"
	"log"

	"gorgonia.org/cu"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/gorgoniacu"
)

func ExampleNewOnePass() {
	device, err := cu.GetDevice(0)
	if err != nil {
		log.Fatal(err)
	}
	ctx, err := device.RetainPrimaryCtx()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = device.ReleasePrimaryCtx() }()
	b, err := gorgoniacu.NewOnePass(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()

	params, err := b.Make(3) // zeros
	if err != nil {
		log.Fatal(err)
	}
	kernels.SGD(params, []float32{1, 2, 3}, 0.5)
	here := make([]float32, 3)
	kernels.Copy(here, params)
	fmt.Println(here, b.Err())
	// Output: [-0.5 -1 -1.5] <nil>
}
