package state

import "github.com/halos-go/sdk/kernels"

// zeros is ordinary memory from which vectors are overwritten, a megabyte at a time.
var zeros [1 << 18]float32

// Zero sets all elements of vs to 0, for the Reset of a plug. They may be in any Backend
// and may have been anything, also NaN: nothing is computed from them.
//
// Ordinary memory is not cleared in one go: the scheduler cannot interrupt that, nor a
// loop of it, and all goroutines would wait when the garbage collector stops the world.
func Zero(vs ...[]float32) {
	for _, v := range vs {
		for len(v) > 0 {
			n := min(len(v), len(zeros))
			kernels.Copy(v[:n], zeros[:n])
			v = v[n:]
		}
	}
}
