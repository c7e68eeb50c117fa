package kernels

// Copy is
//
//	for i := range dst { dst[i] = x[i] }
func Copy(dst, x []float32) {
	do(OpCopy, &args{v: [6][]float32{dst, x}})
}

// Delta is
//
//	for i := range dst { dst[i] = x[i] - y[i] }
//
// dst may be x or y.
func Delta(dst, x, y []float32) {
	do(OpDelta, &args{v: [6][]float32{dst, x, y}})
}

// Mean is the mean of one or more vectors, summed in the order of the arguments:
//
//	for i := range dst {
//		s := vs[0][i]
//		for _, v := range vs[1:] { s += v[i] }
//		dst[i] = s / float32(len(vs))
//	}
//
// dst may be one of vs.
func Mean(dst []float32, vs ...[]float32) {
	if len(vs) == 0 {
		panic("kernels: mean of no vectors")
	}
	for _, v := range vs {
		same(len(dst), len(v))
	}
	if len(vs) <= 4 {
		meanOfFew(dst, vs)
		return
	}
	if away(dst) != nil || away(vs...) != nil {
		meanElsewhere(dst, vs)
		return
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

// meanElsewhere takes the mean in ordinary memory.
func meanElsewhere(dst []float32, vs [][]float32) {
	here, sum := make([][]float32, len(vs)), Make(len(dst))
	for i, v := range vs {
		here[i] = Ordinary(v)
	}
	Mean(sum, here...)
	Copy(dst, sum)
}

func meanOfFew(dst []float32, vs [][]float32) {
	if len(vs) == 1 {
		Copy(dst, vs[0])
		return
	}
	a := args{v: [6][]float32{dst}, s: by(len(vs))}
	copy(a.v[1:], vs)
	do(OpMean2+Op(len(vs)-2), &a)
}

// Scale is
//
//	for i := range x { x[i] *= a }
func Scale(x []float32, a float64) {
	do(OpScale, &args{v: [6][]float32{x}, s: [8]float32{float32(a)}})
}

func (t *team) mean(lo, hi int) { mean(t.x[lo:hi], t.vectors, lo) }

// mean is the mean of the parts of vs, more than four, that begin at lo. It sums a
// piece at a time in a buffer, which stays in the cache.
func mean(dst []float32, vs [][]float32, lo int) {
	var buf [2048]float32
	for stream := len(vs[0]) >= streaming; len(dst) > 0; lo += len(buf) {
		sum := buf[:min(len(buf), len(dst))]
		part := func(k int) []float32 { return vs[k][lo : lo+len(sum)] }
		run(opSum4, &args{v: [6][]float32{sum, part(0), part(1), part(2), part(3)}})
		k := 4
		for ; k+3 < len(vs); k += 3 {
			run(opAdd3, &args{v: [6][]float32{sum, part(k), part(k + 1), part(k + 2)}})
		}
		last := args{v: [6][]float32{dst[:len(sum)], sum}, s: by(len(vs)), stream: stream}
		for i := range len(vs) - k {
			last.v[2+i] = part(k + i)
		}
		run(OpMean2+Op(len(vs)-k-1), &last)
		dst = dst[len(sum):]
	}
}
