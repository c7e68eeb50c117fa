package sim

import (
	"slices"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
)

// A pool holds messages for reuse, so that a long run allocates no more than a
// short one.
type pool struct {
	pushes []*halos.Push
	models []*halos.Model
}

// own returns a copy of m that the queue may keep: the loan of m ends with the
// next Step of its node.
func (p *pool) own(m halos.Message) halos.Message {
	switch m := m.(type) {
	case *halos.Push:
		c := take(&p.pushes)
		vector := clone(c.Delta, m.Delta)
		*c = *m
		c.Delta = vector
		return c
	case *halos.Model:
		c := take(&p.models)
		vector := clone(c.Params, m.Params)
		*c = *m
		c.Params = vector
		return c
	case *halos.Pull:
		c := *m
		return &c
	case *halos.Leave:
		c := *m
		return &c
	case *halos.Refuse:
		c := *m
		return &c
	}
	return m // has no content
}

// release takes back what own returned.
func (p *pool) release(m halos.Message) {
	switch m := m.(type) {
	case *halos.Push:
		poisonVector(m.Delta)
		p.pushes = append(p.pushes, m)
	case *halos.Model:
		poisonVector(m.Params)
		p.models = append(p.models, m)
	}
}

// clone returns a copy of v, which may be in any Backend, in the memory of dst.
func clone(dst, v []float32) []float32 {
	dst = slices.Grow(dst[:0], len(v))[:len(v)]
	kernels.Copy(dst, v)
	return dst
}

func take[M any](free *[]*M) *M {
	n := len(*free)
	if n == 0 {
		return new(M)
	}
	m := (*free)[n-1]
	*free = (*free)[:n-1]
	return m
}
