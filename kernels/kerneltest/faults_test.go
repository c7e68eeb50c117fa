package kerneltest

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// A fault is a way to be wrong, and the laws that must notice, with what they say.
type fault struct {
	name     string
	caughtBy map[string]string
	open     func() kernels.Backend
}

var faults = []fault{
	{"has one bit wrong in the last element of long vectors",
		map[string]string{"OpsOnVectors": "nesterov of 257 elements: buf[256] of 257", "OrderOfCalls": "nesterov"},
		after(backend.OpNesterov, func(b *broken, c backend.Call) {
			if buf := b.elements(c.Vectors[1]); len(buf) > 256 {
				buf[len(buf)-1] = math.Float32frombits(math.Float32bits(buf[len(buf)-1]) ^ 1)
			}
		})},
	{"leaves out the last elements of what is no multiple of 4",
		map[string]string{"OpsOnVectors": "delta of 1 elements: dst[0] of 1: 1.5365222e+16 (0x5a5a5a5a), want"},
		runs(func(b *broken, c backend.Call) {
			if c.Op == backend.OpDelta && len(c.Vectors[0]) == len(c.Vectors[1]) && len(c.Vectors[0]) == len(c.Vectors[2]) {
				for i, v := range c.Vectors[:3] {
					c.Vectors[i] = v[:len(v)&^3]
				}
			}
			b.Untouchable.Run(c)
		})},
	{"does an op twice",
		map[string]string{"OpsOnVectors": "mix of 1 elements: y[0]", "OperandsInMemory": "x in memory"},
		after(backend.OpMix, func(b *broken, c backend.Call) { b.Untouchable.Run(c) })},
	{"multiplies by the inverse of n",
		map[string]string{"OpsOnVectors": "mean3 of"},
		runs(func(b *broken, c backend.Call) {
			n := c.Numbers[0]
			if c.Op == backend.OpMean3 {
				c.Numbers[0] = 1
			}
			b.Untouchable.Run(c)
			if c.Op == backend.OpMean3 {
				kernels.Scale(b.elements(c.Vectors[0]), float64(1/n))
			}
		})},
	{"writes behind the end of a slice",
		map[string]string{"OpsOnSlices": "outside of p, p[1] of 1"},
		after(backend.OpSGD, func(b *broken, c backend.Call) {
			if p := c.Vectors[0]; cap(p) > len(p) {
				b.elements(p[:len(p)+1])[len(p)] = 0
			}
		})},
	{"begins every slice at a multiple of 16 bytes",
		map[string]string{"OpsOnSlices": "scale of 1 elements, of slices from [1]"},
		runs(func(b *broken, c backend.Call) {
			if c.Op == backend.OpScale {
				for _, r := range b.rooms {
					if at := (address(c.Vectors[0]) - address(r.vector)) / 4; at < uintptr(len(r.vector)) {
						c.Vectors[0] = r.vector[at&^3:][:len(c.Vectors[0])]
					}
				}
			}
			b.Untouchable.Run(c)
		})},
	{"changes a gradient",
		map[string]string{"OpsOnVectors": "heavyBall of 1 elements: g[0]", "OperandsInMemory": "g in memory: g["},
		after(backend.OpHeavyBall, func(b *broken, c backend.Call) {
			if g := c.Vectors[2]; g != nil {
				b.elements(g)[0] *= 2
			}
		})},
	{"flushes denormals",
		map[string]string{"SpecialNumbers": "copy of"},
		after(backend.OpCopy, func(b *broken, c backend.Call) {
			v := b.elements(c.Vectors[0])
			for i, x := range v {
				if x > -0x1p-126 && x < 0x1p-126 {
					v[i] = x * 0
				}
			}
		})},
	{"takes minus zero for zero",
		map[string]string{"SpecialNumbers": "want -0 (0x80000000)"},
		after(backend.OpCopy, func(b *broken, c backend.Call) {
			v := b.elements(c.Vectors[0])
			for i, x := range v {
				v[i] = x + 0
			}
		})},
	{"does not read what it multiplies by 0",
		map[string]string{"ClipNotFinite": "after Clip of 1 elements, one of them +Inf: x[0] of 1: 0"},
		runs(func(b *broken, c backend.Call) {
			if b.Untouchable.Run(c); c.Op == backend.OpScale && c.Numbers[0] == 0 {
				clear(b.elements(c.Vectors[0]))
			}
		})},
	{"has a norm without what is no number",
		map[string]string{"ClipNotFinite": "one of them NaN: it returned"},
		breaks(func(b *broken) {
			b.dot = func(x, y []float32) float64 {
				if sum := b.Untouchable.Dot(x, y); sum == sum {
					return sum
				}
				return 0
			}
		})},
	{"keeps gradients in ordinary memory until the next call",
		map[string]string{"OperandsInMemory": "in memory: ", "OrderOfCalls": "after [", "Functions": "SGD of"}, late},
	{"returns before a result in memory is there",
		map[string]string{"ResultsInMemory": "delta of 1 elements, of slices from [1 1 1], dst in memory: dst[0] of 1: 1.5365222e+16 (0x5a5a5a5a), want"},
		lateResults},
	{"swaps calls", map[string]string{"OrderOfCalls": "after ["}, swapping},
	{"has one buffer for what comes from memory, and two goroutines",
		map[string]string{"Goroutines": "after ["}, sharing},
	{"does not see that dst is an operand",
		map[string]string{"ResultsInPlace": "mean4 of 1 elements, of slices from [4 4 4 4 4], dst is x3"},
		runs(func(b *broken, c backend.Call) {
			if v := c.Vectors; c.Op == backend.OpMean4 && len(v[0]) > 0 && address(v[0]) == address(v[4]) {
				clear(b.elements(v[0]))
			}
			b.Untouchable.Run(c)
		})},
	{"forgets that the last block of Int8 is shorter",
		map[string]string{"PackedOperands": "g as int8: ", "Decode": "int8 of"},
		runs(func(b *broken, c backend.Call) {
			if n := len(c.Vectors[0]); c.Form == kernels.Int8 && n%256 != 0 {
				c.Packed = slices.Clone(c.Packed)
				c.Packed[len(c.Packed)-n%256-1]++
			}
			b.Untouchable.Run(c)
		})},
	{"forgets the residual", map[string]string{"EncodeDelta": "message 1: residual[0]"},
		breaks(func(b *broken) {
			b.encode = func(dst []byte, f kernels.Form, x, y, residual []float32) {
				before := slices.Clone(b.elements(residual))
				b.Untouchable.Encode(dst, f, x, y, residual)
				copy(b.elements(residual), before)
			}
		})},
	{"encodes a block too much", map[string]string{"Encode": "byte"},
		breaks(func(b *broken) {
			b.encode = func(dst []byte, f kernels.Form, x, y, residual []float32) {
				b.Untouchable.Encode(dst, f, x, y, residual)
				dst[:len(dst)+1][len(dst)] = 0
			}
		})},
	{"sums in one lane", map[string]string{"Dot": "Dot of 4 elements"},
		breaks(func(b *broken) {
			b.dot = func(x, y []float32) (sum float64) {
				if len(x) != len(y) {
					panic("lengths")
				}
				x, y = b.elements(x), b.elements(y)
				for i := range x {
					sum += float64(float64(x[i]) * float64(y[i]))
				}
				return sum
			}
		})},
	{"does not look at the last element", map[string]string{"Finite": "element 0 is +Inf"},
		breaks(func(b *broken) {
			b.finite = func(x []float32) bool { return b.Untouchable.Finite(x[:max(0, len(x)-1)]) }
		})},
	{"looks at whole groups", map[string]string{"Finite": "finite elements from 0 on is false"},
		breaks(func(b *broken) {
			b.finite = func(x []float32) bool { return b.Untouchable.Finite(x[:min(cap(x), (len(x)+31)&^31)]) }
		})},
	{"lets a Snapshot see later changes",
		map[string]string{"Snapshots": "a Snapshot of the second half, before a change: element 0"},
		breaks(func(b *broken) {
			b.snapshot = func(v []float32) kernels.Snapshot { return &later{b.Untouchable, v} }
		})},
	{"reads a Snapshot once", map[string]string{"Snapshots": "the second Read of a Snapshot"},
		breaks(func(b *broken) {
			b.snapshot = func(v []float32) kernels.Snapshot { return &once{Snapshot: b.Untouchable.Snapshot(v)} }
		})},
	{"has one copy of what is snapped twice", map[string]string{"Snapshots": "the second Snapshot of two"}, oneCopy(true)},
	{"does not see that Encode changes the residual", map[string]string{"Snapshots": "a Snapshot of a residual after EncodeDelta: element 0"}, oneCopy(false)},
	{"reads a Snapshot that is released", map[string]string{"SnapshotsEnd": "Read of a Snapshot that is released returns no error"}, oneCopy(true)},
	{"adds in float32 only", map[string]string{"Range": "the mean of 2 vectors: element 0 of 1003 is +Inf"},
		after(backend.OpMean2, func(b *broken, c backend.Call) {
			for i, x := range b.elements(c.Vectors[0]) {
				b.elements(c.Vectors[0])[i] = x * 2 / c.Numbers[0]
			}
		})},
	{"does not clear what was recycled", map[string]string{"MakeGivesZeros": "round 2: Make(1): element 0"},
		breaks(func(b *broken) {
			idle := make(map[int][]float32)
			b.recycle = func(v []float32) { idle[len(v)] = v }
			b.make = func(n int) ([]float32, error) {
				if v := idle[n]; v != nil {
					delete(idle, n)
					return v, nil
				}
				return b.Untouchable.Make(n)
			}
		})},
	{"clears what was recycled before the last work on it is done", map[string]string{"RecycleWithWork": "vector 2, after another was recycled: Make(4097): element 0"}, lateWork},
	{"gives a vector to two", map[string]string{"MakeGivesZeros": "of 19 vectors, each of another number"},
		breaks(func(b *broken) {
			made := make(map[int][]float32)
			b.make = func(n int) (v []float32, err error) {
				if v = made[n]; v == nil {
					v, err = b.Untouchable.Make(n)
					made[n] = v
				}
				return v, err
			}
		})},
	{"is not found by the end of a vector", map[string]string{"VectorsAreFound": `is in "cpu"`},
		breaks(func(b *broken) {
			b.settle = func(v []float32) { backend.Settle(v[:min(len(v), 64)], b) }
		})},
	{"cuts vectors to the shortest", map[string]string{"LengthsThatDiffer": "sgd with a shorter p: lengths differ, and it does not panic"},
		runs(func(b *broken, c backend.Call) {
			if c.Op == backend.OpSGD && c.Form == 0 {
				n := min(len(c.Vectors[0]), len(c.Vectors[1]))
				c.Vectors[0], c.Vectors[1] = c.Vectors[0][:n], c.Vectors[1][:n]
			}
			b.Untouchable.Run(c)
		})},
	{"works until it panics", map[string]string{"LengthsThatDiffer": "delayedFirst with a shorter p: lengths differ, and it panics, but a[0]"},
		runs(func(b *broken, c backend.Call) {
			if c.Op == backend.OpScale || len(c.Vectors[0]) == len(c.Vectors[1]) {
				b.Untouchable.Run(c)
				return
			}
			b.elements(c.Vectors[0])[0]++
			panic("lengths")
		})},
	{"makes a NaN of nothing", map[string]string{"NoElements": "Dot of no elements is NaN"},
		breaks(func(b *broken) {
			b.dot = func(x, y []float32) float64 { return b.Untouchable.Dot(x, y) * float64(len(x)) / float64(len(x)) }
		})},
	{"fails", map[string]string{"OpsOnVectors": "it has failed: Err returned lost"},
		breaks(func(b *broken) { b.err = func() error { return errors.New("lost") } })},
	{"fails and does not say so", map[string]string{"OrderOfCalls": "after [", "SnapshotsBesideCalls": "want"},
		breaks(func(b *broken) {
			b.Fail(60, errors.New("lost"))
			b.err = func() error { return nil }
			b.snapshot = func(v []float32) kernels.Snapshot { return &silent{b.Untouchable.Snapshot(v)} }
		})},
	{"does not wait in Close", map[string]string{"CloseWithWork": "the Close returned busy"},
		breaks(func(b *broken) {
			busy := false
			b.run = func(c backend.Call) {
				b.Untouchable.Run(c)
				busy = c.Op != backend.OpCopy || address(b.elements(c.Vectors[0])) != address(c.Vectors[0])
			}
			b.close = func() error {
				if err := b.Untouchable.Close(); err != nil || !busy {
					return err
				}
				return errors.New("busy")
			}
		})},
	{"cannot close twice", map[string]string{"VectorsAreFound": "the second Close returned closed"},
		breaks(func(b *broken) {
			closed := false
			b.close = func() error {
				if closed {
					return errors.New("closed")
				}
				closed = true
				return b.Untouchable.Close()
			}
		})},
}

// TestBrokenBackendsAreCaught breaks a good Backend in every way that the laws forbid,
// and wants the law concerned to say so, in the right words.
func TestBrokenBackendsAreCaught(t *testing.T) {
	missed := make(map[string]bool)
	for _, l := range laws {
		missed[l.name] = true
	}
	for _, f := range faults {
		for name, words := range f.caughtBy {
			err := find(t, name).check(Exact, f.open(), true)
			if err == nil {
				t.Errorf("a Backend that %s passes %s", f.name, name)
				continue
			}
			if !strings.Contains(err.Error(), words) {
				t.Errorf("of a Backend that %s, %s says %q and not %q", f.name, name, err, words)
			}
			t.Logf("%s, %s: %.150v", f.name, name, err)
			delete(missed, name)
		}
	}
	for name := range missed {
		t.Errorf("nothing breaks %s", name)
	}
}

func find(t *testing.T, name string) law {
	i := slices.IndexFunc(laws, func(l law) bool { return l.name == name })
	if i < 0 {
		t.Fatalf("no law %s", name)
	}
	return laws[i]
}
