package optim

import (
	"encoding"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// The most that a binary layout may have.
const (
	mostSegments = 1 << 20
	mostName     = 1 << 16 // bytes
	mostRank     = 16
)

var (
	_ encoding.BinaryMarshaler   = Layout{}
	_ encoding.BinaryUnmarshaler = (*Layout)(nil)
)

// Diff says in words what is first different in l from want, or nothing if they are
// equal: "tensor 3 is \"h.0.w\" [768 2304]: want \"h.0.w\" [768 768]". Tensors count
// from 0.
func (l Layout) Diff(want Layout) string {
	for i := range min(len(l.Segments), len(want.Segments)) {
		a, b := l.Segments[i], want.Segments[i]
		if a.Name != b.Name || !slices.Equal(a.Shape, b.Shape) {
			return fmt.Sprintf("tensor %d is %.80q %v: want %.80q %v", i, a.Name, a.Shape, b.Name, b.Shape)
		}
	}
	if len(l.Segments) != len(want.Segments) {
		return fmt.Sprintf("it has %d tensors: want %d", len(l.Segments), len(want.Segments))
	}
	return ""
}

// MarshalBinary implements [encoding.BinaryMarshaler]. All numbers are little-endian:
//
//	bytes   what
//	4       number of segments
//
// and for each segment
//
//	4       length L of the name
//	L       name
//	4       rank R
//	8*R     extents
//
// An error says what Validate would, or that there are more than 1<<20 segments, a name
// of more than 1<<16 bytes, or a rank above 16.
func (l Layout) MarshalBinary() ([]byte, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	if err := checkCount(len(l.Segments)); err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(len(l.Segments)))
	for i, s := range l.Segments {
		if err := checkSizes(i, len(s.Name), len(s.Shape)); err != nil {
			return nil, err
		}
		b = le.AppendUint32(b, uint32(len(s.Name)))
		b = append(b, s.Name...)
		b = le.AppendUint32(b, uint32(len(s.Shape)))
		for _, extent := range s.Shape {
			b = le.AppendUint64(b, uint64(extent))
		}
	}
	return b, nil
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]: it takes what MarshalBinary
// wrote, and nothing else. Nothing of b is kept. After an error, which names what is
// wrong, l is as before.
func (l *Layout) UnmarshalBinary(b []byte) error {
	in := &decoder{rest: b}
	n := in.number("number of segments")
	if in.err == nil {
		in.err = checkCount(n)
	}
	var read Layout
	for i := 0; i < n && in.err == nil; i++ {
		read.Segments = append(read.Segments, in.segment(i))
	}
	switch {
	case in.err != nil:
		return in.err
	case len(in.rest) > 0:
		return fmt.Errorf("optim: layout has %d bytes behind its last segment: want none", len(in.rest))
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*l = read
	return nil
}

// decoder takes from rest until the first error.
type decoder struct {
	rest []byte
	err  error
}

// take returns the next n bytes, or nil if there are fewer.
func (d *decoder) take(n int, what string) []byte {
	if d.err != nil {
		return nil
	}
	if len(d.rest) < n {
		d.err = fmt.Errorf("optim: layout ends in its %s: %d bytes are left: want %d", what, len(d.rest), n)
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// number returns the next four bytes; those that no int can hold are the largest int.
func (d *decoder) number(what string) int {
	if b := d.take(4, what); b != nil {
		return int(min(uint64(binary.LittleEndian.Uint32(b)), math.MaxInt))
	}
	return 0
}

func (d *decoder) segment(i int) Segment {
	length := d.number("names")
	d.limit(i, length, 0)
	name := string(d.take(length, "names"))
	rank := d.number("ranks")
	d.limit(i, 0, rank)
	var shape []int
	for k := 0; k < rank && d.err == nil; k++ {
		b := d.take(8, "extents")
		if b == nil {
			break
		}
		extent := binary.LittleEndian.Uint64(b)
		if extent > math.MaxInt {
			d.err = fmt.Errorf("optim: extent %d of segment %d is %d: want at most %d", k, i, extent, math.MaxInt)
		}
		shape = append(shape, int(extent))
	}
	return Segment{Name: name, Shape: shape}
}

func (d *decoder) limit(segment, name, rank int) {
	if d.err == nil {
		d.err = checkSizes(segment, name, rank)
	}
}

func checkCount(segments int) error {
	if segments > mostSegments {
		return fmt.Errorf("optim: layout has %d segments: want at most %d", segments, mostSegments)
	}
	return nil
}

func checkSizes(segment, name, rank int) error {
	switch {
	case name > mostName:
		return fmt.Errorf("optim: name of segment %d has %d bytes: want at most %d", segment, name, mostName)
	case rank > mostRank:
		return fmt.Errorf("optim: rank of segment %d is %d: want at most %d", segment, rank, mostRank)
	}
	return nil
}
