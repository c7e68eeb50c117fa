package ptx

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// The sum of each block is that of Dot, to the bit, and the last block may be short.
func TestDot(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{0, 1, 15, 16, 17, 111, 112, 113, 128, 129, 4095, 4096, 4097, 8193, 3*4096 + 1003} {
		dotAll(t, interpreter, r, n)
	}
}

// dotAll has products of n elements summed, of all kinds.
func dotAll(t *testing.T, run machine, r *rand.Rand, n int) {
	t.Helper()
	for _, v := range [][2][]float32{
		{within(r, n, 1), within(r, n, 1)},
		{within(r, n, math.MaxFloat32), within(r, n, math.MaxFloat32)},
		{within(r, n, 0x1p-140), within(r, n, 0x1p-140)},
		{values(r, n), values(r, n)},
	} {
		x, y := toBytes(v[0]), toBytes(v[1])
		for grid := 1; grid <= 2; grid++ {
			sums(t, run, grid, x, y)
			sums(t, run, grid, x, x)
		}
	}
}

func sums(t *testing.T, run machine, grid int, x, y []byte) {
	t.Helper()
	n := len(x) / 4
	got := make([]byte, 8*((n+4095)/4096))
	written := run(t, "dot", grid, 32*grid, [][]byte{x, y, got}, n, nil)
	sum := 0.0
	for i := range len(got) / 8 {
		lo, hi := 4*4096*i, min(4*4096*(i+1), len(x))
		s := math.Float64frombits(binary.LittleEndian.Uint64(got[8*i:]))
		sum += s
		equal(t, n, s, kernels.Dot(toFloats(x[lo:hi]), toFloats(y[lo:hi])))
	}
	equal(t, n, sum, kernels.Dot(toFloats(x), toFloats(y)))
	if written != nil && written[2] != len(got) {
		t.Fatalf("%d elements: %d bytes of %d are written", n, written[2], len(got))
	}
}

// equal compares bits; all NaNs are one.
func equal(t *testing.T, n int, got, want float64) {
	t.Helper()
	if math.Float64bits(got) != math.Float64bits(want) && (got == got || want == want) {
		t.Fatalf("%d elements: the sum is %g, want %g", n, got, want)
	}
}

// One NaN or infinity, wherever it is, sets the flag; without one nothing is written.
func TestFinite(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{0, 1, 3, 4, 5, 127, 131} {
		finiteAll(t, interpreter, r, n)
	}
}

// finiteAll looks for a flaw at each of n places, for none, and for many.
func finiteAll(t *testing.T, run machine, r *rand.Rand, n int) {
	t.Helper()
	x := within(r, n, math.MaxFloat32)
	flawed(t, run, x)
	for i := range x {
		x[i] = math.Float32frombits([]uint32{0x7f800000, 0xff800000, 0x7f800001, 0xffc00000}[i%4])
		flawed(t, run, x)
		x[i] = specials[i%12] // those that are finite
	}
	for i := range x {
		x[i] = float32(math.Inf(1)) // all threads write
	}
	flawed(t, run, x)
}

func flawed(t *testing.T, run machine, x []float32) {
	t.Helper()
	flag := make([]byte, 4)
	written := run(t, "finite", 2, 64, [][]byte{toBytes(x), flag}, len(x), nil)
	want := uint32(1)
	if kernels.Finite(x) {
		want = 0
	}
	if got := binary.LittleEndian.Uint32(flag); got != want || want == 0 && written != nil && written[1] != 0 {
		t.Fatalf("%d elements: the flag is %d, want %d", len(x), got, want)
	}
}
