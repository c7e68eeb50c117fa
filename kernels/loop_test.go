package kernels

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

// on makes the rest of a test use the loops of a level.
func on(t testing.TB, l isa.Level) {
	was := isa.Now
	isa.Now = l
	t.Cleanup(func() { isa.Now = was })
}

// sameBits runs an op in Go and in the assembly of all levels on in, whose vectors
// begin at offset in memory that is aligned, and compares all that they leave.
func sameBits(t *testing.T, k backend.Op, in [][]float32, s [8]float32, offset int, stream bool) {
	t.Helper()
	n := len(in[0])
	want := args{s: s}
	for i, v := range in {
		want.v[i] = slices.Clone(v)
	}
	runGeneric(k, &want)
	for _, level := range isa.All()[1:] {
		isa.Now = level
		got := args{s: s, stream: stream}
		if k.Divides() {
			got.inverse = inverse(s[0])
		}
		intact := make([]func() bool, len(in))
		for i, v := range in {
			got.v[i], intact[i] = guarded(n, (offset+3*i)%16)
			copy(got.v[i], v)
		}
		runBest(k, &got)
		for i := range in {
			for j := range n {
				if !equal(got.v[i][j], want.v[i][j]) {
					t.Fatalf("op %d on %s, %d elements at %d, stream %t: vector %d[%d] is %g (%#x), in Go %g (%#x)", k, level, n, offset, stream,
						i, j, got.v[i][j], math.Float32bits(got.v[i][j]), want.v[i][j], math.Float32bits(want.v[i][j]))
				}
			}
			if !intact[i]() {
				t.Fatalf("op %d on %s, %d elements at %d, stream %t: written outside vector %d", k, level, n, offset, stream, i)
			}
		}
	}
}

// Every op, at every length up to some registers, from every alignment.
func TestLoops(t *testing.T) {
	on(t, isa.Now)
	r := rand.New(rand.NewPCG(8, 9))
	for k := range shapes {
		for n := range 131 {
			in := make([][]float32, shapes[k].vectors)
			for i := range in {
				in[i] = make([]float32, n)
				for j := range in[i] {
					in[i][j] = value(r)
				}
			}
			for offset := range 16 {
				divisor := 1 + r.IntN(16)
				s := [8]float32{float32(divisor), 0.3, 0.9, 0.1, 1e-3, 0.999, 1e-8}
				if offset == 15 {
					s = [8]float32{float32(divisor), 0, float32(math.Inf(1)), 0, float32(math.NaN()), 1, -0.5}
				}
				sameBits(t, backend.Op(k), in, s, offset, offset%2 == n%2)
			}
		}
	}
}

// So do sums and the search for flaws, which see nothing beyond the end.
func TestReductions(t *testing.T) {
	on(t, isa.Now)
	r := rand.New(rand.NewPCG(6, 6))
	nan := float32(math.NaN())
	for n := range 131 {
		for offset := range 16 {
			all, other := make([]float32, n+48), make([]float32, n+48)
			for i := range all {
				all[i], other[i] = nan, nan
			}
			x, y := all[offset:offset+n], other[(offset*5)%16:][:n]
			for i := range x {
				x[i], y[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
			}
			isa.Now = isa.Generic
			want := Dot(x, y)
			for _, isa.Now = range isa.All()[1:] {
				if got := Dot(x, y); got != want {
					t.Fatalf("%s: dot of %d elements at %d is %v, in Go %v", isa.Now, n, offset, got, want)
				}
				if !Finite(x) {
					t.Fatalf("%s: %d finite elements at %d are called not finite", isa.Now, n, offset)
				}
				if n > 0 {
					i := r.IntN(n)
					old := x[i]
					x[i] = specials[12+r.IntN(3)]
					if Finite(x) {
						t.Fatalf("%s: %v at %d of %d is not seen", isa.Now, x[i], i, n)
					}
					x[i] = old
				}
			}
		}
	}
}

func FuzzLoops(f *testing.F) {
	f.Add(uint8(0), uint8(3), 16, float32(0.3), float32(0.9), false, []byte("0123456789abcdef0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, which, offset uint8, divisor int, a, b float32, stream bool, data []byte) {
		on(t, isa.Now)
		k := backend.Op(int(which) % len(shapes))
		in := make([][]float32, shapes[k].vectors)
		n := len(data) / 4 / len(in)
		for i := range in {
			in[i] = make([]float32, n)
			for j := range in[i] {
				in[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*(i*n+j):]))
			}
		}
		sameBits(t, k, in, [8]float32{float32(divisor), a, b, -a, -b, a, b}, int(offset), stream)
	})
}

// A multiplication stands for a division only where it is the same.
func TestInverse(t *testing.T) {
	for n := range 70 {
		power := n > 0 && n&(n-1) == 0
		if got := inverse(float32(n)); (got != 0) != power || power && got*float32(n) != 1 {
			t.Errorf("inverse of %d is %v", n, got)
		}
	}
	for _, n := range []float32{float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32, -3} {
		if got := inverse(n); got != 0 {
			t.Errorf("inverse of %v is %v", n, got)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		x, n := math.Float32frombits(r.Uint32()), float32(int(1)<<r.IntN(31))
		if got, want := x*inverse(n), x/n; !equal(got, want) {
			t.Fatalf("%g / %g is %g by the inverse, want %g", x, n, got, want)
		}
	}
}

// Split covers everything once, in pieces that begin where it says.
func TestSplit(t *testing.T) {
	for _, most := range []int{0, 1, 2, 3, 8} {
		t.Cleanup(func() { Limit(0) })
		Limit(most)
		for _, n := range []int{0, 1, grain - 1, grain, grain + 1, 5*grain + 77} {
			seen := make([]uint8, n)
			Split(n, func(lo, hi int) {
				if lo%grain != 0 || hi-lo > grain || hi != n && hi-lo != grain {
					t.Errorf("limit %d, %d elements: piece from %d to %d", most, n, lo, hi)
				}
				for i := lo; i < hi; i++ {
					seen[i]++
				}
			})
			if slices.Max(append(seen, 1)) != 1 || slices.Min(append(seen, 1)) != 1 {
				t.Errorf("limit %d, %d elements: not covered once", most, n)
			}
		}
	}
	if old := Limit(0); old != 8 {
		t.Errorf("the limit was %d, want 8", old)
	}
	if old := Limit(-1); old != 0 {
		t.Errorf("the limit was %d, want 0", old)
	}
}

// whole runs every function of the package on large vectors, copies of in, and
// returns what they leave.
func whole(in [][]float32) (left [][]float32, numbers []float64) {
	for _, f := range formulas {
		vs := make([][]float32, f.vectors)
		for k := range vs {
			vs[k] = slices.Clone(in[k])
		}
		f.run(vs, usual)
		left = append(left, vs[:f.changed]...)
	}
	y := slices.Clone(in[1])
	numbers = append(numbers, Dot(in[0], y), Norm(y), Clip(y, 1))
	return append(left, y), numbers
}

// The bits do not depend on who does the work.
func TestThreads(t *testing.T) {
	t.Cleanup(func() { Limit(0) })
	on(t, isa.Generic)
	in := make([][]float32, 9)
	for k := range in {
		in[k] = vector(uint64(k), 2*grain+1234)
	}
	Limit(1)
	want, wantNumbers := whole(in)
	for _, isa.Now = range isa.All() {
		for most := 1; most <= 8; most++ {
			if testing.Short() && most != 3 {
				continue
			}
			Limit(most)
			got, numbers := whole(in)
			if !slices.Equal(numbers, wantNumbers) {
				t.Errorf("%s, %d threads: sums are %v, want %v", isa.Now, most, numbers, wantNumbers)
			}
			for k := range want {
				if !slices.EqualFunc(got[k], want[k], equal) {
					t.Errorf("%s, %d threads: vector %d differs", isa.Now, most, k)
				}
			}
		}
	}
}

func TestFiniteOfLarge(t *testing.T) {
	x := append(make([]float32, 3*grain+99), float32(math.NaN()))
	x = x[:len(x)-1] // beyond the end: not seen
	if !Finite(x) {
		t.Error("zeros are called not finite")
	}
	for _, i := range []int{0, grain, 2*grain + 5, len(x) - 1} {
		x[i] = float32(math.Inf(-1))
		if Finite(x) {
			t.Errorf("an infinity at %d is not seen", i)
		}
		x[i] = 0
		if !Finite(x) { // a team that is used again has forgotten
			t.Errorf("an infinity that was at %d is still seen", i)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops what it is given, at random")
	}
	t.Cleanup(func() { Limit(0) })
	Limit(3)
	for _, n := range []int{1000, 3 * grain} {
		vs := make([][]float32, 9)
		for k := range vs {
			vs[k] = make([]float32, n)
		}
		for _, f := range formulas {
			of := vs[:f.vectors]
			if allocs := testing.AllocsPerRun(10, func() { f.run(of, usual) }); allocs != 0 {
				t.Errorf("%s of %d allocates %v times", f.name, n, allocs)
			}
		}
		if allocs := testing.AllocsPerRun(10, func() { Clip(vs[0], 1+Dot(vs[0], vs[1])); Finite(vs[2]) }); allocs != 0 {
			t.Errorf("Clip, Dot, Finite of %d allocate %v times", n, allocs)
		}
	}
}

// BenchmarkLoops compares the levels in the cache; kernels/bench measures the rest.
func BenchmarkLoops(b *testing.B) {
	const n = 1 << 13
	for _, l := range isa.All() {
		for _, f := range formulas {
			b.Run(fmt.Sprintf("%s/%s", f.name, l), func(b *testing.B) {
				on(b, l)
				vs := make([][]float32, f.vectors)
				for k := range vs {
					vs[k] = vector(uint64(k), n)
				}
				h := hyper{lr: 1e-6, a: 0.9, b: 0.95, n: 16}
				if f.name == "Scale" {
					h.a = 1 // else the vector soon is all denormals, which are slow
				}
				b.SetBytes(int64(n * f.traffic))
				for b.Loop() {
					f.run(vs, h)
				}
			})
		}
	}
}
