package bytelm

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// shapes are small models of every kind: tied or not, one head or several,
// widths that are no multiple of a vector register, more tokens than
// logits are held for at once.
var shapes = []Config{
	{Vocab: 11, Context: 5, Width: 6, Heads: 2, Layers: 2, Hidden: 10, Tied: true},
	{Vocab: 7, Context: 4, Width: 8, Heads: 1, Layers: 1, Hidden: 9},
	{Vocab: 256, Context: 3, Width: 4, Heads: 4, Layers: 1, Hidden: 16, Tied: true},
	{Vocab: 4200, Context: 66, Width: 4, Heads: 2, Layers: 1, Hidden: 4},
}

// TestGradient holds the backward pass, on every tensor of every shape, against
// central differences of the double precision model in reference_test.go. The
// parameters are far from the initial ones, so that no part is nearly linear.
func TestGradient(t *testing.T) {
	for _, cfg := range shapes {
		samples := 3
		if cfg.Vocab > 1000 { // which takes the reference a second
			if testing.Short() {
				continue
			}
			samples = 1
		}
		t.Run(fmt.Sprintf("%+v", cfg), func(t *testing.T) {
			m := mustModel(t, cfg)
			params := randomParams(m)
			tokens := randomTokens(cfg, samples)
			grad := make([]float32, m.Params())
			fill(grad, 9)
			// Two windows a pass: the third is a pass of its own.
			loss := m.NewRunner(2).Gradient(grad, params, tokens)

			exact := double(params)
			if want := reference(cfg, exact, tokens); !near(loss, want, 1e-5*want) {
				t.Errorf("loss %v, reference %v", loss, want)
			}
			for at, s := range m.Layout().All() {
				checkSegment(t, s.Name, grad[at:at+s.Len()], func(i int) float64 {
					return slope(cfg, exact, tokens, at+i)
				})
			}
		})
	}
}

// checkSegment compares a few elements of a tensor's gradient, spread over it
// and the largest among them, with the slope wanted of each.
func checkSegment(t *testing.T, name string, grad []float32, want func(i int) float64) {
	t.Helper()
	largest := 0
	for i, g := range grad {
		if math.Abs(float64(g)) > math.Abs(float64(grad[largest])) {
			largest = i
		}
	}
	scale := math.Abs(float64(grad[largest]))
	if scale == 0 {
		t.Errorf("%s: gradient is all zero", name)
	}
	probes := 12
	if len(grad) > 4000 {
		probes = 3
	}
	if testing.Short() {
		probes = 2
	}
	for k := range min(probes, len(grad)) {
		i := (largest + k*max(1, len(grad)/probes)) % len(grad)
		if w := want(i); !near(float64(grad[i]), w, 2e-5*scale+1e-8) {
			t.Errorf("%s[%d]: gradient %v, reference %v", name, i, grad[i], w)
		}
	}
}

func TestLossAtInitIsLogOfVocabulary(t *testing.T) {
	for _, cfg := range shapes {
		m := mustModel(t, cfg)
		params := make([]float32, m.Params())
		m.Init(params, 5)
		loss := m.NewRunner(4).Loss(params, randomTokens(cfg, 4))
		if want := math.Log(float64(cfg.Vocab)); !near(loss, want, 0.2*want) {
			t.Errorf("%+v: loss %v, want about %v", cfg, loss, want)
		}
	}
}

// TestCausal changes the last token that is looked at: only the last
// prediction may change, bit for bit, and it must.
func TestCausal(t *testing.T) {
	cfg := shapes[0]
	m := mustModel(t, cfg)
	params, tokens := randomParams(m), randomTokens(cfg, 1)
	r := m.NewRunner(1)
	// The normed residual stream, column by column, is all the head sees.
	columns := func() []float32 {
		r.Loss(params, tokens)
		return slices.Clone(r.pass(1).y)
	}
	before := columns()
	tokens[cfg.Context-1]++
	after := columns()
	for i := range before {
		last := i%cfg.Context == cfg.Context-1
		if changed := before[i] != after[i]; changed != last {
			t.Errorf("token %d, feature %d: changed is %v", i%cfg.Context, i/cfg.Context, changed)
		}
	}
}

// TestMemorises trains on one sentence until the model knows it by heart.
func TestMemorises(t *testing.T) {
	cfg := Config{Vocab: 256, Context: 24, Width: 32, Heads: 2, Layers: 1, Hidden: 64, Tied: true}
	m := mustModel(t, cfg)
	params, grad := make([]float32, m.Params()), make([]float32, m.Params())
	m.Init(params, 1)
	tokens := encode("a ship shape ship ships shaped sheep sheepishly..."[:2*cfg.window()])
	r, step := m.NewRunner(2), newAdam(m.Params())
	var loss float64
	for range 150 {
		loss = r.Gradient(grad, params, tokens)
		step(params, grad, 0.01)
	}
	if !near(loss, 0, 0.05) {
		t.Errorf("loss %v after 150 steps, want almost 0", loss)
	}
}

func TestValidate(t *testing.T) {
	good := shapes[0]
	for _, c := range []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Vocab = 1 }, "bytelm: Config.Vocab is 1: want 2 to 65536"},
		{func(c *Config) { c.Vocab = 65537 }, "bytelm: Config.Vocab is 65537: want 2 to 65536"},
		{func(c *Config) { c.Layers = 0 }, "bytelm: Config.Layers is 0: want 1 to 65536"},
		{func(c *Config) { c.Heads = 4 }, "bytelm: Config.Width is 6: want a multiple of Heads, 4"},
	} {
		cfg := good
		c.change(&cfg)
		if _, err := NewModel(cfg); err == nil || err.Error() != c.want {
			t.Errorf("error %q, want %q", err, c.want)
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	m := mustModel(t, shapes[0])
	params, tokens := randomParams(m), randomTokens(shapes[0], 2)
	grad, r := make([]float32, m.Params()), m.NewRunner(2)
	if n := testing.AllocsPerRun(5, func() { r.Gradient(grad, params, tokens) }); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// BenchmarkStep is a local step of 256 tokens; ms/step is what it costs a core.
func BenchmarkStep(b *testing.B) {
	for _, context := range []int{32, 64} {
		for _, width := range []int{32, 48, 64, 96} {
			for _, layers := range []int{1, 2} {
				cfg := Config{Vocab: 256, Context: context, Width: width, Heads: 4, Layers: layers, Hidden: 4 * width}
				b.Run(fmt.Sprintf("context=%d/width=%d/layers=%d", context, width, layers), func(b *testing.B) {
					benchmarkStep(b, cfg, 256/context)
				})
			}
		}
	}
}

func benchmarkStep(b *testing.B, cfg Config, windows int) {
	m := mustModel(b, cfg)
	params, grad := make([]float32, m.Params()), make([]float32, m.Params())
	m.Init(params, 1)
	tokens, r := randomTokens(cfg, windows), m.NewRunner(windows)
	b.ReportAllocs()
	for b.Loop() {
		r.Gradient(grad, params, tokens)
	}
	perStep := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(perStep*1e3, "ms/step")
	b.ReportMetric(flops(cfg, windows)/perStep/1e9, "GFLOP/s")
}

// flops counts the products of a step, forward once and backward twice, the
// masked half of attention included.
func flops(cfg Config, windows int) float64 {
	w := cfg.Width
	matrices := cfg.Layers*(4*w*w+2*w*cfg.Hidden) + cfg.Vocab*w
	attention := cfg.Layers * 2 * cfg.Context * w
	return 6 * float64(windows*cfg.Context) * float64(matrices+attention)
}

// near is false, too, if one of them is not a number.
func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

func mustModel(t testing.TB, cfg Config) *Model {
	t.Helper()
	m, err := NewModel(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func randomParams(m *Model) []float32 {
	params := make([]float32, m.Params())
	g := normal{state: 99}
	g.fill(params, 0.5)
	return params
}

func randomTokens(cfg Config, windows int) []uint16 {
	tokens := make([]uint16, windows*cfg.window())
	for i := range tokens {
		tokens[i] = uint16(hash(3, uint64(i)) % uint64(cfg.Vocab))
	}
	return tokens
}

func encode(text string) []uint16 {
	var tokens []uint16
	for i := range len(text) {
		tokens = append(tokens, uint16(text[i]))
	}
	return tokens
}

// newAdam is Adam, without decay, for tests.
func newAdam(n int) func(params, grad []float32, lr float64) {
	m, v, t := make([]float64, n), make([]float64, n), 0.0
	return func(params, grad []float32, lr float64) {
		t++
		a, b := 1-math.Pow(0.9, t), 1-math.Pow(0.95, t)
		for i, g := range grad {
			m[i] = 0.9*m[i] + 0.1*float64(g)
			v[i] = 0.95*v[i] + 0.05*float64(g)*float64(g)
			params[i] -= float32(lr * m[i] / a / (math.Sqrt(v[i]/b) + 1e-8))
		}
	}
}
