package bytelm

import "math"

// epsilon keeps the norm of a constant column finite.
const epsilon = 1e-5

// norm is layer normalisation of each of n columns of x, a len(gain) by n
// matrix: unit = (x - mean)/sqrt(variance + epsilon), y = gain*unit + bias.
// unit and the scale 1/sqrt(...) of each column are left for normBack.
func norm(y, unit, scale, x, gain, bias, mean []float32) {
	n, w := len(scale), len(gain)
	mean = mean[:n]
	clear(mean)
	clear(scale)
	for c := range w {
		addRow(mean, row(x, c, n))
	}
	for j := range mean {
		mean[j] /= float32(w)
	}
	for c := range w {
		centre(row(unit, c, n), row(x, c, n), mean, scale)
	}
	for j, v := range scale {
		scale[j] = float32(1 / math.Sqrt(float64(v/float32(w)+epsilon)))
	}
	for c := range w {
		standardise(row(y, c, n), row(unit, c, n), scale, gain[c], bias[c])
	}
}

// normBack adds to dx, dGain and dBias what norm passes back of dy, which it
// overwrites. With e = gain*dy, and means taken over a column:
//
//	dx += scale*(e - mean(e) - unit*mean(e*unit));  dGain += sum dy*unit;  dBias += sum dy
func normBack(dx, dGain, dBias, dy, unit, scale, gain, mean, along []float32) {
	n, w := len(scale), len(gain)
	mean, along = mean[:n], along[:n]
	clear(mean)
	clear(along)
	for c := range w {
		sum, dot := normSums(row(dy, c, n), row(unit, c, n), mean, along, gain[c])
		dBias[c] += sum
		dGain[c] += dot
	}
	for j := range mean {
		mean[j] /= float32(w)
		along[j] /= float32(w)
	}
	for c := range w {
		normSlope(row(dx, c, n), row(dy, c, n), row(unit, c, n), scale, mean, along)
	}
}

// row is row i of a matrix of n columns.
func row(m []float32, i, n int) []float32 { return m[i*n : i*n+n : i*n+n] }
