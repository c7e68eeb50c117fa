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
// dst may be one of vs, which takes a little longer.
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
	p := meanOf{dst: dst, vs: vs, lo: lo, n: n}
	onto := p.onto()
	p.stream = stream && !onto // what is read is in the cache already
	if len(vs) <= 4 && !onto {
		p.run()
		return
	}
	buf := meanBuffers.Get().(*meanBuffer)
	for ; len(dst) > 0; p.lo += meanPiece {
		p.dst = dst[:min(meanPiece, len(dst))]
		p.sum = buf.sum[:len(p.dst)]
		if onto {
			p.was = buf.was[:len(p.dst)]
			runLoop(backend.OpCopy, &args{v: [6][]float32{p.was, p.dst}})
		}
		p.run()
		dst = dst[len(p.dst):]
	}
	meanBuffers.Put(buf)
}

// A meanOf is the mean of a piece.
type meanOf struct {
	dst    []float32
	sum    []float32 // room for the sum, if there are more than four vs
	was    []float32 // what dst was, if it is one of vs
	vs     [][]float32
	lo     int // dst is the mean of elements lo and up
	n      float32
	stream bool
}

// onto reports whether dst is one of vs.
func (p *meanOf) onto() bool {
	for k := range p.vs {
		if p.is(k) {
			return true
		}
	}
	return false
}

// is reports whether dst is the elements of vector k.
func (p *meanOf) is(k int) bool { return len(p.dst) > 0 && &p.dst[0] == &p.vs[k][p.lo] }

// operand is the elements of vector k, as they were before dst was written.
func (p *meanOf) operand(k int) []float32 {
	if p.was != nil && p.is(k) {
		return p.was
	}
	return p.vs[k][p.lo : p.lo+len(p.dst)]
}

// run adds up to four vectors in a pass, of which the sum so far is one from the second
// pass on. The last pass divides and writes to dst.
func (p *meanOf) run() {
	overflow := uint32(0)
	for k := 0; k < len(p.vs); {
		a, operands := args{v: [6][]float32{p.sum}, s: [8]float32{1}}, 0
		add := func(v []float32) {
			operands++
			a.v[operands] = v
		}
		if k > 0 {
			add(p.sum)
		}
		for ; operands < 4 && k < len(p.vs); k++ {
			add(p.operand(k))
		}
		if k == len(p.vs) {
			a.v[0], a.s[0], a.stream = p.dst, p.n, p.stream
		}
		runLoop(backend.OpMean2+backend.Op(operands-2), &a)
		overflow |= a.overflow
	}
	if overflow != 0 {
		p.wide()
	}
}

// wide computes in float64 the elements of dst that are not finite.
func (p *meanOf) wide() {
	for i, x := range p.dst {
		if notFinite(x) == 0 {
			continue
		}
		s := 0.0
		for k := range p.vs {
			s += float64(p.operand(k)[i])
		}
		p.dst[i] = float32(s / float64(p.n))
	}
}
