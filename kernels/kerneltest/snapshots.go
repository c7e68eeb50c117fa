package kerneltest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/halos-go/sdk/kernels"
)

// The laws about Snapshot.

// snapshots takes them between calls that change the vector, and reads them late.
func snapshots(s *stage) error {
	for _, n := range []int{1, 5, 257, 4097} {
		v, err := s.operand("v", 0, n)
		if err != nil {
			return err
		}
		for _, f := range []func(v *operand) error{s.snapAndChange, s.snapAndEncode, s.readTwice, s.snapTwice, s.snapInTurn} {
			if err := errors.Join(f(v), v.check(nil)); err != nil {
				return fmt.Errorf("of %d elements: %w", n, err)
			}
		}
	}
	return nil
}

// change changes every element, by calls that are exact in any Backend.
func (s *stage) change(v *operand) {
	lent := s.fresh(len(v.twin()))
	kernels.Copy(v.twin(), lent)
	kernels.Copy(v.vector(), lent)
	fill(lent, poison)
	kernels.Scale(v.twin(), -2)
	kernels.Scale(v.vector(), -2)
}

// snapAndChange wants two moments of a vector, the later one first.
func (s *stage) snapAndChange(v *operand) error {
	first, a := s.b.Snapshot(v.vector()), slices.Clone(v.twin())
	defer first.Release()
	s.change(v)
	half := len(a) / 2
	second, b := s.b.Snapshot(v.vector()[half:]), slices.Clone(v.twin()[half:])
	defer second.Release()
	s.change(v)
	return errors.Join(
		reads("a Snapshot of the second half, before a change", second, b),
		reads("a Snapshot before two changes", first, a))
}

// snapAndEncode wants a residual as it was and as it has become.
func (s *stage) snapAndEncode(v *operand) error {
	x, errX := s.operand("x", 1, len(v.twin()))
	y, errY := s.operand("y", 2, len(v.twin()))
	if err := errors.Join(errX, errY); err != nil {
		return err
	}
	before, a := s.b.Snapshot(v.vector()), slices.Clone(v.twin())
	defer before.Release()
	dst := make([]byte, kernels.Int8.Size(len(a)))
	kernels.EncodeDelta(dst, kernels.Int8, x.twin(), y.twin(), v.twin())
	kernels.EncodeDelta(dst, kernels.Int8, x.vector(), y.vector(), v.vector())
	after := s.b.Snapshot(v.vector())
	defer after.Release()
	return errors.Join(
		reads("a Snapshot of a residual before EncodeDelta", before, a),
		reads("a Snapshot of a residual after EncodeDelta", after, v.twin()))
}

// readTwice reads one of them again, with changes in between.
func (s *stage) readTwice(v *operand) error {
	snap, want := s.b.Snapshot(v.vector()), slices.Clone(v.twin())
	defer snap.Release()
	for _, which := range []string{"first", "second", "third"} {
		if err := reads("the "+which+" Read of a Snapshot", snap, want); err != nil {
			return err
		}
		s.change(v)
	}
	return nil
}

// snapTwice takes two of one moment, of which one is gone before the other is read.
func (s *stage) snapTwice(v *operand) error {
	want := slices.Clone(v.twin())
	first, second := s.b.Snapshot(v.vector()), s.b.Snapshot(v.vector())
	defer second.Release()
	err := reads("the first Snapshot of two", first, want)
	first.Release()
	s.change(v)
	return errors.Join(err, reads("the second Snapshot of two", second, want))
}

// snapInTurn takes many, some of which nobody reads.
func (s *stage) snapInTurn(v *operand) error {
	for i := range 50 {
		snap, want := s.b.Snapshot(v.vector()), slices.Clone(v.twin())
		s.change(v)
		var err error
		if i%3 != 0 {
			err = reads(fmt.Sprintf("Snapshot %d of 50", i+1), snap, want)
		}
		snap.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// reads compares what Read gives.
func reads(what string, snap kernels.Snapshot, want []float32) error {
	got := slices.Repeat([]float32{poison}, len(want))
	if err := snap.Read(got); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if err := same(got, want); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// snapshotsBesideCalls reads in other goroutines while calls go on.
func snapshotsBesideCalls(s *stage) error {
	v, err := s.operand("v", 0, 4097)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		snap, want := s.b.Snapshot(v.vector()), slices.Clone(v.twin())
		wg.Go(func() {
			defer snap.Release()
			errs[i] = reads(fmt.Sprintf("Snapshot %d, by another goroutine", i+1), snap, want)
		})
		s.change(v)
		if i%2 == 1 {
			wg.Wait() // there are never more than two
		}
	}
	return errors.Join(append(errs, v.check(nil))...)
}

// snapshotsEnd is about Read and Release after Release, while others are in the memory
// of what was released.
func snapshotsEnd(s *stage) error {
	for _, n := range []int{0, 5, 257} {
		v, err := s.operand("v", 0, n+1)
		if err != nil {
			return err
		}
		part := v.vector()[:n]
		snap := s.b.Snapshot(part)
		snap.Release()
		s.change(v)
		next := s.b.Snapshot(part)
		if err := snap.Read(make([]float32, n)); err == nil {
			return fmt.Errorf("of %d elements: Read of a Snapshot that is released returns no error", n)
		}
		if !panics(snap.Release) {
			return fmt.Errorf("of %d elements: a second Release does not panic", n)
		}
		err = reads("a Snapshot after the second Release of another", next, v.twin()[:n])
		next.Release()
		if err != nil {
			return err
		}
	}
	return nil
}
