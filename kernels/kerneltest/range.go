package kerneltest

import (
	"fmt"
	"math"
	"slices"

	"github.com/halos-go/sdk/kernels"
)

// ranges is about results that are in the range of float32, though a sum or a square on
// the way is not.
func ranges(s *stage) error {
	const n = 1003
	x := slices.Repeat([]float32{3e38, -3e38, 1, -0.5}, n/4+1)[:n]
	var os []*operand
	for i := range 7 {
		o, err := s.operand("v", i, n)
		if err != nil {
			return err
		}
		copy(o.twin(), x)
		o.put()
		os = append(os, o)
	}
	vs, dst := vectors(os, (*operand).vector), s.fresh(n)
	for many := 2; many <= len(vs); many++ {
		for _, first := range []int{0, 1} { // onto an operand, or another vector
			if first+many > len(vs) {
				continue
			}
			kernels.Mean(vs[0], vs[first:first+many]...)
			kernels.Copy(dst, vs[0])
			if err := near(dst, x, 1); err != nil {
				return fmt.Errorf("the mean of %d vectors: %w", many, err)
			}
		}
	}
	kernels.Copy(vs[0], x)
	norm := kernels.Norm(x)
	if got := kernels.Norm(vs[0]); !(math.Abs(got/norm-1) < 1e-6) {
		return fmt.Errorf("the norm is %v, want %v", got, norm)
	}
	const bound = 0.5
	kernels.Clip(vs[0], bound)
	kernels.Copy(dst, vs[0])
	if err := near(dst, x, bound/norm); err != nil {
		return fmt.Errorf("clipped: %w", err)
	}
	return nil
}

// near returns an error unless got is want times factor, as far as float32 says, for
// elements that are large in want.
func near(got, want []float32, factor float64) error {
	for i, x := range want {
		y := factor * float64(x)
		if !(math.Abs(float64(got[i])-y) <= max(1e-6*math.Abs(y), 1e-30)) {
			return fmt.Errorf("element %d of %d is %v, want %v", i, len(want), got[i], y)
		}
	}
	return nil
}
