package bytelm

import (
	"iter"
	"math"
)

// A heads is the causal attention of one layer over the windows of a pass.
// Columns of its matrices are tokens, window after window, n in all.
type heads struct {
	count, size   int // heads, features of each
	context, n    int
	probs         []float32 // per window and head: key l by query i, 0 where l > i
	dScores       []float32 // one such matrix
	peak, total   []float32 // per query
	softmaxFactor float32   // 1/sqrt(size)
}

func newHeads(cfg Config, windows int, scratch *heads) heads {
	h := heads{count: cfg.Heads, size: cfg.Width / cfg.Heads, context: cfg.Context, n: windows * cfg.Context}
	h.softmaxFactor = float32(1 / math.Sqrt(float64(h.size)))
	square := cfg.Context * cfg.Context
	h.probs = make([]float32, windows*cfg.Heads*square)
	if scratch != nil {
		h.dScores, h.peak, h.total = scratch.dScores, scratch.peak, scratch.total
		return h
	}
	h.dScores = make([]float32, square)
	h.peak, h.total = make([]float32, cfg.Context), make([]float32, cfg.Context)
	return h
}

// forward overwrites y, width by n, with each head's mix of values. qkv is
// 3*width by n. With q, k, v the features of one head in one window, by token:
//
//	probs[l,i] = softmax over l <= i of k[:,l]*q[:,i]/sqrt(size);  y = v*probs
func (h *heads) forward(g *gemm, y, qkv []float32) {
	t, n := h.context, h.n
	h.each(func(at, part int) {
		q, k, v := h.split(qkv, at)
		probs := h.probs[part : part+t*t]
		for i, end := range h.columns() { // keys behind the last query of these are masked
			g.multiply(end, end-i, h.size, transposed(k, n), matrixOf(q[i:], n), probs[i:], t, false)
		}
		h.softmax(probs)
		for i, end := range h.columns() {
			g.multiply(h.size, end-i, end, matrixOf(v, n), matrixOf(probs[i:], t), y[at+i:], n, false)
		}
	})
}

// back overwrites dQKV with what forward passes back of dy.
func (h *heads) back(g *gemm, dQKV, qkv, dy []float32) {
	t, n := h.context, h.n
	h.each(func(at, part int) {
		q, k, v := h.split(qkv, at)
		dq, dk, dv := h.split(dQKV, at)
		dy, probs := dy[at:], h.probs[part:part+t*t]
		for i, end := range h.columns() {
			g.multiply(end, end-i, h.size, transposed(v, n), matrixOf(dy[i:], n), h.dScores[i:], t, false)
		}
		h.softmaxBack(probs)
		for i, end := range h.columns() {
			g.multiply(h.size, end-i, end, matrixOf(k, n), matrixOf(h.dScores[i:], t), dq[i:], n, false)
		}
		for l, end := range h.columns() { // queries before the first of these keys see none
			g.multiply(h.size, end-l, t-l, matrixOf(dy[l:], n), transposed(probs[l*t+l:], t), dv[l:], n, false)
			g.multiply(h.size, end-l, t-l, matrixOf(q[l:], n), transposed(h.dScores[l*t+l:], t), dk[l:], n, false)
		}
	})
}

// columns yields the first and the end of each tile of the tokens of a window.
func (h *heads) columns() iter.Seq2[int, int] {
	return func(yield func(first, end int) bool) {
		for i := 0; i < h.context && yield(i, min(i+tileColumns, h.context)); i += tileColumns {
		}
	}
}

// each calls f for every window and head, with the index of its first feature
// and token in a matrix of n columns, and of its part of probs.
func (h *heads) each(f func(at, part int)) {
	part := 0
	for w := 0; w < h.n; w += h.context {
		for head := range h.count {
			f(head*h.size*h.n+w, part)
			part += h.context * h.context
		}
	}
}

// split is queries, keys and values of the head and window at index at.
func (h *heads) split(qkv []float32, at int) (q, k, v []float32) {
	third := h.count * h.size * h.n
	return qkv[at:], qkv[third+at:], qkv[2*third+at:]
}

// softmax turns scores to probabilities, each column over its first rows up to
// the diagonal. What is below, on entry anything, is 0 after.
func (h *heads) softmax(scores []float32) {
	t := h.context
	for l := range t {
		fill(row(scores, l, t)[:l], float32(math.Inf(-1)))
	}
	exponentials(scores, h.peak, h.total, h.softmaxFactor)
	for i, s := range h.total {
		h.total[i] = 1 / s
	}
	for l := range t {
		scaleRow(row(scores, l, t), h.total)
	}
}

// softmaxBack turns dScores, on entry the gradient on probs, to the gradient on
// the scores: probs*(d - sum over the column of probs*d)/sqrt(size).
func (h *heads) softmaxBack(probs []float32) {
	t := h.context
	clear(h.total)
	for l := range t {
		d := row(h.dScores, l, t)
		clear(d[:l]) // which may be left from before, and no number
		addProducts(h.total, row(probs, l, t), d)
	}
	for l := range t {
		softmaxSlope(row(h.dScores, l, t), row(probs, l, t), h.total, h.softmaxFactor)
	}
}
