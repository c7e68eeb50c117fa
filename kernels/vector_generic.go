package kernels

func deltaGeneric(dst, x, y []float32) {
	dst, x = dst[:len(y)], x[:len(y)]
	for i, yi := range y {
		dst[i] = x[i] - yi
	}
}

func addGeneric(dst, x []float32) {
	dst = dst[:len(x)]
	for i, xi := range x {
		dst[i] += xi
	}
}

func quotientGeneric(dst, x []float32, n float32) {
	dst = dst[:len(x)]
	for i, xi := range x {
		dst[i] = xi / n
	}
}

func scaleGeneric(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}
