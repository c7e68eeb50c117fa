package optim

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"
)

// A Layout names the tensors that lie one after another in a flat vector. Its
// zero value describes nothing; whoever takes one says what that means.
type Layout struct {
	Segments []Segment
}

// A Segment is one tensor of a [Layout].
type Segment struct {
	Name  string // unique in its Layout
	Shape []int  // every extent at least 1; empty for a scalar
}

// Rank is the number of dimensions; a scalar has none.
func (s Segment) Rank() int { return len(s.Shape) }

// Len is the number of elements; a scalar has one.
func (s Segment) Len() int {
	n := 1
	for _, extent := range s.Shape {
		n *= extent
	}
	return n
}

// Clone returns a copy that shares no memory with l.
func (l Layout) Clone() Layout {
	c := Layout{Segments: slices.Clone(l.Segments)}
	for i := range c.Segments {
		c.Segments[i].Shape = slices.Clone(c.Segments[i].Shape)
	}
	return c
}

// Len is the number of elements of all segments, the length of the flat vector.
func (l Layout) Len() int {
	n := 0
	for _, s := range l.Segments {
		n += s.Len()
	}
	return n
}

// Validate reports the first segment that has no name, the name of another, or an
// extent below 1, or that makes the vector longer than an int can count. The
// other methods may be relied on only if there is none.
func (l Layout) Validate() error {
	seen, room := make(map[string]int, len(l.Segments)), math.MaxInt
	for i, s := range l.Segments {
		if s.Name == "" {
			return fmt.Errorf("optim: Layout.Segments[%d].Name is empty: want a name", i)
		}
		if first, twice := seen[s.Name]; twice {
			return fmt.Errorf("optim: Layout.Segments[%d].Name is %q, like that of Segments[%d]: want another", i, s.Name, first)
		}
		seen[s.Name] = i
		n := 1
		for k, extent := range s.Shape {
			if extent < 1 {
				return fmt.Errorf("optim: Layout.Segments[%d].Shape[%d] of %q is %d: want at least 1", i, k, s.Name, extent)
			}
			if n > room/extent {
				return fmt.Errorf("optim: Layout.Segments[%d].Shape of %q is %v: want at most %d elements in all", i, s.Name, s.Shape, math.MaxInt)
			}
			n *= extent
		}
		room -= n
	}
	return nil
}

// All goes through the segments in order, each with the offset of its first
// element in the flat vector.
func (l Layout) All() iter.Seq2[int, Segment] {
	return func(yield func(int, Segment) bool) {
		at := 0
		for _, s := range l.Segments {
			if !yield(at, s) {
				return
			}
			at += s.Len()
		}
	}
}

// View is the part of params that is the named tensor, as a slice that cannot
// grow over its neighbour; nil if there is no such tensor. It panics if the length
// of params is not that of the layout.
func (l Layout) View(params []float32, name string) []float32 {
	if len(params) != l.Len() {
		panic("optim: vector differs from its layout in length")
	}
	for lo, s := range l.All() {
		if s.Name == name {
			hi := lo + s.Len()
			return params[lo:hi:hi]
		}
	}
	return nil
}

// Hash is a number that two layouts share only if they have the same names and
// shapes in the same order, but for chance. It is the same on every machine and in
// every version: FNV-1a with 64 bits over, for each segment, the length of its
// name, the name, its rank and its extents, where numbers are 8 bytes,
// little-endian.
func (l Layout) Hash() uint64 {
	h := fnv.New64a()
	var b []byte
	for _, s := range l.Segments {
		b = binary.LittleEndian.AppendUint64(b[:0], uint64(len(s.Name)))
		b = append(b, s.Name...)
		b = binary.LittleEndian.AppendUint64(b, uint64(len(s.Shape)))
		for _, extent := range s.Shape {
			b = binary.LittleEndian.AppendUint64(b, uint64(extent))
		}
		h.Write(b)
	}
	return h.Sum64()
}
