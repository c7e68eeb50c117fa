package bytelm

// The loops over rows of a matrix. Each has assembly for the elements up to the last
// multiple of 8, where the processor has AVX2, and is written here for the rest and for
// every other processor. Both do the same operations in the same order, without a fused
// multiply-add, so the bits are the same everywhere.

// maximum is dst[i] = max(dst[i], x[i]).
func maximum(dst, x []float32) {
	n := wide(len(x))
	if n > 0 {
		maximumAVX2(n, &dst[0], &x[0])
	}
	dst = dst[n:len(x)]
	for i, v := range x[n:] {
		if v > dst[i] {
			dst[i] = v
		}
	}
}

// expShift is x[i] = e^(factor*(x[i]-shift[i])), total[i] += x[i], see [exp].
func expShift(x, shift, total []float32, factor float32) {
	n := wide(len(x))
	if n > 0 {
		expShiftAVX2(n, &x[0], &shift[0], &total[0], factor)
	}
	shift, total, x = shift[n:len(x)], total[n:len(x)], x[n:]
	for i, v := range x {
		x[i] = float32((v - shift[i]) * factor)
	}
	exp(x)
	for i, e := range x {
		total[i] += e
	}
}

// scaleRow is x[i] *= by[i].
func scaleRow(x, by []float32) {
	n := wide(len(x))
	if n > 0 {
		scaleRowAVX2(n, &x[0], &by[0])
	}
	by, x = by[n:len(x)], x[n:]
	for i, v := range x {
		x[i] = float32(v * by[i])
	}
}

// addRow is dst[i] += x[i].
func addRow(dst, x []float32) {
	n := wide(len(x))
	if n > 0 {
		addRowAVX2(n, &dst[0], &x[0])
	}
	dst = dst[n:len(x)]
	for i, v := range x[n:] {
		dst[i] += v
	}
}

// addNumber is dst[i] += x.
func addNumber(dst []float32, x float32) {
	n := wide(len(dst))
	if n > 0 {
		addNumberAVX2(n, &dst[0], x)
	}
	dst = dst[n:]
	for i := range dst {
		dst[i] += x
	}
}

// addProducts is dst[i] += x[i]*y[i].
func addProducts(dst, x, y []float32) {
	n := wide(len(x))
	if n > 0 {
		addProductsAVX2(n, &dst[0], &x[0], &y[0])
	}
	dst, y = dst[n:len(x)], y[n:len(x)]
	for i, v := range x[n:] {
		dst[i] += float32(v * y[i])
	}
}

// softmaxSlope is d[i] = factor*p[i]*(d[i]-total[i]).
func softmaxSlope(d, p, total []float32, factor float32) {
	n := wide(len(d))
	if n > 0 {
		softmaxSlopeAVX2(n, &d[0], &p[0], &total[0], factor)
	}
	p, total, d = p[n:len(d)], total[n:len(d)], d[n:]
	for i, v := range d {
		d[i] = float32(float32(p[i]*(v-total[i])) * factor)
	}
}

// centre is unit[i] = x[i]-mean[i], square[i] += unit[i]^2.
func centre(unit, x, mean, square []float32) {
	n := wide(len(x))
	if n > 0 {
		centreAVX2(n, &unit[0], &x[0], &mean[0], &square[0])
	}
	unit, mean, square = unit[n:len(x)], mean[n:len(x)], square[n:len(x)]
	for i, v := range x[n:] {
		u := v - mean[i]
		unit[i] = u
		square[i] += float32(u * u)
	}
}

// standardise is unit[i] *= scale[i], y[i] = gain*unit[i] + bias.
func standardise(y, unit, scale []float32, gain, bias float32) {
	n := wide(len(unit))
	if n > 0 {
		standardiseAVX2(n, &y[0], &unit[0], &scale[0], gain, bias)
	}
	y, scale, unit = y[n:len(unit)], scale[n:len(unit)], unit[n:]
	for i, v := range unit {
		u := float32(v * scale[i])
		unit[i] = u
		y[i] = float32(u*gain) + bias
	}
}

// normSums is the first half of [normBack] for a row. It returns the sums of dy and of
// dy*unit, and with e = gain*dy does
//
//	dy[i] = e;  mean[i] += e;  along[i] += e*unit[i]
func normSums(dy, unit, mean, along []float32, gain float32) (sum, dot float32) {
	var lanes [2 * 8]float32
	n := wide(len(dy))
	if n > 0 {
		normSumsAVX2(n, &dy[0], &unit[0], &mean[0], &along[0], &lanes[0], gain)
	}
	unit, mean, along, dy = unit[n:len(dy)], mean[n:len(dy)], along[n:len(dy)], dy[n:]
	for i, v := range dy {
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
	n := wide(len(dx))
	if n > 0 {
		normSlopeAVX2(n, &dx[0], &e[0], &unit[0], &scale[0], &mean[0], &along[0])
	}
	e, unit, scale, mean, along = e[n:len(dx)], unit[n:len(dx)], scale[n:len(dx)], mean[n:len(dx)], along[n:len(dx)]
	dx = dx[n:]
	for i := range dx {
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
	for i, x := range v[n:] {
		lanes[i%8] += x
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
	n := wide(len(u))
	if n > 0 {
		geluAVX2(n, &u[0], &slope[0])
	}
	slope, u = slope[n:len(u)], u[n:]
	for i, v := range u {
		slope[i] = float32(-v * (float32(d*float32(v*v)) + c))
	}
	exp(slope)
	for i, v := range u {
		s := 1 / (1 + slope[i])
		y := float32(v * s)
		u[i] = y
		slope[i] = float32(float32(y*(1-s))*(float32(3*d*float32(v*v))+c)) + s
	}
}
