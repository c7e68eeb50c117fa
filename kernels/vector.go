package kernels

// Copy is
//
//	for i := range dst { dst[i] = x[i] }
func Copy(dst, x []float32) {
	do(opCopy, &args{v: [6][]float32{dst, x}})
}

// Delta is
//
//	for i := range dst { dst[i] = x[i] - y[i] }
//
// dst may be x or y.
func Delta(dst, x, y []float32) {
	do(opDelta, &args{v: [6][]float32{dst, x, y}})
}

// Mean is the mean of one or more vectors, summed in the order of the arguments:
//
//	for i := range dst {
//		s := vs[0][i]
//		for _, v := range vs[1:] { s += v[i] }
//		dst[i] = s / float32(len(vs))
//	}
//
// dst may be vs[0].
func Mean(dst []float32, vs ...[]float32) {
	if len(vs) == 0 {
		panic("kernels: mean of no vectors")
	}
	for _, v := range vs {
		same(len(dst), len(v))
	}
	if threads(len(dst)) == 1 {
		mean(dst, vs, 0)
		return
	}
	t := newTeam()
	t.x, t.vectors = dst, append(t.vectors[:0], vs...)
	t.run(len(dst), (*team).mean)
	t.release()
}

// Scale is
//
//	for i := range x { x[i] *= a }
func Scale(x []float32, a float64) {
	do(opScale, &args{v: [6][]float32{x}, s: [8]float32{float32(a)}})
}

func (t *team) mean(lo, hi int) { mean(t.x[lo:hi], t.vectors, lo) }

// mean is the mean of the parts of vs that begin at lo. It takes a piece at a time,
// so that the sum stays in the cache.
func mean(dst []float32, vs [][]float32, lo int) {
	const piece = 1024
	for len(dst) > 0 {
		sum := dst[:min(piece, len(dst))]
		hi := lo + len(sum)
		copy(sum, vs[0][lo:hi])
		for _, v := range vs[1:] {
			run(opAdd, &args{v: [6][]float32{sum, v[lo:hi]}})
		}
		run(opDivide, &args{v: [6][]float32{sum}, s: by(len(vs))})
		dst, lo = dst[len(sum):], hi
	}
}
