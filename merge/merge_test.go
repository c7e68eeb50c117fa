package merge_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/merge/mergetest"
)

func TestAccumulatorLaws(t *testing.T) {
	for _, fresh := range []func() merge.Accumulator{
		func() merge.Accumulator { return &merge.Every{K: 1} },
		func() merge.Accumulator { return &merge.Every{K: 5, KeepInFlight: true} },
	} {
		t.Run(fresh().Name(), func(t *testing.T) { mergetest.RunAccumulator(t, fresh) })
	}
}

func TestMergerLaws(t *testing.T) {
	for _, fresh := range []func() merge.Merger{
		func() merge.Merger { return merge.Mix{} },
		func() merge.Merger { return merge.Mix{Alpha: 0.25} },
		func() merge.Merger { return &merge.Mix{Alpha: 1} },
		func() merge.Merger { return merge.Replay{} },
	} {
		t.Run(fresh().Name(), func(t *testing.T) { mergetest.RunMerger(t, fresh) })
	}
}

func TestNames(t *testing.T) {
	for want, s := range map[string]state.State{
		"every(k=32,carry=false)": &merge.Every{K: 32},
		"every(k=1,carry=true)":   &merge.Every{K: 1, KeepInFlight: true},
		"mix(alpha=0.25)":         merge.Mix{Alpha: 0.25},
		"replay":                  merge.Replay{},
	} {
		if s.Name() != want {
			t.Errorf("name is %q, want %q", s.Name(), want)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	for _, c := range []struct {
		s    state.State
		want string
	}{
		{&merge.Every{}, "merge: Every.K is 0: want at least 1"},
		{merge.Mix{Alpha: 1.5}, "merge: Mix.Alpha is 1.5: want 0 <= Alpha <= 1"},
		{merge.Mix{Alpha: -0.5}, "merge: Mix.Alpha is -0.5: want 0 <= Alpha <= 1"},
		{merge.Mix{Alpha: math.NaN()}, "merge: Mix.Alpha is NaN: want 0 <= Alpha <= 1"},
	} {
		if err := c.s.Init(kernels.CPU{}, 3); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v: want %s", c.s.Name(), err, c.want)
		}
	}
	if err := (merge.Replay{}).Init(kernels.CPU{}, 0); err == nil || err.Error() != "state: n is 0: want at least 1" {
		t.Errorf("Replay.Init(0): %v", err)
	}
}

// Every counts from merge to merge: what comes while an exchange is in flight
// does not bring the next one nearer.
func TestEveryCounts(t *testing.T) {
	e := &merge.Every{K: 3}
	if err := e.Init(kernels.CPU{}, 1); err != nil {
		t.Fatal(err)
	}
	add := func(n int, want bool) {
		t.Helper()
		for range n {
			e.Add([]float32{1})
		}
		if e.Due() != want {
			t.Errorf("due is %t, want %t", e.Due(), want)
		}
	}
	add(2, false)
	add(1, true)
	add(2, true) // in flight
	e.Merged()
	add(2, false)
	add(1, true)
}

// One exchange with one update in flight: sent 8, local has gone to 6 since, the
// world says 4.
func TestMergesByHand(t *testing.T) {
	for _, c := range []struct {
		m           merge.Merger
		carry       bool
		local, base float32
	}{
		{merge.Mix{Alpha: 0.25}, false, 5.5, 5.5},
		{merge.Mix{Alpha: 0.25}, true, 5.5, 7.5}, // the 2 in flight go up with the next
		{merge.Mix{}, false, 6, 6},
		{merge.Mix{Alpha: 1}, false, 4, 4}, // and the 2 are lost
		{merge.Replay{}, false, 2, 2},
		{merge.Replay{}, true, 2, 4},
	} {
		local, base := []float32{6}, []float32{8}
		c.m.Merge(local, base, []float32{4}, c.carry)
		if local[0] != c.local || base[0] != c.base {
			t.Errorf("%s, carry %t: local, base are %v, %v, want %v, %v", c.m.Name(), c.carry, local[0], base[0], c.local, c.base)
		}
	}
}

// With carry every update goes up once, whenever it comes: the deltas sum to what
// was applied. Without, what came in flight is missing.
func TestCarryLosesNothing(t *testing.T) {
	for _, m := range []merge.Merger{merge.Mix{Alpha: 0.25}, merge.Replay{}} {
		for carry, want := range map[bool]float32{true: 100, false: 60} {
			a := &merge.Every{K: 3, KeepInFlight: carry}
			local, base, delta := []float32{0}, []float32{0}, []float32{0}
			sent := float32(0)
			for i := 1; i <= 100; i++ {
				local[0]-- // each update is 1
				a.Add([]float32{1})
				switch i % 5 {
				case 3: // the third since the merge
					if !a.Due() {
						t.Fatal("not due")
					}
					a.Delta(delta, base, local)
					sent += delta[0]
					copy(base, local)
				case 0: // two have been applied in flight
					m.Merge(local, base, []float32{float32(-i)}, a.Carry())
					a.Merged()
				}
			}
			if carry {
				sent += base[0] - local[0] // on its way
			}
			if math.Abs(float64(sent-want)) > 1e-3 {
				t.Errorf("%s, carry %t: %v went up, want %v", m.Name(), carry, sent, want)
			}
		}
	}
}

func Example() {
	acc, mix := &merge.Every{K: 2}, merge.Mix{Alpha: 0.25}
	if err := acc.Init(kernels.CPU{}, 1); err != nil {
		fmt.Println(err)
		return
	}
	params, base, delta := []float32{8}, []float32{8}, make([]float32, 1)
	for _, update := range [][]float32{{1}, {3}} {
		params[0] -= update[0] // the optimizer's work
		acc.Add(update)
	}
	if acc.Due() {
		acc.Delta(delta, base, params)
		copy(base, params)
	}
	global := []float32{2} // the answer
	mix.Merge(params, base, global, acc.Carry())
	acc.Merged()
	fmt.Println(delta, params, slices.Equal(base, params))
	// Output: [4] [3.5] true
}
