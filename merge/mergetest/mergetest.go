// Package mergetest checks a [merge.Accumulator] or a [merge.Merger] against the
// laws of its interface.
package mergetest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state/statetest"
	"github.com/halos-go/sdk/merge"
)

// Len is the number of parameters that the suites use, for plugs that must know it
// before Init.
const Len = 37

// RunAccumulator checks an accumulator. fresh returns a new one, always with the
// same valid hyper-parameters, on which Init has not been called; it is called many
// times. It should be due after a dozen updates at most, so that all of it is seen.
//
// The laws are those of [merge.Accumulator] and of statetest: Add, Due and Delta
// change nothing but dst, keep no slice and allocate nothing; asking Due does not
// change the answer; right after Init and Merged nothing is due; Delta overwrites
// all of dst; Carry never changes; it does the same in another Backend, from which Delta
// writes to ordinary memory, or Init refuses that; lengths below 1 are refused, and so is
// a second Init; Reset makes it as new, also from NaN; what WriteTo writes, ReadFrom
// continues, and what it refuses changes nothing.
func RunAccumulator(t *testing.T, fresh func() merge.Accumulator) {
	t.Helper()
	statetest.Run(t, Len, fresh, func(a merge.Accumulator, i int) []float32 {
		update, base, params, dst := vector(4*i), vector(4*i+1), vector(4*i+2), vector(4*i+3)
		a.Add(update)
		if !a.Due() {
			spoil(update)
			return []float32{0}
		}
		a.Delta(dst, base, params)
		a.Merged()
		seen := slices.Clone(dst)
		spoil(update, base, params, dst) // they must not be seen again
		return seen
	})
	statetest.Law(t, "lent", func(t *testing.T) {
		a := started(t, fresh)
		carry := a.Carry()
		for i := range 24 {
			update, base, params, dst := vector(4*i), vector(4*i+1), vector(4*i+2), vector(4*i+3)
			before := slices.Concat(update, base, params)
			again := slices.Clone(dst)
			spoil(dst)
			a.Add(update)
			due := a.Due()
			if a.Due() != due || a.Carry() != carry {
				t.Fatal("Due or Carry has another answer when asked again")
			}
			a.Delta(dst, base, params)
			a.Delta(again, base, params)
			if !slices.Equal(dst, again) { // nor equal if a NaN is left
				t.Fatalf("Delta depends on what was in dst: %v and %v", dst, again)
			}
			if !slices.Equal(before, slices.Concat(update, base, params)) {
				t.Fatal("Add or Delta changed what it was lent")
			}
			if due {
				a.Merged()
			}
			if due && a.Due() {
				t.Fatal("due right after Merged")
			}
		}
	})
	statetest.Elsewhere(t, Len, fresh, func(t *testing.T, b kernels.Backend, there, here merge.Accumulator) {
		want, dst := vector(0), vector(0) // both in ordinary memory
		base, params := statetest.Move(t, b, vector(1)), statetest.Move(t, b, vector(2))
		for i := range 24 {
			here.Add(vector(i))
			there.Add(vector(i))
			here.Delta(want, vector(1), vector(2))
			there.Delta(dst, base, params)
			if !slices.Equal(dst, want) {
				t.Fatalf("Delta from there is %v, from ordinary memory %v", dst, want)
			}
		}
	})
	statetest.Law(t, "begin", func(t *testing.T) {
		if started(t, fresh).Due() {
			t.Error("due right after Init")
		}
	})
	statetest.Law(t, "memory", func(t *testing.T) {
		a := started(t, fresh)
		update, base, params, dst := vector(0), vector(1), vector(2), vector(3)
		allocations := testing.AllocsPerRun(100, func() {
			a.Add(update)
			if a.Due() {
				a.Delta(dst, base, params)
				a.Merged()
			}
		})
		if allocations != 0 {
			t.Errorf("Add, Due, Delta, Merged allocate %v times", allocations)
		}
	})
}

// RunMerger checks a merger. fresh returns a new one, always with the same valid
// hyper-parameters, on which Init has not been called; it is called many times.
//
// The laws are those of [merge.Merger] and of statetest: Merge leaves global alone,
// sets base as the interface says, to the bit, and so does not change equal models
// but for rounding; it keeps no slice and allocates nothing; it does the same in
// another Backend, or Init refuses that; lengths below 1 are refused, and so is a second
// Init unless it is stateless; Reset makes it as new, also from NaN; what WriteTo writes,
// ReadFrom continues, and what it refuses changes nothing.
func RunMerger(t *testing.T, fresh func() merge.Merger) {
	t.Helper()
	statetest.Run(t, Len, fresh, func(m merge.Merger, i int) []float32 {
		local, base, global := vector(3*i), vector(3*i+1), vector(3*i+2)
		m.Merge(local, base, global, i%2 == 1)
		seen := slices.Concat(local, base)
		spoil(local, base, global) // they must not be seen again
		return seen
	})
	for _, carry := range []bool{false, true} {
		statetest.Law(t, map[bool]string{false: "base", true: "base with carry"}[carry], func(t *testing.T) {
			m := started(t, fresh)
			for i := range 24 {
				local, base, global := vector(3*i), vector(3*i+1), vector(3*i+2)
				localBefore, baseBefore, globalBefore := slices.Clone(local), slices.Clone(base), slices.Clone(global)
				m.Merge(local, base, global, carry)
				if !slices.Equal(global, globalBefore) {
					t.Fatal("Merge changed the global model")
				}
				for k := range base {
					want := local[k]
					if carry {
						want -= localBefore[k] - baseBefore[k]
					}
					if base[k] != want {
						t.Fatalf("element %d: base is %v after a merge to %v from local %v and base %v, want %v",
							k, base[k], local[k], localBefore[k], baseBefore[k], want)
					}
				}
			}
		})
	}
	statetest.Elsewhere(t, Len, fresh, func(t *testing.T, b kernels.Backend, there, here merge.Merger) {
		local, base := vector(0), vector(1)
		localThere, baseThere := statetest.Move(t, b, local), statetest.Move(t, b, base)
		for i := range 24 {
			here.Merge(local, base, vector(i+2), i%3 == 0)
			there.Merge(localThere, baseThere, vector(i+2), i%3 == 0)
			seen := [2][]float32{vector(0), vector(0)}
			kernels.Copy(seen[0], localThere)
			kernels.Copy(seen[1], baseThere)
			if !slices.Equal(seen[0], local) || !slices.Equal(seen[1], base) {
				t.Fatalf("local and base are %v, in ordinary memory %v and %v", seen, local, base)
			}
		}
	})
	statetest.Law(t, "equal", func(t *testing.T) {
		m := started(t, fresh)
		for i := range 24 {
			local, base, global := vector(i), vector(i), vector(i)
			m.Merge(local, base, global, false)
			for k, want := range global {
				if math.Abs(float64(local[k]-want)) > 1e-6*math.Abs(float64(want)) {
					t.Fatalf("element %d: three times %v was merged to %v", k, want, local[k])
				}
			}
		}
	})
	statetest.Law(t, "memory", func(t *testing.T) {
		m := started(t, fresh)
		local, base, global := vector(0), vector(1), vector(2)
		allocations := testing.AllocsPerRun(100, func() {
			m.Merge(local, base, global, false)
			m.Merge(local, base, global, true)
		})
		if allocations != 0 {
			t.Errorf("Merge allocates %v times", allocations)
		}
	})
}

func started[P interface {
	Init(kernels.Backend, int) error
}](t *testing.T, fresh func() P) P {
	t.Helper()
	p := fresh()
	if err := p.Init(kernels.CPU{}, Len); err != nil {
		t.Fatal(err)
	}
	return p
}

// vector is the i-th input.
func vector(i int) []float32 {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	v := make([]float32, Len)
	for k := range v {
		v[k] = float32(r.NormFloat64())
	}
	return v
}

func spoil(vs ...[]float32) {
	for _, v := range vs {
		for i := range v {
			v[i] = float32(math.NaN())
		}
	}
}
