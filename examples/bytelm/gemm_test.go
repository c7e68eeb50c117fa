package bytelm

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"testing"
)

// TestMultiply holds products of every kind, at sizes within and beyond a tile and a
// block, with rows further apart than they are long, against the three loops, in the
// order of the law of multiply: every bit.
func TestMultiply(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {2, 16, 5}, {3, 5, 7}, {4, 32, 2}, {5, 17, 3}, {12, 48, 256}, {33, 193, 20}, {70, 40, 600}} {
		for _, transA := range []bool{false, true} {
			for _, transB := range []bool{false, true} {
				for _, add := range []bool{false, true} {
					name := fmt.Sprint(s, transA, transB, add)
					onEach(t, name, func(t *testing.T) { testMultiply(t, s[0], s[1], s[2], transA, transB, add) })
				}
			}
		}
	}
}

func testMultiply(t *testing.T, m, n, k int, transA, transB, add bool) {
	const gap = 3
	next := normal{state: 4}
	of := func(height, width int, trans bool) matrix {
		if trans {
			height, width = width, height
		}
		v := make([]float32, height*(width+gap))
		next.fill(v, 1)
		if trans {
			return transposed(v, width+gap)
		}
		return matrixOf(v, width+gap)
	}
	a, b, c := of(m, k, transA), of(k, n, transB), of(m, n, false)
	want := slices.Clone(c.v)
	for i := range m {
		for j := range n {
			at := i*c.row + j
			if !add {
				want[at] = 0
			}
			for l := range k {
				want[at] += float32(a.v[i*a.row+l*a.column] * b.v[l*b.row+j*b.column])
			}
		}
	}
	new(gemm).multiply(m, n, k, a, b, c.v, c.row, add)
	if !sameBits(c.v, want) {
		t.Error("the product differs from that of the three loops")
	}
}

// TestSameBitsEverywhere trains a model for some steps: the bits of the result are those of
// every processor.
func TestSameBitsEverywhere(t *testing.T) {
	const want = 0x343346ba
	onEach(t, "", func(t *testing.T) {
		cfg := Config{Vocab: 100, Context: 21, Width: 24, Heads: 2, Layers: 2, Hidden: 52}
		m := mustModel(t, cfg)
		params, grad, tokens, r := randomParams(m), make([]float32, m.Params()), randomTokens(cfg, 7), m.NewRunner(3)
		sum := crc32.NewIEEE()
		for range 4 {
			r.Gradient(grad, params, tokens)
			for i, g := range grad {
				params[i] -= float32(0.25 * g)
				var word [4]byte
				binary.LittleEndian.PutUint32(word[:], math.Float32bits(params[i]))
				_, _ = sum.Write(word[:])
			}
		}
		if sum.Sum32() != want {
			t.Errorf("checksum of the parameters is %#x, want %#x", sum.Sum32(), want)
		}
	})
}
