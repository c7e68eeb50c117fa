package kernels

import "math"

func copyGeneric(dst, x []float32) { copy(dst, x) }

func deltaGeneric(dst, x, y []float32) {
	dst, x = dst[:len(y)], x[:len(y)]
	for i, yi := range y {
		dst[i] = x[i] - yi
	}
}

// The means report whether a result is not finite, by a number that is not 0.

func mean2Generic(dst, x, y []float32, n float32) (overflow uint32) {
	dst, y = dst[:len(x)], y[:len(x)]
	for i, xi := range x {
		q := (xi + y[i]) / n
		dst[i] = q
		overflow |= notFinite(q)
	}
	return overflow
}

func mean3Generic(dst, x, y, z []float32, n float32) (overflow uint32) {
	dst, y, z = dst[:len(x)], y[:len(x)], z[:len(x)]
	for i, xi := range x {
		q := (xi + y[i] + z[i]) / n
		dst[i] = q
		overflow |= notFinite(q)
	}
	return overflow
}

func mean4Generic(dst, w, x, y, z []float32, n float32) (overflow uint32) {
	dst, x, y, z = dst[:len(w)], x[:len(w)], y[:len(w)], z[:len(w)]
	for i, wi := range w {
		q := (wi + x[i] + y[i] + z[i]) / n
		dst[i] = q
		overflow |= notFinite(q)
	}
	return overflow
}

// notFinite is a number with bit 31 set if x is a NaN or an infinity, and without it if
// x is finite; the other bits are 0.
func notFinite(x float32) uint32 {
	return (math.Float32bits(x)&infinity + 1<<23) & signBit
}

func scaleGeneric(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}
