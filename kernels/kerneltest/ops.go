package kerneltest

import (
	"errors"
	"fmt"

	"github.com/halos-go/sdk/kernels/backend"
)

// The laws about Run.

// sizes are about those of the pieces that a Backend may work in.
func (s *stage) sizes() []int {
	all := []int{1, 3, 4, 5, 7, 8, 15, 16, 17, 127, 255, 256, 257, 1003, 4096, 4097}
	if !s.short {
		all = append(all, 100_003)
	}
	return all
}

// each tries trials, and returns the first error of each op.
func (s *stage) each(trials func(op backend.Op, try func(trial) bool)) error {
	var all []error
	for _, op := range backend.Ops() {
		trials(op, func(t trial) bool {
			t.op = op
			err := s.try(t)
			if err != nil {
				all = append(all, fmt.Errorf("%v: %w", t, err))
			}
			return err == nil
		})
	}
	return errors.Join(all...)
}

func opsOnVectors(s *stage) error {
	return s.each(func(_ backend.Op, try func(trial) bool) {
		for _, n := range s.sizes() {
			if !try(trial{n: n, whole: true}) {
				return
			}
		}
	})
}

// begins are the same and different places for slices to begin.
var begins = [][6]int{
	{1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2}, {3, 3, 3, 3, 3, 3}, {4, 4, 4, 4, 4, 4},
	{1, 2, 3, 4, 1, 2}, {4, 3, 2, 1, 0, 3}, {0, 1, 0, 1, 0, 1}, {1, 0, 0, 0, 0, 0}, {0, 0, 0, 3, 2, 1},
}

func opsOnSlices(s *stage) error {
	return s.each(func(_ backend.Op, try func(trial) bool) {
		for _, at := range append(begins, [6]int{}) {
			for _, n := range []int{1, 5, 16, 255, 1003} {
				if !try(trial{n: n, at: at}) {
					return
				}
			}
		}
	})
}

func operandsInMemory(s *stage) error {
	return s.each(func(op backend.Op, try func(trial) bool) {
		first, end := op.Changed(), len(op.Vectors())
		if first == end {
			return
		}
		all := uint(1)<<end - uint(1)<<first
		masks := []uint{all}
		for i := first; i < end && end-first > 1; i++ {
			masks = append(masks, 1<<i)
		}
		for i, memory := range masks {
			for k, n := range s.sizes() {
				if i > 0 && n > 10_000 {
					continue // one long one is enough
				}
				if !try(trial{n: n, memory: memory, at: begins[k%len(begins)]}) {
					return
				}
			}
		}
	})
}

func resultsInMemory(s *stage) error {
	return s.each(func(op backend.Op, try func(trial) bool) {
		masks := map[backend.Op][]uint{backend.OpCopy: {1}, backend.OpDelta: {1, 1 | 2, 1 | 4}}[op]
		for _, memory := range masks {
			for k, n := range s.sizes() {
				if !try(trial{n: n, memory: memory, at: begins[k%len(begins)]}) {
					return
				}
			}
		}
	})
}

// resultsInPlace is about dst, which may be an operand of a difference or a mean.
func resultsInPlace(s *stage) error {
	return s.each(func(op backend.Op, try func(trial) bool) {
		if op.Vectors()[0] != "dst" || op == backend.OpCopy {
			return
		}
		for i := range op.Vectors()[1:] {
			for _, n := range []int{1, 17, 1003, 4097} {
				if !try(trial{n: n, instead: 1 + i, at: begins[i]}) {
					return
				}
			}
		}
	})
}

func specialNumbers(s *stage) error {
	return s.each(func(op backend.Op, try func(trial) bool) {
		for _, n := range []int{7, 256, 1003, 4097} {
			for k := range 4 {
				if !try(trial{n: n, at: begins[k], special: true}) {
					return
				}
			}
		}
	})
}

func packedOperands(s *stage) error {
	return s.each(func(op backend.Op, try func(trial) bool) {
		if !packs(op) {
			return
		}
		for _, f := range forms {
			for k, n := range s.sizes() {
				if !try(trial{n: n, form: f, at: begins[k%len(begins)]}) {
					return
				}
			}
			if s.p == Exact && !try(trial{n: 1003, form: f, special: true}) {
				return
			}
		}
	})
}

// packs reports whether the last operand of op is a gradient, a global model or what
// is copied, and so may be packed.
func packs(op backend.Op) bool {
	names := op.Vectors()
	return names[0] != "dst" && len(names) > 1 || op == backend.OpCopy
}
