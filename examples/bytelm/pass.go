package bytelm

// A pass is the activations of a forward and backward pass over n tokens.
// Matrices have n columns; see the package comment. The residual stream x, and
// the gradient dx on it, are changed in place from block to block.
type pass struct {
	m       *Model
	gemm    *gemm
	n       int
	inputs  []uint16
	targets []uint16
	x, dx   []float32 // width
	layers  []layer
	unit, y []float32 // width: final norm
	scale   []float32 // 1

	// Scratch of the backward pass and of column sums.
	dWide      []float32 // the largest of 3*width and hidden
	dNarrow    []float32 // width
	mean, rest []float32 // 1
	logits     []float32 // vocabulary, by chunk columns
	chunk      int       // tokens of which logits are held at once
}

// A layer is what the forward pass of a block leaves for the backward pass.
type layer struct {
	unit1, y1, scale1 []float32
	qkv, mixed        []float32
	heads             heads
	unit2, y2, scale2 []float32
	act, slope        []float32 // hidden
}

// logitFloats is the memory for logits beyond which a pass takes its tokens in
// chunks, of no fewer than the 64 that keep BLAS fast.
const logitFloats = 1 << 18

func newPass(m *Model, g *gemm, windows int) pass {
	cfg := m.cfg
	n, w := windows*cfg.Context, cfg.Width
	matrix := func(rows int) []float32 { return make([]float32, rows*n) }
	p := pass{
		m: m, gemm: g, n: n, inputs: make([]uint16, n), targets: make([]uint16, n),
		x: matrix(w), dx: matrix(w), unit: matrix(w), y: matrix(w), scale: matrix(1),
		dWide: matrix(max(3*w, cfg.Hidden)), dNarrow: matrix(w), mean: matrix(1), rest: matrix(1),
		chunk: min(n, max(64, logitFloats/cfg.Vocab)),
	}
	p.logits = make([]float32, cfg.Vocab*p.chunk)
	for i := range cfg.Layers {
		var scratch *heads
		if i > 0 {
			scratch = &p.layers[0].heads
		}
		p.layers = append(p.layers, layer{
			unit1: matrix(w), y1: matrix(w), scale1: matrix(1),
			qkv: matrix(3 * w), mixed: matrix(w), heads: newHeads(cfg, windows, scratch),
			unit2: matrix(w), y2: matrix(w), scale2: matrix(1),
			act: matrix(cfg.Hidden), slope: matrix(cfg.Hidden),
		})
	}
	return p
}

// run returns the sum of the losses of tokens, whole samples, and adds weight
// times the gradient of that sum to grad unless it is nil.
func (p *pass) run(grad, params []float32, tokens []uint16, weight float32) float64 {
	p.read(tokens)
	p.embed(params)
	for i := range p.layers {
		p.layers[i].forward(p, &p.m.blocks[i], params)
	}
	norm(p.y, p.unit, p.scale, p.x, p.m.finalGain.of(params), p.m.finalBias.of(params), p.mean)
	loss := p.predict(grad, params, weight)
	if grad == nil {
		return loss
	}
	clear(p.dx)
	normBack(p.dx, p.m.finalGain.of(grad), p.m.finalBias.of(grad), p.dNarrow, p.unit, p.scale, p.m.finalGain.of(params), p.mean, p.rest)
	for i := len(p.layers) - 1; i >= 0; i-- {
		p.layers[i].back(p, &p.m.blocks[i], grad, params)
	}
	p.embedBack(grad)
	return loss
}

// read splits samples into inputs and their successors.
func (p *pass) read(tokens []uint16) {
	t := p.m.cfg.Context
	for at := 0; at < p.n; at += t {
		copy(p.inputs[at:at+t], tokens)
		copy(p.targets[at:at+t], tokens[1:])
		tokens = tokens[t+1:]
	}
}

// embed sets x to the sum of token and position embedding.
func (p *pass) embed(params []float32) {
	w, t := p.m.cfg.Width, p.m.cfg.Context
	token, position := p.m.token.of(params), p.m.position.of(params)
	for j, id := range p.inputs {
		e, q := row(token, int(id), w), row(position, j%t, w)
		for c := range e {
			p.x[c*p.n+j] = e[c] + q[c]
		}
	}
}

// embedBack adds dx to the gradients of both embeddings, token by token.
func (p *pass) embedBack(grad []float32) {
	w, t := p.m.cfg.Width, p.m.cfg.Context
	token, position := p.m.token.of(grad), p.m.position.of(grad)
	for j, id := range p.inputs {
		e, q := row(token, int(id), w), row(position, j%t, w)
		for c := range e {
			d := p.dx[c*p.n+j]
			e[c] += d
			q[c] += d
		}
	}
}

// forward adds the block's two branches to x.
func (l *layer) forward(p *pass, b *block, params []float32) {
	norm(l.y1, l.unit1, l.scale1, p.x, b.norm1Gain.of(params), b.norm1Bias.of(params), p.mean)
	p.gemm.linear(l.qkv, b.qkv.of(params), b.qkvBias.of(params), l.y1, p.n, false)
	l.heads.forward(p.gemm, l.mixed, l.qkv)
	p.gemm.linear(p.x, b.out.of(params), b.outBias.of(params), l.mixed, p.n, true)

	norm(l.y2, l.unit2, l.scale2, p.x, b.norm2Gain.of(params), b.norm2Bias.of(params), p.mean)
	p.gemm.linear(l.act, b.up.of(params), b.upBias.of(params), l.y2, p.n, false)
	gelu(l.act, l.slope)
	p.gemm.linear(p.x, b.down.of(params), b.downBias.of(params), l.act, p.n, true)
}

// back takes dx from behind the block to before it.
func (l *layer) back(p *pass, b *block, grad, params []float32) {
	hidden, qkv := p.dWide[:len(l.act)], p.dWide[:len(l.qkv)]
	p.gemm.linearBack(hidden, b.down.of(grad), b.downBias.of(grad), p.dx, b.down.of(params), l.act, p.n)
	scaleRow(hidden, l.slope)
	p.gemm.linearBack(p.dNarrow, b.up.of(grad), b.upBias.of(grad), hidden, b.up.of(params), l.y2, p.n)
	normBack(p.dx, b.norm2Gain.of(grad), b.norm2Bias.of(grad), p.dNarrow, l.unit2, l.scale2, b.norm2Gain.of(params), p.mean, p.rest)

	p.gemm.linearBack(p.dNarrow, b.out.of(grad), b.outBias.of(grad), p.dx, b.out.of(params), l.mixed, p.n)
	l.heads.back(p.gemm, qkv, l.qkv, p.dNarrow)
	p.gemm.linearBack(p.dNarrow, b.qkv.of(grad), b.qkvBias.of(grad), qkv, b.qkv.of(params), l.y1, p.n)
	normBack(p.dx, b.norm1Gain.of(grad), b.norm1Bias.of(grad), p.dNarrow, l.unit1, l.scale1, b.norm1Gain.of(params), p.mean, p.rest)
}
