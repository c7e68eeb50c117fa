package kernels

import "math"

// dotLanesGeneric adds the products of x and y, a multiple of 16 elements, to the lanes.
func dotLanesGeneric(lane *[16]float64, x, y []float32) {
	for len(x) >= len(lane) && len(y) >= len(lane) {
		for j := range lane {
			lane[j] += float64(float64(x[j]) * float64(y[j]))
		}
		x, y = x[len(lane):], y[len(lane):]
	}
}

func finiteGeneric(x []float32) bool {
	const exponent = 0xff << 23 // all ones in NaN and infinity only
	for _, v := range x {
		if math.Float32bits(v)&exponent == exponent {
			return false
		}
	}
	return true
}
