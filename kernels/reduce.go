package kernels

import (
	"math"
	"slices"

	"github.com/halos-go/sdk/kernels/backend"
)

// block is the number of elements that [Dot] sums by themselves.
const block = 4096

// Dot is the inner product of x and y in float64, summed in this order.
//
// The vectors are cut into blocks of 4096 elements; the last one may be shorter.
// A block is summed in 16 lanes that begin at zero: its element j is added to
// lane j mod 16, in rising j. Then the lanes are folded by halves,
//
//	for w := 8; w > 0; w /= 2 {
//		for j := range w { lane[j] += lane[j+w] }
//	}
//
// and lane 0 is the block's sum. The sums of the blocks are added in order,
// beginning at zero. The sum does not overflow. It is NaN if a [Backend] that x or y is
// in has failed.
//
// Blocks may therefore be summed by different threads, and lanes be those of a
// vector unit of any width up to 16. Products of two float32 are exact in
// float64, so a fused multiply-add gives the same bits.
func Dot(x, y []float32) float64 {
	same(len(x), len(y))
	if b := backend.Of(x, y); b != nil {
		if Where(x) == Where(y) {
			return b.Dot(x, y)
		}
		return dotElsewhere(x, y)
	}
	blocks := (len(x) + block - 1) / block
	if threads(len(x)) == 1 {
		sum := 0.0
		for b := range blocks {
			sum += dotBlock(x, y, b)
		}
		return sum
	}
	t := newTeam()
	t.x, t.y = x, y
	t.sums = slices.Grow(t.sums[:0], blocks)[:blocks]
	t.run(len(x), (*team).dot)
	sum := 0.0
	for _, s := range t.sums {
		sum += s
	}
	t.release()
	return sum
}

// dotElsewhere takes the product in ordinary memory. If a Backend has failed its vector
// is lost, and the product is NaN.
func dotElsewhere(x, y []float32) float64 {
	a, b := Ordinary(x), Ordinary(y)
	sum := Dot(a, b)
	recycleCopy(a, x)
	recycleCopy(b, y)
	if Where(x).Err() != nil || Where(y).Err() != nil {
		return math.NaN()
	}
	return sum
}

// Norm is the L2 norm of x in float64: the root of Dot(x, x).
func Norm(x []float32) float64 {
	return math.Sqrt(Dot(x, x))
}

// Clip limits the L2 norm of g and returns the norm that it had:
//
//	norm := Norm(g)
//	if f := bound / (norm + 1e-6); !(f >= 1) { Scale(g, f) }
//
// bound must be positive. An f below 2^-126, the smallest normal float32, is applied
// in several steps, which keeps its precision. If g has an element that is not finite, g is
// not usable afterwards, and the norm says so: a NaN makes the norm and all of g NaN;
// an infinity makes the norm infinite, itself NaN, and the finite elements 0. This is
// what torch.nn.utils.clip_grad_norm_ does, and it is so in every Backend. An update that
// is made of such a g is not finite either, and the roles refuse it.
func Clip(g []float32, bound float64) (norm float64) {
	norm = Norm(g)
	f := bound / (norm + 1e-6)
	if f >= 1 {
		return norm
	}
	for f > 0 && f < 0x1p-126 {
		Scale(g, 0x1p-64)
		f *= 0x1p64
	}
	Scale(g, f)
	return norm
}

// Finite reports whether x has neither a NaN nor an infinity.
func Finite(x []float32) bool {
	if b := backend.Of(x); b != nil {
		return b.Finite(x)
	}
	if len(x) < few {
		return finiteGeneric(x)
	}
	return finiteHere(x)
}

// finiteHere is Finite of many elements in ordinary memory.
func finiteHere(x []float32) bool {
	if threads(len(x)) == 1 {
		return finite(x)
	}
	t := newTeam()
	t.x = x
	t.infinite.Store(false)
	t.run(len(x), (*team).finite)
	ok := !t.infinite.Load()
	t.release()
	return ok
}

func (t *team) dot(lo, hi int) {
	for b := lo / block; b*block < hi; b++ {
		t.sums[b] = dotBlock(t.x, t.y, b)
	}
}

// finite skips a piece if another has a flaw.
func (t *team) finite(lo, hi int) {
	if !t.infinite.Load() && !finite(t.x[lo:hi]) {
		t.infinite.Store(true)
	}
}

// dotBlock is the sum of block b.
func dotBlock(x, y []float32, b int) float64 {
	lo, hi := b*block, min((b+1)*block, len(x))
	x, y = x[lo:hi], y[lo:hi]
	var lane [16]float64
	whole := len(x) &^ 15
	dotLanes(&lane, x[:whole], y[:whole])
	for j, xj := range x[whole:] {
		lane[j] += float64(float64(xj) * float64(y[whole+j]))
	}
	for w := len(lane) / 2; w > 0; w /= 2 {
		for j := range w {
			lane[j] += lane[j+w]
		}
	}
	return lane[0]
}

// finite looks at whole groups of 32 elements, up to 4096 elements at a time, and then at
// the rest. It stops after the first flaw.
func finite(x []float32) bool {
	for len(x) >= 32 {
		piece := x[:min(block, len(x)&^31)]
		if !finiteGroups(piece) {
			return false
		}
		x = x[len(piece):]
	}
	return finiteGeneric(x)
}
