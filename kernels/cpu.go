package kernels

import (
	"errors"

	"github.com/halos-go/sdk/kernels/backend"
)

// CPU is the Backend of ordinary memory: all slices that no other Backend has made. It is
// CPU{}, and no pointer to that.
type CPU struct{}

var _ Backend = CPU{}

// Name returns "cpu".
func (CPU) Name() string { return "cpu" }

// Make is the function [Make].
func (CPU) Make(n int) ([]float32, error) { return Make(n), nil }

// Recycle is the function [Recycle].
func (CPU) Recycle(v []float32) { Recycle(v) }

// Run implements [Backend].
func (CPU) Run(c backend.Call) {
	if int(c.Op) >= len(shapes) {
		panic("kernels: no such op")
	}
	if c.Form != 0 {
		unpack(&c)
		return
	}
	do(c.Op, &args{v: c.Vectors, s: c.Numbers})
}

// Encode implements [Backend].
func (CPU) Encode(dst []byte, f Form, x, y, residual []float32) {
	if y == nil {
		Encode(dst, f, x)
		return
	}
	EncodeDelta(dst, f, x, y, residual)
}

// Dot is the function [Dot].
func (CPU) Dot(x, y []float32) float64 { return Dot(x, y) }

// Finite is the function [Finite].
func (CPU) Finite(x []float32) bool { return Finite(x) }

// Snapshot returns a copy.
func (CPU) Snapshot(v []float32) Snapshot {
	c := &copied{v: Make(len(v))}
	Copy(c.v, v)
	return c
}

// Err returns nil.
func (CPU) Err() error { return nil }

// Close does nothing.
func (CPU) Close() error { return nil }

// copied is a Snapshot of ordinary memory.
type copied struct {
	v        []float32
	released bool
}

// errReleased is the error of Read after Release.
var errReleased = errors.New("kernels: snapshot is released")

func (c *copied) Read(dst []float32) error {
	if c.released {
		return errReleased
	}
	Copy(dst, c.v)
	return nil
}

func (c *copied) Release() {
	if c.released {
		panic("kernels: snapshot released twice")
	}
	Recycle(c.v)
	*c = copied{released: true}
}

// unpack runs c, whose last vector is packed, in pieces that stay in the cache.
func unpack(c *backend.Call) {
	a, last := &args{v: c.Vectors, s: c.Numbers}, shapes[c.Op].vectors-1
	n := len(a.v[0])
	if last == 0 {
		panic("kernels: the only vector of a call is packed")
	}
	for _, v := range a.v[1:last] {
		same(n, len(v))
	}
	DecodeEach(c.Form, c.Packed, n, func(lo, hi int, g []float32) {
		piece := *a
		for i := range last {
			piece.v[i] = a.v[i][lo:hi]
		}
		piece.v[last] = g
		run(c.Op, &piece)
	})
}
