package kerneltest

import (
	"errors"
	"fmt"

	"github.com/halos-go/sdk/kernels"
)

// The laws about packed vectors.

var forms = []kernels.Form{kernels.BFloat16, kernels.Float16, kernels.Int8}

// eachForm returns the first error of each form.
func (s *stage) eachForm(try func(f kernels.Form, n, at int) error) error {
	var all []error
	for _, f := range forms {
		for k, n := range s.sizes() {
			if err := try(f, n, k%5); err != nil {
				all = append(all, fmt.Errorf("%v of %d elements from %d on: %w", f, n, k%5, err))
				break
			}
		}
	}
	return errors.Join(all...)
}

// decode is about any bytes, in forms of their own if results are rounded.
func decode(s *stage) error {
	return s.eachForm(func(f kernels.Form, n, at int) error {
		o, err := s.part("dst", 0, n, at)
		if err != nil {
			return err
		}
		src := odd(f.Size(n))
		if s.p == Exact {
			for i := range src {
				src[i] = byte(s.r.Uint32())
			}
		} else {
			kernels.Encode(src, f, s.fresh(n))
		}
		lent := lend(src)
		kernels.Decode(o.twin(), f, src)
		kernels.Decode(o.vector(), f, lent)
		fill(lent, 0x5a)
		return o.check(nil)
	})
}

func encode(s *stage) error {
	return s.eachForm(func(f kernels.Form, n, at int) error {
		for _, special := range []bool{false, s.p == Exact} {
			o, err := s.part("x", 0, n, at)
			if err != nil {
				return err
			}
			s.values(o.twin(), special)
			o.put()
			got, want := newBuffer(f.Size(n)), newBuffer(f.Size(n))
			kernels.Encode(want.part(), f, o.twin())
			s.b.Encode(got.part(), f, o.vector(), nil, nil)
			if err := errors.Join(sameBytes(got, want), o.check(nil)); err != nil {
				return err
			}
		}
		return nil
	})
}

// encodeDelta follows a residual over several messages.
func encodeDelta(s *stage) error {
	return s.eachForm(func(f kernels.Form, n, at int) error {
		for _, special := range []bool{false, s.p == Exact} {
			r, err := s.part("residual", 2, n, (at+1)%5)
			if err != nil {
				return err
			}
			clear(r.twin())
			r.put()
			for round := range 4 {
				if err := s.message(f, n, at, round, r, special); err != nil {
					return fmt.Errorf("message %d: %w", round+1, err)
				}
			}
			if err := s.message(f, n, at, 0, nil, special); err != nil {
				return fmt.Errorf("without a residual: %w", err)
			}
		}
		return nil
	})
}

// message encodes the difference of new x and y, of which one is in ordinary memory
// in some rounds.
func (s *stage) message(f kernels.Form, n, at, round int, residual *operand, special bool) error {
	x, errX := s.part("x", 0, n, at)
	y, errY := s.part("y", 1, n, (at+2)%5)
	if err := errors.Join(errX, errY); err != nil {
		return err
	}
	os := []*operand{x, y}
	if round > 0 && round < 3 {
		os[round-1] = newOperand(os[round-1].name, margin+at, n, at+n+2*margin)
	}
	for _, o := range os {
		s.values(o.twin(), special)
		o.put()
	}
	var there, here []float32
	if residual != nil {
		there, here = residual.vector(), residual.twin()
		os = append(os, residual)
	}
	got, want := newBuffer(f.Size(n)), newBuffer(f.Size(n))
	kernels.EncodeDelta(want.part(), f, os[0].twin(), os[1].twin(), here)
	s.b.Encode(got.part(), f, os[0].vector(), os[1].vector(), there)
	if special { // of NaNs that are results any will do
		a, b := make([]float32, n), make([]float32, n)
		kernels.Decode(a, f, got.part())
		kernels.Decode(b, f, want.part())
		return errors.Join(same(a, b), look(os, make([][]bound, 3)))
	}
	return errors.Join(sameBytes(got, want), look(os, make([][]bound, 3)))
}

// A buffer is bytes to be written, at an odd address, with others around them.
type buffer []byte

const byteMargin = 15

func newBuffer(n int) buffer {
	b := odd(n + 2*byteMargin)
	fill(b, 0x5a)
	return b
}

func (b buffer) part() []byte { return b[byteMargin : len(b)-byteMargin] }
