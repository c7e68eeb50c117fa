package kerneltest

import (
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// roundingTo computes in float64 and rounds once, to so many bits: what a library does
// that fuses all it can, and one that fuses too little.
func roundingTo(unit float32) func() kernels.Backend {
	return breaks(func(b *broken) {
		b.run = func(c backend.Call) {
			names := c.Op.Vectors()
			if c.Op == backend.OpCopy || len(c.Vectors[0]) == 0 || differ(c, len(names)) {
				b.Untouchable.Run(c)
				return
			}
			v := make([][]float32, len(names))
			for i := range v {
				v[i] = b.elements(c.Vectors[i])
			}
			if c.Form != 0 {
				v[len(v)-1] = make([]float32, len(v[0]))
				kernels.Decode(v[len(v)-1], c.Form, c.Packed)
			}
			for k, result := range bounds(c.Op, v, c.Numbers) {
				for i, r := range result {
					v[k][i] = float32(r.value) * (1 + unit)
				}
			}
		}
	})
}

// differ reports whether the lengths of the operands of c do.
func differ(c backend.Call, all int) bool {
	n := len(c.Vectors[0])
	if c.Form != 0 {
		all--
		if len(c.Packed) != c.Form.Size(n) {
			return true
		}
	}
	for _, v := range c.Vectors[:all] {
		if len(v) != n {
			return true
		}
	}
	return false
}

// TestFusedIsRounded holds a Backend that is better than the CPU to both precisions.
func TestFusedIsRounded(t *testing.T) {
	fused := roundingTo(0)
	for _, l := range laws {
		if err := l.check(Rounded, fused(), true); err != nil && !l.exact {
			t.Errorf("%s does not allow what is fused: %v", l.name, err)
		}
	}
	if err := find(t, "OpsOnVectors").check(Exact, fused(), true); err == nil {
		t.Error("it passes as exact")
	}
}

// TestCoarseIsNotRounded holds the bound to what it should not let through.
func TestCoarseIsNotRounded(t *testing.T) {
	coarse := roundingTo(0x1p-20)
	for _, name := range []string{"OpsOnVectors", "OpsOnSlices", "OperandsInMemory", "ResultsInMemory", "ResultsInPlace", "PackedOperands"} {
		err := find(t, name).check(Rounded, coarse(), true)
		if err == nil || !strings.Contains(err.Error(), "give or take") {
			t.Errorf("%s of results that are coarse says: %v", name, err)
		}
	}
}

// TestBounds works out by hand what ops make of ones, with ones as numbers, and how
// many terms these are.
func TestBounds(t *testing.T) {
	for op, want := range map[backend.Op][]term{
		backend.OpDelayedPlain4: {{1 - 4, 5}, {5, 5}},
		backend.OpDelayedStep:   {{1 - (3 + 1), 1 + 2*3 + 1}, {1 + (1 + 1), 3}},
		backend.OpHeavyBall:     {{1 - 2, 1 + 2*2}, {2, 2}},
		backend.OpNesterov:      {{1 - (1 + 2), 1 + 1 + 2*2}, {2, 2}},
		backend.OpMixCarry:      {{2, 2}, {2 - 0, 2 + 2}},
		backend.OpReplayCarry:   {{1, 3}, {1, 5}},
		backend.OpMean3:         {{3, 3}},
		backend.OpAdamW:         {{1 - (1 + 2/(math.Sqrt2+1)), 1 + 1 + 4*2/(math.Sqrt2+1)}, {2, 2}, {2, 2}},
	} {
		var v [][]float32
		for range op.Vectors() {
			v = append(v, []float32{1})
		}
		for k, got := range bounds(op, v, [8]float32{1, 1, 1, 1, 1, 1, 1, 1}) {
			if size := got[0].slack / rounding; math.Abs(got[0].value-want[k].value)+math.Abs(size-want[k].size) > 1e-9 {
				t.Errorf("%v makes %v of ones, of size %v; want %v", op, got[0].value, size, want[k])
			}
		}
	}
}
