package bytelm

// linear is y = weight*x + bias over n columns, or y += with add: weight is
// len(bias) by in, x in by n.
func (g *gemm) linear(y, weight, bias, x []float32, n int, add bool) {
	for o, b := range bias {
		if to := row(y, o, n); add {
			addNumber(to, b)
		} else {
			fill(to, b)
		}
	}
	out := len(bias)
	in := len(weight) / out
	g.multiply(out, n, in, matrixOf(weight, in), matrixOf(x, n), y, n, true)
}

// linearBack overwrites dx with what linear passes back of dy, and adds to
// dWeight and dBias.
func (g *gemm) linearBack(dx, dWeight, dBias, dy, weight, x []float32, n int) {
	out := len(dBias)
	in := len(weight) / out
	for o := range dBias {
		dBias[o] += sum(row(dy, o, n))
	}
	g.multiply(out, in, n, matrixOf(dy, n), transposed(x, n), dWeight, in, true)
	g.multiply(in, n, out, transposed(weight, in), matrixOf(dy, n), dx, n, false)
}
