package kernels

func deltaGeneric(dst, x, y []float32) {
	dst, x = dst[:len(y)], x[:len(y)]
	for i, yi := range y {
		dst[i] = x[i] - yi
	}
}

func add3Generic(dst, x, y, z []float32) {
	dst, y, z = dst[:len(x)], y[:len(x)], z[:len(x)]
	for i, xi := range x {
		dst[i] = dst[i] + xi + y[i] + z[i]
	}
}

func sum4Generic(dst, w, x, y, z []float32) {
	dst, x, y, z = dst[:len(w)], x[:len(w)], y[:len(w)], z[:len(w)]
	for i, wi := range w {
		dst[i] = wi + x[i] + y[i] + z[i]
	}
}

func mean2Generic(dst, x, y []float32, n float32) {
	dst, y = dst[:len(x)], y[:len(x)]
	for i, xi := range x {
		dst[i] = (xi + y[i]) / n
	}
}

func mean3Generic(dst, x, y, z []float32, n float32) {
	dst, y, z = dst[:len(x)], y[:len(x)], z[:len(x)]
	for i, xi := range x {
		dst[i] = (xi + y[i] + z[i]) / n
	}
}

func mean4Generic(dst, w, x, y, z []float32, n float32) {
	dst, x, y, z = dst[:len(w)], x[:len(w)], y[:len(w)], z[:len(w)]
	for i, wi := range w {
		dst[i] = (wi + x[i] + y[i] + z[i]) / n
	}
}

func scaleGeneric(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}
