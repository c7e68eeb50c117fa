package kerneltest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// The laws about vectors as such.

// makeGivesZeros makes vectors of several lengths, gives each another number, and
// makes others where they were.
func makeGivesZeros(s *stage) error {
	s.b.Recycle(nil)
	for round := range 3 {
		vs, err := s.zeros(append(s.sizes(), 0, 1, 257))
		if err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		for i, v := range vs {
			kernels.Copy(v, slices.Repeat([]float32{float32(i + 1)}, len(v)))
		}
		for i, v := range vs {
			if err := s.holds(v, float32(i+1)); err != nil {
				return fmt.Errorf("of %d vectors, each of another number, the %d-th: %w", len(vs), i+1, err)
			}
		}
		for i := range vs {
			s.b.Recycle(vs[(i+5)%len(vs)])
		}
	}
	return nil
}

// zeros makes vectors.
func (s *stage) zeros(sizes []int) (vs [][]float32, err error) {
	for _, n := range sizes {
		v, err := s.b.Make(n)
		if err != nil {
			return nil, fmt.Errorf("Make(%d): %w", n, err)
		}
		if len(v) != n {
			return nil, fmt.Errorf("Make(%d) returned %d elements", n, len(v))
		}
		if err := s.holds(v, 0); err != nil {
			return nil, fmt.Errorf("Make(%d): %w", n, err)
		}
		vs = append(vs, v)
	}
	return vs, nil
}

// holds returns an error unless all elements of v are x.
func (s *stage) holds(v []float32, x float32) error {
	got := s.fresh(len(v))
	kernels.Copy(got, v)
	return same(got, slices.Repeat([]float32{x}, len(v)))
}

// recycleWithWork gives vectors back as soon as calls on them have returned: what
// takes their place must not see that work, nor that work what takes their place.
func recycleWithWork(s *stage) error {
	for round := range 20 {
		lent := s.fresh(4097)
		v, err := s.zeros([]int{len(lent)})
		if err != nil {
			return fmt.Errorf("vector %d, after another was recycled: %w", round+1, err)
		}
		kernels.Copy(v[0], lent)
		snap := s.b.Snapshot(v[0])
		if round%2 == 0 {
			kernels.Scale(v[0], 2)
		}
		s.b.Recycle(v[0])
		next, err := s.b.Make(len(lent))
		if err != nil {
			return err
		}
		zeros := s.b.Snapshot(next)
		kernels.SGD(next, lent, 1)
		err = errors.Join(
			reads("a Snapshot of a vector recycled since", snap, lent),
			reads("a Snapshot of a new vector", zeros, make([]float32, len(lent))))
		snap.Release()
		zeros.Release()
		s.b.Recycle(next)
		if err != nil {
			return err
		}
	}
	return nil
}

// closeWithWork leaves work for Close to wait for.
func closeWithWork(s *stage) error {
	v, err := s.operand("v", 0, 4097)
	if err != nil {
		return err
	}
	for range 20 {
		s.change(v)
		s.b.Snapshot(v.vector()).Release()
	}
	return nil
}

// vectorsAreFound is about Settle.
func vectorsAreFound(s *stage) error {
	if s.b.Name() == "" {
		return errors.New("it has no name")
	}
	for _, n := range []int{1, 64, 65, 1003} {
		v, err := s.b.Make(n)
		if err != nil {
			return err
		}
		for _, part := range [][]float32{v, v[:1], v[n-1:], v[n/2:]} {
			if kernels.Where(part) != s.b {
				return fmt.Errorf("a part of a vector of %d elements is in %q and not in the Backend that made it: see backend.Settle", n, kernels.Where(part).Name())
			}
		}
	}
	if at := kernels.Where(make([]float32, 10)); at != kernels.Backend(kernels.CPU{}) {
		return fmt.Errorf("ordinary memory is in %q", at.Name())
	}
	return nil
}

// noElements is about vectors that have none.
func noElements(s *stage) error {
	o, err := s.operand("v", 0, 10)
	if err != nil {
		return err
	}
	none := o.vector()[5:5]
	for _, op := range backend.Ops() {
		c := backend.Call{Op: op, Numbers: s.numbers(op)}
		for i := range op.Vectors() {
			c.Vectors[i] = none
		}
		s.b.Run(c)
	}
	for _, f := range forms {
		s.b.Run(backend.Call{Op: backend.OpCopy, Vectors: [6][]float32{none}, Form: f})
		s.b.Encode(nil, f, none, nil, nil)
		s.b.Encode(nil, f, none, none, none)
	}
	if sum := s.b.Dot(none, none); sum != 0 {
		return fmt.Errorf("Dot of no elements is %v", sum)
	}
	if !s.b.Finite(none) {
		return errors.New("Finite of no elements is false")
	}
	snap := s.b.Snapshot(none)
	err = snap.Read(nil)
	snap.Release()
	return errors.Join(err, o.check(nil))
}

// lengthsThatDiffer is about programming mistakes: the program may go on after them.
func lengthsThatDiffer(s *stage) error {
	const n = 100
	var os []*operand
	for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
		o, err := s.operand(name, i, n)
		if err != nil {
			return err
		}
		os = append(os, o)
	}
	v, packed := vectors(os, (*operand).vector), newBuffer(2*n)
	for _, m := range append(s.wrongCalls(v), wrongForms(s.b, v, packed.part())...) {
		if !panics(m.make) {
			return fmt.Errorf("%s: lengths differ, and it does not panic", m.name)
		}
		if err := errors.Join(look(os, make([][]bound, len(os))), sameBytes(packed, newBuffer(2*n))); err != nil {
			return fmt.Errorf("%s: lengths differ, and it panics, but %w", m.name, err)
		}
	}
	return nil
}

// A mistake is a call that should panic.
type mistake struct {
	name string
	make func()
}

// wrongCalls are calls of Run, of v but for one vector that is shorter.
func (s *stage) wrongCalls(v [][]float32) (all []mistake) {
	n := len(v[0])
	for _, op := range backend.Ops() {
		names := op.Vectors()
		c := backend.Call{Op: op, Numbers: s.numbers(op)}
		for i, name := range names {
			c := c
			copy(c.Vectors[:], v[:len(names)])
			c.Vectors[i] = v[i][:n-1]
			if len(names) > 1 {
				all = append(all, mistake{fmt.Sprintf("%v with a shorter %s", op, name), func() { s.b.Run(c) }})
			}
		}
		if packs(op) {
			copy(c.Vectors[:], v[:len(names)-1])
			c.Form, c.Packed = kernels.Int8, make([]byte, kernels.Int8.Size(n)-1)
			all = append(all, mistake{fmt.Sprintf("%v with a byte less", op), func() { s.b.Run(c) }})
		}
	}
	return all
}

// wrongForms are other calls, of v and of twice as many bytes.
func wrongForms(b kernels.Backend, v [][]float32, dst []byte) []mistake {
	n, short := len(v[0]), v[5][:len(v[0])-1]
	return []mistake{
		{"Encode into a byte less", func() { b.Encode(dst[1:], kernels.BFloat16, v[0], nil, nil) }},
		{"Encode into a byte more", func() { b.Encode(dst[:n+5], kernels.Int8, v[0], v[1], v[2]) }},
		{"Encode with a shorter y", func() { b.Encode(dst, kernels.BFloat16, v[0], short, v[1]) }},
		{"Encode with a shorter residual", func() { b.Encode(dst, kernels.BFloat16, v[0], v[1], short) }},
		{"Dot with a shorter y", func() { b.Dot(v[0], short) }},
		{"Read into a shorter vector", func() {
			snap := b.Snapshot(v[0])
			defer snap.Release()
			_ = snap.Read(make([]float32, n-1))
		}},
	}
}
