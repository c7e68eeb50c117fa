package bytelm

// A Runner is a model's work space. One goroutine at a time; its methods
// allocate nothing.
type Runner struct {
	m       *Model
	windows int // most in one pass; more are taken in several
	gemm    *gemm
	passes  []pass
}

// NewRunner allocates work space for passes of up to windows samples. Four
// windows of 64 tokens are about right for the cache of a core.
func (m *Model) NewRunner(windows int) *Runner {
	if windows < 1 {
		panic("bytelm: a runner needs at least one window")
	}
	r := &Runner{m: m, windows: windows, gemm: new(gemm), passes: make([]pass, windows+1)}
	r.passes[windows] = newPass(m, r.gemm, windows)
	return r
}

// Gradient overwrites grad with the mean gradient at params over all
// predictions of tokens and returns their mean loss, in nats. tokens is whole
// samples of Context+1 tokens, one after another.
// All slices are lent. It panics where a length is wrong or a token is not below
// Vocab.
func (r *Runner) Gradient(grad, params []float32, tokens []uint16) float64 {
	r.m.check(grad)
	clear(grad)
	return r.run(grad, params, tokens)
}

// Loss is the mean loss that Gradient returns, without the gradient.
func (r *Runner) Loss(params []float32, tokens []uint16) float64 {
	return r.run(nil, params, tokens)
}

// run makes as many passes as tokens need, adding their gradients unless grad is nil.
func (r *Runner) run(grad, params []float32, tokens []uint16) float64 {
	r.m.check(params)
	window := r.m.cfg.window()
	samples := len(tokens) / window
	if samples == 0 || len(tokens)%window != 0 {
		panic("bytelm: tokens are not whole samples")
	}
	predictions := samples * r.m.cfg.Context
	var total float64
	for len(tokens) > 0 {
		windows := min(r.windows, len(tokens)/window)
		p := r.pass(windows)
		total += p.run(grad, params, tokens[:windows*window], 1/float32(predictions))
		tokens = tokens[windows*window:]
	}
	return total / float64(predictions)
}

// pass is the work space for so many windows. That for fewer than the most is
// made when first wanted: a Runner is nearly always asked for one number.
func (r *Runner) pass(windows int) *pass {
	if r.passes[windows].n == 0 {
		r.passes[windows] = newPass(r.m, r.gemm, windows)
	}
	return &r.passes[windows]
}
