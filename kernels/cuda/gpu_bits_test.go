//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

// large is the number of elements from which not every way to run every op is tried.
const large = 1 << 24

// G2: every update by the one-pass kernels has the bits that it has on the CPU, and
// writes all that it should and no more.
func TestGPUBits(t *testing.T) {
	e := onGPU(t)
	b := theBackend(t, "cuda:0")
	ops, packed, encoded, reduced := 0, 0, 0, 0
	for _, n := range e.sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := newStand(t, b, n)
			for _, op := range backend.Ops() {
				ops += s.vectors(t, op)
				packed += s.forms(t, op)
			}
			encoded += s.encoded(t)
			reduced += s.reduced(t)
		})
	}
	say("G2", "ops", "runs", ops, "largest", e.sizes[len(e.sizes)-1], "failed", t.Failed())
	say("G2", "forms", "runs", packed, "failed", t.Failed())
	say("G2", "encode", "runs", encoded, "failed", t.Failed())
	say("G2", "reductions", "runs", reduced, "failed", t.Failed())
}

// vectors runs op on vectors, and returns how often.
func (s *stand) vectors(t *testing.T, op backend.Op) (runs int) {
	t.Helper()
	for _, at := range []place{resident, host} {
		if at == host && (s.n >= large && !mainly(op) || len(op.Vectors()) == op.Changed()) {
			continue
		}
		runs++
		if err := s.op(op, at, 0); err != nil {
			t.Errorf("%v, last vector in ordinary memory %v: %v", op, at, err)
		}
	}
	return runs
}

// forms runs op on a packed vector.
func (s *stand) forms(t *testing.T, op backend.Op) (runs int) {
	t.Helper()
	if !packs(op) || s.n >= large && !mainly(op) && op != backend.OpCopy {
		return 0
	}
	for _, f := range forms {
		runs++
		if err := s.op(op, resident, f); err != nil {
			t.Errorf("%v of %v: %v", op, f, err)
		}
	}
	return runs
}

func (s *stand) encoded(t *testing.T) (runs int) {
	t.Helper()
	for _, f := range forms {
		for _, residual := range []bool{true, false} {
			runs++
			if err := s.encode(f, residual); err != nil {
				t.Errorf("%v, residual %v: %v", f, residual, err)
			}
		}
	}
	return runs
}

// reduced is about what is one number: the sum of products has an order, and a single
// infinity anywhere counts.
func (s *stand) reduced(t *testing.T) (runs int) {
	t.Helper()
	s.tame()
	x, y := s.here[0][:s.n], s.here[1][:s.n]
	if got, want := s.b.Dot(s.there[0][:s.n], s.there[1][:s.n]), kernels.Dot(x, y); math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("dot is %v, want %v", got, want)
	}
	if !s.b.Finite(s.there[0][:s.n]) {
		t.Error("finite numbers are not finite")
	}
	at := s.r.IntN(s.n)
	kernels.Copy(s.there[0][at:at+1], []float32{float32(math.Inf(-1))})
	if s.b.Finite(s.there[0][:s.n]) {
		t.Errorf("all are finite, and element %d is not", at)
	}
	return 3
}

// packs reports whether the last vector of op may be packed.
func packs(op backend.Op) bool {
	names := op.Vectors()
	return op == backend.OpCopy || names[0] != "dst" && len(names) > 1
}

// mainly reports whether op is one whose last vector comes from the network in the main.
func mainly(op backend.Op) bool {
	switch op {
	case backend.OpDelayedFirst, backend.OpDelayedPlain, backend.OpDelayedStep, backend.OpMixBase:
		return true
	}
	return false
}

// All that every Backend must do, on the device.
func TestGPUSuite(t *testing.T) {
	onGPU(t)
	for name, p := range map[string]kerneltest.Precision{"cuda:0": kerneltest.Exact, "cublas:0": kerneltest.Rounded} {
		t.Run(strings.TrimSuffix(name, ":0"), func(t *testing.T) {
			theBackend(t, name) // if there is one
			kerneltest.Run(t, p, func(t testing.TB) kernels.Backend { return theBackend(t, name) })
		})
	}
}

// apart is how far cuBLAS may be from the CPU, in units of 2^-24 of the absolute values
// that an element is the sum of: no update rounds one more than six times on either way.
const apart = 12

// G3: with cuBLAS an element differs by rounding only. kerneltest compares with sums in
// float64, to four units; this compares long vectors, among which are worse ones.
func TestGPUBound(t *testing.T) {
	e := onGPU(t)
	b := theBackend(t, "cublas:0")
	runs, worst := 0, 0.0
	for _, n := range e.sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := newStand(t, b, n)
			s.tame()
			for _, op := range []backend.Op{
				backend.OpDelayedFirst, backend.OpDelayedFirstC, backend.OpDelayedPlain, backend.OpDelayedPlain4, backend.OpDelayedPlainC, backend.OpDelayedStep,
				backend.OpSGD, backend.OpHeavyBall, backend.OpNesterov, backend.OpMix, backend.OpMixBase, backend.OpMean2,
			} {
				runs++
				units, err := s.bounded(op)
				if err != nil {
					t.Errorf("%v: %v", op, err)
				}
				worst = max(worst, units)
			}
		})
	}
	say("G3", "ops", "runs", runs, "worst", worst, "allowed", apart, "failed", t.Failed())
}

// tame leaves no special values in the vectors: there are no bounds for a sum with an
// infinity, and among subnormals a rounding is as large as what is rounded.
func (s *stand) tame() {
	for i := range s.here {
		kernels.Split(s.n, func(lo, hi int) {
			for j, x := range s.here[i][lo:hi] {
				if size := math.Abs(float64(x)); x != 0 && !(size > 0x1p-60 && size < 0x1p20) {
					s.here[i][lo+j] = float32(j%7) - 3
				}
			}
		})
		kernels.Copy(s.there[i], s.here[i])
	}
}

// bounded runs op in both places and returns the largest difference, in units of 2^-24
// of the sum of the absolute values of its terms. That is what op makes of the absolute
// values of all vectors, if it adds where it subtracts.
func (s *stand) bounded(op backend.Op) (units float64, err error) {
	numbers := s.numbers(op)
	here, there := s.calls(op, numbers, resident, 0)
	kernels.CPU{}.Run(here)
	s.b.Run(there)
	sums := backend.Call{Op: op, Numbers: absolute(op, numbers)}
	for i := range op.Vectors() {
		sums.Vectors[i] = kernels.Make(s.n)
		defer kernels.Recycle(sums.Vectors[i])
		kernels.Split(s.n, func(lo, hi int) {
			for j := lo; j < hi; j++ {
				sums.Vectors[i][j] = float32(math.Abs(float64(s.here[i][j])))
			}
		})
	}
	kernels.CPU{}.Run(sums)
	for i := range op.Changed() {
		kernels.Copy(s.back, s.got[i])
		if at, ok := sameBits(s.back[s.n:], s.want[i][s.n:]); !ok {
			return 0, fmt.Errorf("%s[%d] of %d is touched", op.Vectors()[i], s.n+at, s.n)
		}
		units = max(units, furthest(s.back[:s.n], s.want[i], sums.Vectors[i]))
	}
	if units > apart {
		return units, fmt.Errorf("%d elements: an error of %.1f units, want at most %d", s.n, units, apart)
	}
	return units, s.b.Err()
}

// absolute makes the numbers of an op those with which it sums absolute values.
func absolute(op backend.Op, numbers [8]float32) [8]float32 {
	for i, name := range op.Numbers() {
		numbers[i] = float32(math.Abs(float64(numbers[i])))
		if strings.HasPrefix(name, "lr") {
			numbers[i] = -numbers[i]
		}
	}
	return numbers
}

// furthest is the largest difference, where size is one, in units of 2^-24.
func furthest(got, want, size []float32) float64 {
	parts := make(chan float64, 1+len(got)/1024)
	kernels.Split(len(got), func(lo, hi int) {
		worst := 0.0
		for i := lo; i < hi; i++ {
			d := math.Abs(float64(got[i]) - float64(want[i]))
			if d != d { // a NaN is as wrong as can be
				d = math.Inf(1)
			}
			if d > 0 {
				worst = max(worst, d/float64(size[i])*0x1p24)
			}
		}
		parts <- worst
	})
	close(parts)
	worst := 0.0
	for w := range parts {
		worst = max(worst, w)
	}
	return worst
}
