//go:build race

package sim

import "math"

// poisonVector overwrites the vector of a message whose loan has ended.
func poisonVector(v []float32) {
	for i := range v {
		v[i] = float32(math.NaN())
	}
}
