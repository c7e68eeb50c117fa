//go:build !linux && !darwin

package kerneltest

import "math"

// newRoom makes two vectors. The one that nobody should touch is all NaN.
func newRoom(n int) (*room, error) {
	r := &room{make([]float32, n), make([]float32, n), func() error { return nil }}
	fill(r.vector, float32(math.NaN()))
	return r, nil
}
