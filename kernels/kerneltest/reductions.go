package kerneltest

import (
	"errors"
	"fmt"
	"math"

	"github.com/halos-go/sdk/kernels"
)

// The laws about what is one number.

// dot is about parts of vectors, other numbers beside them, and x times x.
func dot(s *stage) error {
	for k, n := range s.sizes() {
		at := begins[k%len(begins)]
		x, errX := s.part("x", 0, n, at[0])
		y, errY := s.part("y", 1, n, at[1])
		if err := errors.Join(errX, errY); err != nil {
			return err
		}
		for _, o := range []*operand{x, y} {
			s.values(o.twin(), false)
			o.put()
		}
		if err := s.product(x, y); err != nil {
			return fmt.Errorf("Dot of %d elements, of slices from %v: %w", n, at[:2], err)
		}
		if err := s.product(x, x); err != nil {
			return fmt.Errorf("Dot of %d elements with themselves: %w", n, err)
		}
	}
	return nil
}

func (s *stage) product(x, y *operand) error {
	want, slack := kernels.Dot(x.twin(), y.twin()), 0.0
	if s.p == Rounded {
		for i, v := range x.twin() {
			slack += rounding * math.Abs(float64(v)*float64(y.twin()[i]))
		}
	}
	got := s.b.Dot(x.vector(), y.vector())
	if !(math.Abs(got-want) <= slack) {
		return fmt.Errorf("%v (%#016x), want %v (%#016x), give or take %.3g", got, math.Float64bits(got), want, math.Float64bits(want), slack)
	}
	return errors.Join(x.check(nil), y.check(nil))
}

// clipNotFinite is about Clip of a vector with an infinity or a NaN. The norm is a factor
// there: none of the vector may look usable afterwards, not even where the factor is 0
// and a library does not read what it multiplies by 0.
func clipNotFinite(s *stage) error {
	for k, n := range s.sizes() {
		flaw := []float32{float32(math.Inf(1)), float32(math.NaN()), float32(math.Inf(-1))}[k%3]
		o, err := s.part("x", 0, n, k%5)
		if err != nil {
			return err
		}
		o.twin()[s.r.IntN(n)] = flaw
		o.put()
		want, got := kernels.Clip(o.twin(), 1), kernels.Clip(o.vector(), 1)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			return fmt.Errorf("after Clip of %d elements, one of them %v: it returned %v, want %v", n, flaw, got, want)
		}
		var slack []bound
		if s.p == Rounded { // zeros of any sign
			for _, x := range o.twin() {
				slack = append(slack, bound{value: float64(x)})
			}
		}
		if err := o.check(slack); err != nil {
			return fmt.Errorf("after Clip of %d elements, one of them %v: %w", n, flaw, err)
		}
	}
	return nil
}

// finite is about each of the flaws, at the ends, in between and outside.
func finite(s *stage) error {
	flaws := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), -float32(math.NaN())}
	for k, n := range s.sizes() {
		o, err := s.part("x", 0, n, k%5)
		if err != nil {
			return err
		}
		s.values(o.twin(), false)
		o.want[o.lo-1], o.want[o.hi] = flaws[0], flaws[2]
		o.put()
		if !s.b.Finite(o.vector()) {
			return fmt.Errorf("Finite of %d finite elements from %d on is false", n, k%5)
		}
		for i, at := range []int{0, n - 1, n / 2, s.r.IntN(n)} {
			flaw := flaws[(i+k)%len(flaws)]
			kernels.Copy(o.vector()[at:at+1], []float32{flaw})
			if s.b.Finite(o.vector()) {
				return fmt.Errorf("Finite of %d elements is true, and element %d is %v", n, at, flaw)
			}
			kernels.Copy(o.vector()[at:at+1], []float32{math.MaxFloat32})
			o.twin()[at] = math.MaxFloat32
		}
		if err := o.check(nil); err != nil {
			return err
		}
	}
	return nil
}
