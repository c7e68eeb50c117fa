package kernels

import (
	"sync"

	"github.com/halos-go/sdk/kernels/backend"
)

// Mean is the mean of one or more vectors, summed in the order of the arguments:
//
//	for i := range dst {
//		s := vs[0][i]
//		for _, v := range vs[1:] { s += v[i] }
//		dst[i] = s / float32(len(vs))
//	}
//
// Where the result is not finite, it is computed again with s and the quotient in
// float64, and then rounded. So the mean of finite elements is finite, even where
// their sum is too large for a float32.
//
// dst may be one of vs.
func Mean(dst []float32, vs ...[]float32) {
	if len(vs) == 0 {
		panic("kernels: mean of no vectors")
	}
	for _, v := range vs {
		same(len(dst), len(v))
	}
	switch {
	case len(vs) == 1:
		Copy(dst, vs[0])
	case len(vs) <= 4:
		a := args{v: [6][]float32{dst}, s: [8]float32{float32(len(vs))}}
		copy(a.v[1:], vs)
		do(backend.OpMean2+backend.Op(len(vs)-2), &a)
	case backend.Of(dst) != nil || backend.Of(vs...) != nil:
		meanElsewhere(dst, vs)
	case len(dst) <= grain:
		mean(dst, vs, 0, float32(len(vs)), false)
	default:
		t := newTeam()
		t.x, t.vectors = dst, append(t.vectors[:0], vs...)
		t.run(len(dst), (*team).mean)
		t.release()
	}
}

// meanElsewhere takes the mean in ordinary memory.
func meanElsewhere(dst []float32, vs [][]float32) {
	here, sum := make([][]float32, len(vs)), Make(len(dst))
	for i, v := range vs {
		here[i] = Ordinary(v)
	}
	Mean(sum, here...)
	Copy(dst, sum)
	for i, v := range vs {
		recycleCopy(here[i], v)
	}
	Recycle(sum)
}

func (t *team) mean(lo, hi int) {
	mean(t.x[lo:hi], t.vectors, lo, float32(len(t.vectors)), len(t.x) >= streaming)
}

// isMean reports whether k is OpMean2, OpMean3 or OpMean4.
func isMean(k backend.Op) bool { return backend.OpMean2 <= k && k <= backend.OpMean4 }

// meanPiece is the number of elements of which a mean is computed at a time where what
// it is computed of must stay in the cache.
const meanPiece = 2048

// A meanBuffer has room for a sum, and for what dst was.
type meanBuffer struct{ sum, was [meanPiece]float32 }

var meanBuffers = sync.Pool{New: func() any { return new(meanBuffer) }}

// mean sets dst to the sum of elements lo and up of vs, divided by n. It adds up to four
// vectors in one pass; the sum of more stays in the cache. So does a copy of what dst
// was if it is one of vs, as it is needed again where a sum overflows.
func mean(dst []float32, vs [][]float32, lo int, n float32, stream bool) {
	same := among(dst, vs, lo)
	if len(vs) <= 4 && !same {
		meanOf(dst, nil, nil, vs, lo, n, stream)
		return
	}
	buf := meanBuffers.Get().(*meanBuffer)
	for ; len(dst) > 0; lo += meanPiece {
		piece := dst[:min(meanPiece, len(dst))]
		var was []float32
		if same {
			was = buf.was[:len(piece)]
			runLoop(backend.OpCopy, &args{v: [6][]float32{was, piece}})
		}
		meanOf(piece, buf.sum[:len(piece)], was, vs, lo, n, stream)
		dst = dst[len(piece):]
	}
	meanBuffers.Put(buf)
}

// among reports whether dst is one of vs, from element lo on.
func among(dst []float32, vs [][]float32, lo int) bool {
	for _, v := range vs {
		if isPart(dst, v, lo) {
			return true
		}
	}
	return false
}

// isPart reports whether dst is v from element lo on.
func isPart(dst, v []float32, lo int) bool { return len(dst) > 0 && &dst[0] == &v[lo] }

// operand is the elements of v that dst is the mean of; was is what dst was, if it is
// one of the vectors.
func operand(dst, was, v []float32, lo int) []float32 {
	if was != nil && isPart(dst, v, lo) {
		return was
	}
	return v[lo : lo+len(dst)]
}

// meanOf is the mean of a piece.
func meanOf(dst, sum, was []float32, vs [][]float32, lo int, n float32, stream bool) {
	overflow := uint32(0)
	for k := 0; k < len(vs); {
		a := args{v: [6][]float32{sum}, s: [8]float32{1}}
		i := 0
		if k > 0 {
			i++
			a.v[i] = sum
		}
		for ; i < 4 && k < len(vs); k++ {
			i++
			a.v[i] = operand(dst, was, vs[k], lo)
		}
		if k == len(vs) {
			a.v[0], a.s, a.stream = dst, [8]float32{n}, stream
		}
		runLoop(backend.OpMean2+backend.Op(i-2), &a)
		overflow |= a.overflow
	}
	if overflow != 0 {
		meanWide(dst, was, vs, lo, n)
	}
}

// meanWide computes in float64 the elements of dst that are not finite.
func meanWide(dst, was []float32, vs [][]float32, lo int, n float32) {
	for i, x := range dst {
		if notFinite(x) == 0 {
			continue
		}
		s := 0.0
		for _, v := range vs {
			s += float64(operand(dst, was, v, lo)[i])
		}
		dst[i] = float32(s / float64(n))
	}
}
