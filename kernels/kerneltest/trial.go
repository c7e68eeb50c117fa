package kerneltest

import (
	"fmt"
	"strings"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// A trial is a call of one op, to be made on the Backend under test and on the CPU.
type trial struct {
	op      backend.Op
	n       int
	whole   bool         // operands are all that Make returned
	at      [6]int       // else slices that begin so many elements behind a multiple of 256 bytes
	memory  uint         // 1<<i: operand i is in ordinary memory
	form    kernels.Form // of the last operand
	instead int          // dst is this operand, if not 0
	special bool         // numbers that are not ordinary
}

func (t trial) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v of %d elements", t.op, t.n)
	names := t.op.Vectors()
	if !t.whole {
		fmt.Fprintf(&b, ", of slices from %v", t.at[:len(names)])
	}
	for i, name := range names {
		switch {
		case t.memory>>i&1 == 1:
			fmt.Fprintf(&b, ", %s in memory", name)
		case t.form != 0 && i == len(names)-1:
			fmt.Fprintf(&b, ", %s as %v", name, t.form)
		case t.instead != 0 && i == t.instead:
			fmt.Fprintf(&b, ", dst is %s", name)
		}
	}
	return b.String()
}

// try makes the call, and returns what is wrong then. What was lent is looked at and
// overwritten as soon as the call has returned.
func (s *stage) try(t trial) error {
	os, err := s.operands(t)
	if err != nil {
		return err
	}
	c := backend.Call{Op: t.op, Numbers: s.numbers(t.op), Form: t.form}
	var packed []byte
	if last := os[len(os)-1]; t.form != 0 {
		packed = odd(t.form.Size(t.n))
		kernels.Encode(packed, t.form, last.twin())
		kernels.Decode(last.twin(), t.form, packed) // for the bounds
	}
	slack := make([][]bound, len(os))
	if s.p == Rounded && t.op != backend.OpCopy {
		copy(slack, bounds(t.op, vectors(os, (*operand).twin), c.Numbers))
		slack[t.instead] = slack[0]
	}
	if t.form != 0 {
		os = os[:len(os)-1]
	}
	here, there := c, c
	here.Packed, there.Packed = packed, lend(packed)
	copy(here.Vectors[:], vectors(os, (*operand).twin))
	copy(there.Vectors[:], vectors(os, (*operand).vector))
	kernels.CPU{}.Run(here)
	s.b.Run(there)
	if err := sameBytes(there.Packed, packed); err != nil {
		return fmt.Errorf("packed operand changed: %w", err)
	}
	fill(there.Packed, 0x5a)
	return look(os, slack)
}

// look compares the operands, those in ordinary memory first, and overwrites these.
func look(os []*operand, slack [][]bound) error {
	for _, memory := range []bool{true, false} {
		for i, o := range os {
			if o.memory != memory {
				continue
			}
			if err := o.check(slack[i]); err != nil {
				return err
			}
			if memory {
				fill(o.all, -poison)
			}
		}
	}
	return nil
}

func vectors(os []*operand, which func(*operand) []float32) [][]float32 {
	all := make([][]float32, len(os))
	for i, o := range os {
		all[i] = which(o)
	}
	return all
}

// operands makes those of t. What is written and not read stays poisoned.
func (s *stage) operands(t trial) ([]*operand, error) {
	names := t.op.Vectors()
	os := make([]*operand, len(names))
	for i, name := range names {
		lo, size := margin+t.at[i], 2*margin+t.at[i]+t.n
		if t.whole {
			lo, size = 0, t.n
		}
		o := newOperand(name, lo, t.n, size)
		if t.op.Reads(i) {
			s.values(o.twin(), t.special)
		}
		if t.op == backend.OpAdamW && name == "v" {
			squares(o.twin())
		}
		if t.memory>>i&1 == 0 && (t.form == 0 || i < len(names)-1) {
			home, err := s.home(i, size, t.whole)
			if err != nil {
				return nil, err
			}
			o.all, o.memory = home, false
		}
		o.put()
		os[i] = o
	}
	if t.instead != 0 {
		os[0] = os[t.instead]
	}
	return os, nil
}

// squares makes v what a mean of squares can be, or leaves it a NaN.
func squares(v []float32) {
	for i, x := range v {
		v[i] = max(x, -x)
	}
}

// numbers are those of op.
func (s *stage) numbers(op backend.Op) (x [8]float32) {
	for i, name := range op.Numbers() {
		switch name {
		case "n":
			x[i] = []float32{1, 2, 3, 4, 5, 6, 7, 8, 24, 1000, 1 << 20}[s.r.IntN(11)]
		case "eps":
			x[i] = []float32{1e-8, 1e-3}[s.r.IntN(2)]
		case "root":
			x[i] = 1 - 0.9*s.r.Float32()
		case "beta", "cb", "coef", "mu", "beta1", "beta2":
			x[i] = 0.999 * max(0, 1.1*s.r.Float32()-0.1) // one of ten is 0
		default:
			x[i] = 0.01 + s.r.Float32()
		}
	}
	return x
}
