package backend_test

import (
	"fmt"

	"github.com/halos-go/sdk/kernels/backend"
)

// What a Backend is asked to do when a program calls kernels.DelayedStep.
func ExampleOp() {
	k := backend.OpDelayedStep
	fmt.Println(k, k.Vectors(), k.Numbers())
	for i, name := range k.Vectors() {
		fmt.Println(name, "changed:", i < k.Changed(), "read:", k.Reads(i))
	}
	// Output:
	// delayedStep [p m d g] [n lr beta coef]
	// p changed: true read: true
	// m changed: true read: true
	// d changed: false read: true
	// g changed: false read: true
}
