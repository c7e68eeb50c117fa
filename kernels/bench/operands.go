package main

import "github.com/halos-go/sdk/kernels"

// operands are the vectors that the kernels of one size share. Each has its role,
// so that no number grows without bound, becomes infinite or becomes so small that
// arithmetic slows down.
type operands struct {
	memory
	p, d, m []float32 // changed by any kernel
	g, h    []float32 // pseudo-gradients, never changed
	v       []float32 // positive; only AdamW changes it
	wire    map[kernels.Form][]byte
}

func newOperands(n int) *operands {
	o := &operands{wire: make(map[kernels.Form][]byte)}
	for _, v := range o.vectors() {
		*v = o.make(n)
	}
	for _, f := range forms {
		o.wire[f] = kernels.Bytes(o.make((f.Size(n) + 3) / 4))[:f.Size(n)]
	}
	o.refresh()
	return o
}

func (o *operands) vectors() []*[]float32 {
	return []*[]float32{&o.p, &o.d, &o.m, &o.g, &o.h, &o.v}
}

// four are the vectors that stand for four pseudo-gradients.
func (o *operands) four() [][]float32 { return [][]float32{o.g, o.h, o.v, o.m} }

// refresh gives all vectors new values.
func (o *operands) refresh() {
	for k, v := range o.vectors() {
		fill(*v, k)
	}
	kernels.Split(len(o.v), func(lo, hi int) {
		v := o.v[lo:hi]
		for i, x := range v {
			v[i] = float32(x*x) + 1e-4
		}
	})
	for f, b := range o.wire {
		kernels.Encode(b, f, o.g)
	}
}
