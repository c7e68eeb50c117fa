package bytelm

// The loops over rows of a matrix. Each has assembly for the elements up to the last
// multiple of 8, where the processor has AVX2, and is written here for the rest and for
// every other processor. Both do the same operations in the same order, without a fused
// multiply-add, so the bits are the same everywhere: see TestLoops.

// maximum is dst[i] = max(dst[i], x[i]).
func maximum(dst, x []float32) {
	dst = dst[:len(x)]
	n := wide(len(x))
	if n > 0 {
		maximumAVX2(n, &dst[0], &x[0])
	}
	for i := n; i < len(x); i++ {
		if x[i] > dst[i] {
			dst[i] = x[i]
		}
	}
}

// expShift is x[i] = e^(factor*(x[i]-shift[i])), total[i] += x[i], see [exp].
func expShift(x, shift, total []float32, factor float32) {
	shift, total = shift[:len(x)], total[:len(x)]
	n := wide(len(x))
	if n > 0 {
		expShiftAVX2(n, &x[0], &shift[0], &total[0], factor)
	}
	for i := n; i < len(x); i++ {
		x[i] = float32((x[i] - shift[i]) * factor)
	}
	exp(x[n:])
	for i := n; i < len(x); i++ {
		total[i] += x[i]
	}
}

// scaleRow is x[i] *= by[i].
func scaleRow(x, by []float32) {
	by = by[:len(x)]
	n := wide(len(x))
	if n > 0 {
		scaleRowAVX2(n, &x[0], &by[0])
	}
	for i := n; i < len(x); i++ {
		x[i] = float32(x[i] * by[i])
	}
}

// addRow is dst[i] += x[i].
func addRow(dst, x []float32) {
	dst = dst[:len(x)]
	n := wide(len(x))
	if n > 0 {
		addRowAVX2(n, &dst[0], &x[0])
	}
	for i := n; i < len(x); i++ {
		dst[i] += x[i]
	}
}

// addNumber is dst[i] += x.
func addNumber(dst []float32, x float32) {
	n := wide(len(dst))
	if n > 0 {
		addNumberAVX2(n, &dst[0], x)
	}
	for i := n; i < len(dst); i++ {
		dst[i] += x
	}
}

// addProducts is dst[i] += x[i]*y[i].
func addProducts(dst, x, y []float32) {
	dst, y = dst[:len(x)], y[:len(x)]
	n := wide(len(x))
	if n > 0 {
		addProductsAVX2(n, &dst[0], &x[0], &y[0])
	}
	for i := n; i < len(x); i++ {
		dst[i] += float32(x[i] * y[i])
	}
}

// softmaxSlope is d[i] = factor*p[i]*(d[i]-total[i]).
func softmaxSlope(d, p, total []float32, factor float32) {
	p, total = p[:len(d)], total[:len(d)]
	n := wide(len(d))
	if n > 0 {
		softmaxSlopeAVX2(n, &d[0], &p[0], &total[0], factor)
	}
	for i := n; i < len(d); i++ {
		d[i] = float32(float32(p[i]*(d[i]-total[i])) * factor)
	}
}

// centre is unit[i] = x[i]-mean[i], square[i] += unit[i]^2.
func centre(unit, x, mean, square []float32) {
	unit, mean, square = unit[:len(x)], mean[:len(x)], square[:len(x)]
	n := wide(len(x))
	if n > 0 {
		centreAVX2(n, &unit[0], &x[0], &mean[0], &square[0])
	}
	for i := n; i < len(x); i++ {
		u := x[i] - mean[i]
		unit[i] = u
		square[i] += float32(u * u)
	}
}

// standardise is unit[i] *= scale[i], y[i] = gain*unit[i] + bias.
func standardise(y, unit, scale []float32, gain, bias float32) {
	y, scale = y[:len(unit)], scale[:len(unit)]
	n := wide(len(unit))
	if n > 0 {
		standardiseAVX2(n, &y[0], &unit[0], &scale[0], gain, bias)
	}
	for i := n; i < len(unit); i++ {
		u := float32(unit[i] * scale[i])
		unit[i] = u
		y[i] = float32(u*gain) + bias
	}
}

// normSums is the first half of [normBack] for a row. It returns the sums of dy and of
// dy*unit, and with e = gain*dy does
//
//	dy[i] = e;  mean[i] += e;  along[i] += e*unit[i]
func normSums(dy, unit, mean, along []float32, gain float32) (sum, dot float32) {
	unit, mean, along = unit[:len(dy)], mean[:len(dy)], along[:len(dy)]
	var lanes [2 * 8]float32
	n := wide(len(dy))
	if n > 0 {
		normSumsAVX2(n, &dy[0], &unit[0], &mean[0], &along[0], &lanes[0], gain)
	}
	for i := n; i < len(dy); i++ {
		v := dy[i]
		p := float32(v * unit[i])
		lanes[i%8] += v
		lanes[8+i%8] += p
		e := float32(v * gain)
		dy[i] = e
		mean[i] += e
		along[i] += float32(p * gain)
	}
	return together(lanes[:8]), together(lanes[8:])
}

// normSlope is dx[i] += scale[i]*(e[i] - mean[i] - unit[i]*along[i]).
func normSlope(dx, e, unit, scale, mean, along []float32) {
	e, unit, scale, mean, along = e[:len(dx)], unit[:len(dx)], scale[:len(dx)], mean[:len(dx)], along[:len(dx)]
	n := wide(len(dx))
	if n > 0 {
		normSlopeAVX2(n, &dx[0], &e[0], &unit[0], &scale[0], &mean[0], &along[0])
	}
	for i := n; i < len(dx); i++ {
		dx[i] += float32((e[i] - mean[i] - float32(unit[i]*along[i])) * scale[i])
	}
}

// sum adds v in eight lanes, element i in lane i mod 8, then the lanes.
func sum(v []float32) float32 {
	var lanes [8]float32
	n := wide(len(v))
	if n > 0 {
		laneSumsAVX2(n, &v[0], &lanes[0])
	}
	for i := n; i < len(v); i++ {
		lanes[i%8] += v[i]
	}
	return together(lanes[:])
}

// together adds eight lanes.
func together(s []float32) float32 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// gelu overwrites each u by its activation and sets slope to the derivative
// there. In the tanh form of GELU (arXiv 1606.08415, section 2) the factor
// (1+tanh z)/2 is the logistic function s of 2z = c*u + d*u^3:
//
//	s = 1/(1+e^(-2z));  gelu = u*s;  slope = s + u*s*(1-s)*(c + 3*d*u^2)
func gelu(u, slope []float32) {
	const (
		c = 1.5957691216057308 // 2*sqrt(2/pi)
		d = c * 0.044715
	)
	slope = slope[:len(u)]
	n := wide(len(u))
	if n > 0 {
		geluAVX2(n, &u[0], &slope[0])
	}
	for i := n; i < len(u); i++ {
		v := u[i]
		slope[i] = float32(-v * (float32(d*float32(v*v)) + c))
	}
	exp(slope[n:])
	for i := n; i < len(u); i++ {
		v := u[i]
		s := 1 / (1 + slope[i])
		y := float32(v * s)
		u[i] = y
		slope[i] = float32(float32(y*(1-s))*(float32(3*d*float32(v*v))+c)) + s
	}
}
