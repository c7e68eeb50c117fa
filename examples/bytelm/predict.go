package bytelm

import "math"

// predict returns the sum of the cross-entropies of all targets, in nats, and
// unless grad is nil sets dNarrow to the gradient on y and adds the head's. It
// takes chunk columns at a time: logits, softmax and its gradient share their memory.
func (p *pass) predict(grad, params []float32, weight float32) float64 {
	w, vocab := p.m.cfg.Width, p.m.cfg.Vocab
	head := p.m.head.of(params)
	var loss float64
	for at := 0; at < p.n; at += p.chunk {
		k := min(p.chunk, p.n-at)
		logits := p.logits[:vocab*k]
		p.gemm.multiply(vocab, k, w, matrixOf(head, w), matrixOf(p.y[at:], p.n), logits, k, false)
		loss += crossEntropy(logits, p.targets[at:at+k], p.mean[:k], p.rest[:k], weight)
		if grad == nil {
			continue
		}
		p.gemm.multiply(vocab, w, k, matrixOf(logits, k), transposed(p.y[at:], p.n), p.m.head.of(grad), w, true)
		p.gemm.multiply(w, k, vocab, transposed(head, w), matrixOf(logits, k), p.dNarrow[at:], p.n, false)
	}
	return loss
}

// crossEntropy returns the sum over columns of
//
//	log(sum over v of e^(logits[v]-peak)) - (logits[target]-peak)
//
// and overwrites logits with weight times its gradient, weight*(softmax - [v = target]).
func crossEntropy(logits []float32, targets []uint16, peak, total []float32, weight float32) float64 {
	n := len(targets)
	vocab := len(logits) / n
	var loss float64
	for j, target := range targets {
		loss -= float64(logits[int(target)*n+j])
	}
	exponentials(logits, peak, total, 1)
	for j, s := range total {
		loss += float64(peak[j]) + math.Log(float64(s))
		total[j] = weight / s
	}
	for v := range vocab {
		scaleRow(row(logits, v, n), total)
	}
	for j, target := range targets {
		logits[int(target)*n+j] -= weight
	}
	return loss
}

// exponentials overwrites each column of x by e^(factor*(x-peak)), with peak its largest
// element, and total by the sums of the columns.
func exponentials(x, peak, total []float32, factor float32) {
	n := len(total)
	copy(peak, x)
	for i := n; i < len(x); i += n {
		maximum(peak, x[i:i+n])
	}
	clear(total)
	for i := 0; i < len(x); i += n {
		expShift(x[i:i+n], peak, total, factor)
	}
}
