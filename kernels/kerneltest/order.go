package kerneltest

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// The laws about many calls.

// A play is calls in turn on a few vectors, made on the Backend under test and on the
// CPU, with nothing looked at in between that would make the Backend wait.
type play struct {
	*stage
	os      [6]*operand
	squares *operand // for AdamW
	last    []string // the calls since the last look, for the error
}

const played = 1003 // elements of the vectors

func newPlay(s *stage) (*play, error) {
	p := &play{stage: s}
	for i := range p.os {
		o, err := s.operand(fmt.Sprint("vector ", i), i, played)
		if err != nil {
			return nil, err
		}
		p.os[i] = o
	}
	o, err := s.operand("squares", len(p.os), played)
	if err != nil {
		return nil, err
	}
	squares(o.twin())
	o.put()
	p.squares = o
	return p, nil
}

// orderOfCalls makes many calls before it looks at a result.
func orderOfCalls(s *stage) error {
	p, err := newPlay(s)
	if err != nil {
		return err
	}
	acts := 12
	if s.short {
		acts = 4
	}
	for range acts {
		if err := p.act(60); err != nil {
			return err
		}
	}
	return nil
}

// act makes calls and then looks.
func (p *play) act(calls int) error {
	p.last = p.last[:0]
	for range calls {
		if err := p.step(); err != nil {
			return fmt.Errorf("%w, after %v", err, p.last)
		}
	}
	for _, o := range append(p.os[:], p.squares) {
		if err := o.check(p.about(o)); err != nil {
			return fmt.Errorf("%w, after %v", err, p.last)
		}
		kernels.Copy(o.want, o.all) // rounded results do not drift away
	}
	return nil
}

// about is what rounding may have done in an act: it is far less than what a call
// does.
func (p *play) about(o *operand) []bound {
	if p.p == Exact {
		return nil
	}
	all := make([]bound, 0, played)
	for _, x := range o.twin() {
		all = append(all, bound{float64(x), 1e-2 + 1e-2*math.Abs(float64(x))})
	}
	return all
}

// step makes one call, of parts of the vectors.
func (p *play) step() error {
	if p.r.IntN(12) == 0 {
		return p.ask()
	}
	op := p.op()
	end, n := len(op.Vectors()), 1+p.r.IntN(played)
	here := backend.Call{Op: op, Numbers: p.numbers(op)}
	there, order := here, p.r.Perm(len(p.os))
	for i := range end {
		o, at := p.os[order[i]], p.r.IntN(played-n+1)
		if op == backend.OpAdamW && i == 2 {
			o = p.squares
		}
		here.Vectors[i], there.Vectors[i] = o.twin()[at:at+n], o.vector()[at:at+n]
	}
	spoil := p.borrow(&here, &there, end-1, n)
	kernels.CPU{}.Run(here)
	p.b.Run(there)
	spoil()
	p.last = append(p.last, op.String())
	for i := range op.Changed() {
		p.tame(here.Vectors[i], there.Vectors[i])
	}
	return nil
}

// op returns one of all; AdamW, which may make much of little, only if it is exact.
func (p *play) op() backend.Op {
	for ops := backend.Ops(); ; {
		if op := ops[p.r.IntN(len(ops))]; op != backend.OpAdamW || p.p == Exact {
			return op
		}
	}
}

// borrow may put the last operand into ordinary memory, or pack it. It returns what
// overwrites that.
func (p *play) borrow(here, there *backend.Call, last, n int) (spoil func()) {
	kind := p.r.IntN(4)
	if last < here.Op.Changed() || kind == 0 {
		return func() {}
	}
	v := p.fresh(n)
	if kind == 1 && packs(here.Op) {
		here.Form = forms[p.r.IntN(len(forms))]
		here.Packed = odd(here.Form.Size(n))
		kernels.Encode(here.Packed, here.Form, v)
		there.Form, there.Packed = here.Form, lend(here.Packed)
		here.Vectors[last], there.Vectors[last] = nil, nil
		return func() { fill(there.Packed, 0x5a) }
	}
	here.Vectors[last], there.Vectors[last] = v, append([]float32(nil), v...)
	return func() { fill(there.Vectors[last], poison) }
}

// tame begins anew with what would become too large.
func (p *play) tame(here, there []float32) {
	for _, x := range here {
		if !(x > -1e3 && x < 1e3) {
			v := p.fresh(len(here))
			if p.inSquares(here) {
				squares(v)
			}
			kernels.Copy(here, v)
			kernels.Copy(there, v)
			fill(v, poison)
			return
		}
	}
}

// inSquares reports whether v is a part of what AdamW takes the root of.
func (p *play) inSquares(v []float32) bool {
	at := address(v) - address(p.squares.want)
	return at < 4*uintptr(len(p.squares.want))
}

// ask wants an answer in between.
func (p *play) ask() error {
	x, y := p.os[p.r.IntN(len(p.os))], p.os[p.r.IntN(len(p.os))]
	p.last = append(p.last, "(asked)")
	switch p.r.IntN(4) {
	case 0:
		got, want := newBuffer(kernels.Int8.Size(played)), newBuffer(kernels.Int8.Size(played))
		p.b.Encode(got.part(), kernels.Int8, x.vector(), nil, nil)
		kernels.Encode(want.part(), kernels.Int8, x.twin())
		if p.p == Exact {
			return sameBytes(got, want)
		}
	case 1:
		if !p.b.Finite(x.vector()) {
			return errors.New("Finite is false")
		}
	case 2:
		got, want := p.b.Dot(x.vector(), y.vector()), kernels.Dot(x.twin(), y.twin())
		if p.p == Exact && got != want {
			return fmt.Errorf("Dot is %v, want %v", got, want)
		}
	default:
		snap := p.b.Snapshot(x.vector())
		defer snap.Release()
		got := newOperand(x.name+", by Read,", 0, played, played)
		kernels.Copy(got.want, x.twin())
		if err := snap.Read(got.all); err != nil {
			return err
		}
		return got.check(p.about(got))
	}
	return nil
}

// goroutines plays in several, each with vectors of its own.
func goroutines(s *stage) error {
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			p, err := newPlay(newStage(s.p, s.b, s.short, uint64(10+i)))
			for k := 0; k < 4 && err == nil; k++ {
				err = p.act(30)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
