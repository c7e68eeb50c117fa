package kernels

import (
	"math"
	"math/rand/v2"
)

// The oracle does one element at a time, each operation in float64 and then
// rounded: float64 has more than twice the digits of float32, so rounding twice
// gives the same as rounding once, and no compiler can fuse across it.

func add(a, b float32) float32 { return float32(float64(a) + float64(b)) }
func sub(a, b float32) float32 { return float32(float64(a) - float64(b)) }
func mul(a, b float32) float32 { return float32(float64(a) * float64(b)) }
func div(a, b float32) float32 { return float32(float64(a) / float64(b)) }
func root(a float32) float32   { return float32(math.Sqrt(float64(a))) }

// hyper is the hyper-parameters of a kernel; not every formula uses all.
type hyper struct {
	lr, a, b float64
	n        int
}

// A formula is a kernel under test: run works on whole vectors, oracle on element i
// of each, in the same order. The first changed of them may change.
type formula struct {
	name    string
	vectors int
	changed int
	traffic int // bytes an element
	run     func(v [][]float32, h hyper)
	oracle  func(x []float32, h hyper)
}

var formulas = []formula{
	{"DelayedFirst", 3, 2, 16,
		func(v [][]float32, h hyper) { DelayedFirst(v[0], v[1], v[2], h.lr, h.n) },
		func(x []float32, h hyper) {
			x[1] = x[2]
			x[0] = sub(x[0], mul(float32(h.lr), div(x[2], float32(h.n))))
		}},
	{"DelayedFirstC", 4, 2, 20,
		func(v [][]float32, h hyper) { DelayedFirstC(v[0], v[1], v[2], v[3], h.lr, h.a, h.n) },
		func(x []float32, h hyper) {
			x[1] = x[3]
			x[0] = sub(x[0], mul(float32(h.lr), add(mul(float32(h.a), x[2]), div(x[3], float32(h.n)))))
		}},
	{"DelayedPlain", 3, 2, 20,
		func(v [][]float32, h hyper) { DelayedPlain(v[0], v[1], v[2], h.lr, h.n) },
		func(x []float32, h hyper) { plain(x, x[2], h.lr, h.n) }},
	{"DelayedPlains", 9, 2, 64, // four in one pass and three
		func(v [][]float32, h hyper) {
			DelayedPlains(v[0], v[1], []Gradient{{v[2], h.lr}, {v[3], h.a}, {v[4], h.b}, {v[5], 1}, {v[6], -h.lr}, {v[7], 2 * h.lr}, {v[8], h.a}}, h.n)
		},
		func(x []float32, h hyper) {
			for k, lr := range []float64{h.lr, h.a, h.b, 1, -h.lr, 2 * h.lr, h.a} {
				plain(x, x[2+k], lr, h.n)
			}
		}},
	{"DelayedPlainC", 4, 2, 24,
		func(v [][]float32, h hyper) { DelayedPlainC(v[0], v[1], v[2], v[3], h.lr, h.a, h.n) },
		func(x []float32, h hyper) {
			x[1] = add(x[1], x[3])
			x[0] = sub(x[0], mul(float32(h.lr), add(mul(float32(h.a), x[2]), div(x[3], float32(h.n)))))
		}},
	{"DelayedStep", 4, 2, 24,
		func(v [][]float32, h hyper) { DelayedStep(v[0], v[1], v[2], v[3], h.lr, h.a, h.b, h.n) },
		func(x []float32, h hyper) {
			x[1] = add(mul(float32(h.a), x[1]), div(add(x[2], x[3]), float32(h.n)))
			x[0] = sub(x[0], mul(float32(h.lr), add(mul(float32(h.b), x[1]), div(x[3], float32(h.n)))))
		}},
	{"SGD", 2, 1, 12,
		func(v [][]float32, h hyper) { SGD(v[0], v[1], h.lr) },
		func(x []float32, h hyper) { x[0] = sub(x[0], mul(float32(h.lr), x[1])) }},
	{"HeavyBall", 3, 2, 20,
		func(v [][]float32, h hyper) { HeavyBall(v[0], v[1], v[2], h.lr, h.a) },
		func(x []float32, h hyper) {
			x[1] = add(mul(float32(h.a), x[1]), x[2])
			x[0] = sub(x[0], mul(float32(h.lr), x[1]))
		}},
	{"Nesterov", 3, 2, 20,
		func(v [][]float32, h hyper) { Nesterov(v[0], v[1], v[2], h.lr, h.a) },
		func(x []float32, h hyper) {
			x[1] = add(mul(float32(h.a), x[1]), x[2])
			x[0] = sub(x[0], mul(float32(h.lr), add(x[2], mul(float32(h.a), x[1]))))
		}},
	{"AdamW", 4, 3, 28,
		func(v [][]float32, h hyper) { AdamW(v[0], v[1], v[2], v[3], adamStep(h)) },
		func(x []float32, h hyper) {
			s := adamStep(h)
			x[1] = add(mul(float32(s.Beta1), x[1]), mul(float32(1-s.Beta1), x[3]))
			x[2] = add(mul(float32(s.Beta2), x[2]), mul(mul(float32(1-s.Beta2), x[3]), x[3]))
			decay, step := float32(s.LR*s.Decay), float32(s.LR/s.Bias1)
			den := add(div(root(x[2]), float32(math.Sqrt(s.Bias2))), float32(s.Eps))
			x[0] = sub(x[0], add(mul(decay, x[0]), div(mul(step, x[1]), den)))
		}},
	{"Mix", 2, 1, 12,
		func(v [][]float32, h hyper) { Mix(v[0], v[1], h.a) },
		func(x []float32, h hyper) { x[0] = mixed(x[0], x[1], h.a) }},
	{"MixBase", 3, 2, 16,
		func(v [][]float32, h hyper) { MixBase(v[0], v[1], v[2], h.a) },
		func(x []float32, h hyper) { x[0] = mixed(x[0], x[2], h.a); x[1] = x[0] }},
	{"MixCarry", 3, 2, 20,
		func(v [][]float32, h hyper) { MixCarry(v[0], v[1], v[2], h.a) },
		func(x []float32, h hyper) {
			unsent := sub(x[0], x[1])
			x[0] = mixed(x[0], x[2], h.a)
			x[1] = sub(x[0], unsent)
		}},
	{"ReplayBase", 3, 2, 20,
		func(v [][]float32, h hyper) { ReplayBase(v[0], v[1], v[2]) },
		func(x []float32, h hyper) { x[0] = add(x[2], sub(x[0], x[1])); x[1] = x[0] }},
	{"ReplayCarry", 3, 2, 20,
		func(v [][]float32, h hyper) { ReplayCarry(v[0], v[1], v[2]) },
		func(x []float32, h hyper) {
			unsent := sub(x[0], x[1])
			x[0] = add(x[2], unsent)
			x[1] = sub(x[0], unsent)
		}},
	{"Copy", 2, 1, 8,
		func(v [][]float32, h hyper) { Copy(v[0], v[1]) },
		func(x []float32, h hyper) { x[0] = x[1] }},
	{"Delta", 3, 1, 12,
		func(v [][]float32, h hyper) { Delta(v[0], v[1], v[2]) },
		func(x []float32, h hyper) { x[0] = sub(x[1], x[2]) }},
	{"Mean", 4, 1, 16,
		func(v [][]float32, h hyper) { Mean(v[0], v[1], v[2], v[3]) },
		func(x []float32, h hyper) { x[0] = average(x[1:]...) }},
	{"Mean of 6", 7, 1, 28,
		func(v [][]float32, h hyper) { Mean(v[0], v[1:]...) },
		func(x []float32, h hyper) { x[0] = average(x[1:]...) }},
	{"Scale", 1, 1, 8,
		func(v [][]float32, h hyper) { Scale(v[0], h.a) },
		func(x []float32, h hyper) { x[0] = mul(x[0], float32(h.a)) }},
}

func adamStep(h hyper) AdamWStep {
	return AdamWStep{LR: h.lr, Beta1: h.a, Beta2: h.b, Eps: 1e-8, Decay: 0.1,
		Bias1: 1 - math.Pow(h.a, 3), Bias2: 1 - math.Pow(h.b, 3)}
}

func plain(x []float32, g float32, lr float64, n int) {
	x[1] = add(x[1], g)
	x[0] = sub(x[0], mul(float32(lr), div(g, float32(n))))
}

func mixed(y, x float32, a float64) float32 {
	return add(mul(float32(1-a), y), mul(float32(a), x))
}

// specials are the values at which loops go wrong.
var specials = []float32{
	0, float32(math.Copysign(0, -1)), 1, -1,
	math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 0x1p-126, 0x1.fffffcp-127,
	math.MaxFloat32, -math.MaxFloat32, 1 + 0x1p-23, 1 - 0x1p-24,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
}

// value draws a number of any magnitude, now and then a special one.
func value(r *rand.Rand) float32 {
	switch r.IntN(8) {
	case 0:
		return specials[r.IntN(len(specials))]
	case 1:
		return math.Float32frombits(r.Uint32())
	}
	return float32(r.NormFloat64())
}

// equal compares bits; all NaNs are one.
func equal(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

const canary = 0x1.23456p7

// guarded returns a vector of n elements that is surrounded by canaries, at any
// alignment, with room behind it in its capacity; intact tells whether they live.
func guarded(n, offset int) (v []float32, intact func() bool) {
	all := make([]float32, offset+n+32)
	for i := range all {
		all[i] = canary
	}
	v = all[offset : offset+n]
	return v, func() bool {
		for i, x := range all {
			if (i < offset || i >= offset+n) && x != canary {
				return false
			}
		}
		return true
	}
}
