package main

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

// The three operations of a server that the published one spends its time in.
const (
	plainStep = "plain step"
	nthStep   = "N-th step"
	mergeBase = "merge with new base"
)

var operations = []string{plainStep, nthStep, mergeBase}

// The ways to do them. A list of tensors is an imitation in Go, operation by operation,
// of the memory that a program in PyTorch moves; PyTorch itself is for those who have it.
const (
	ours      = "this library"
	plainLoop = "plain Go loop"
	gonum     = "gonum axpy, scal"
	published = "list, out of place" // as the published server does, its heap reused
	inPlace   = "list, in place"     // as it could do

	torchReused = "PyTorch list, heap reused" // the published form
	torchAsIs   = "PyTorch list, as shipped"  // and the heap as the C library has it
)

var ways = []string{ours, plainLoop, gonum, published, inPlace, torchReused, torchAsIs}

// mixed is the weight of the global model in a merge.
const mixed = 0.25

// A vectors is a server's state over one flat vector each: parameters, sum of the
// window, momentum, base; and what arrives: pseudo-gradient, global model.
type vectors struct {
	memory
	p, d, m, base, g, global []float32
}

func newVectors(n int) *vectors {
	v := new(vectors)
	for k, x := range v.all() {
		*x = v.make(n)
		fill(*x, k)
	}
	return v
}

func (v *vectors) all() []*[]float32 {
	return []*[]float32{&v.p, &v.d, &v.m, &v.base, &v.g, &v.global}
}

// fused is this library's way. Its N-th step does not zero the sum, as the others
// must: the first step of the next window does not read it.
func (v *vectors) fused(operation string) func() {
	switch operation {
	case plainStep:
		return func() { kernels.DelayedPlain(v.p, v.d, v.g, lr, nth) }
	case nthStep:
		return func() { kernels.DelayedStep(v.p, v.m, v.d, v.g, lr, beta, beta, nth) }
	}
	return func() { kernels.MixBase(v.p, v.base, v.global, mixed) }
}

// chain is the way of a Go programmer with a BLAS at hand: in place, vector by vector.
func (v *vectors) chain(operation string) func() {
	switch operation {
	case plainStep:
		return func() {
			axpy(1, v.g, v.d)
			axpy(-lr/nth, v.g, v.p)
		}
	case nthStep:
		return func() {
			axpy(1, v.g, v.d)
			scal(beta, v.m)
			axpy(1./nth, v.d, v.m)
			axpy(-lr*beta, v.m, v.p)
			axpy(-lr/nth, v.g, v.p)
			zero(v.d)
		}
	}
	return func() {
		scal(1-mixed, v.p)
		axpy(mixed, v.global, v.p)
		clone(v.base, v.p)
	}
}

func axpy(a float32, x, y []float32) {
	kernels.Split(len(x), func(lo, hi int) { blas32.Axpy(a, flat(x[lo:hi]), flat(y[lo:hi])) })
}

func scal(a float32, x []float32) {
	kernels.Split(len(x), func(lo, hi int) { blas32.Scal(a, flat(x[lo:hi])) })
}

func flat(x []float32) blas32.Vector { return blas32.Vector{N: len(x), Inc: 1, Data: x} }

// A rivalRow is one way to do one operation on the whole model.
type rivalRow struct {
	Operation string `json:"operation"`
	Way       string `json:"way"`
	Threads   int    `json:"threads"`
	NS        stat   `json:"ns"`   // per parameter
	Over      stat   `json:"over"` // times the time of this library
}

// benchRivals measures all ways at one thread and at all; PyTorch if there is a
// python that has it.
func (b *bench) benchRivals(python string) error {
	torches := make(map[string]*torch)
	if python != "" {
		for way, env := range map[string][]string{torchReused: reuse, torchAsIs: nil} {
			t, err := startTorch(python, b.shapes, env...)
			if err != nil {
				return err
			}
			b.Torch, torches[way] = t.version, t
		}
	}
	v := newVectors(total(b.shapes))
	t := newTensors(v, b.shapes)
	defer v.recycle()
	n := len(v.p)
	b.Tensors = fmt.Sprintf("%d tensors, %.1f M parameters", len(b.shapes), float64(n)/1e6)
	for _, threads := range slices.Compact([]int{1, b.all()}) {
		for _, o := range operations {
			b.log("rivals: %s %s", o, on(threads))
			cs := []contender{
				{slot{ours, best(), threads}, v.fused(o)},
				{slot{plainLoop, isa.Generic, threads}, v.fused(o)},
				{slot{gonum, best(), threads}, v.chain(o)},
				{slot{published, best(), threads}, t.published(o)},
				{slot{inPlace, best(), threads}, t.inPlace(o)},
			}
			for _, way := range ways {
				if t := torches[way]; t != nil {
					cs = append(cs, contender{slot{way, best(), threads}, t.step(o, threads)})
				}
			}
			times := b.measure(cs)
			for _, way := range ways {
				level := best()
				if way == plainLoop {
					level = isa.Generic
				}
				s, measured := times[slot{way, level, threads}]
				if !measured {
					continue
				}
				b.Rivals = append(b.Rivals, rivalRow{o, way, threads, s.each(perElement(n)).stat(),
					s.over(times[slot{ours, best(), threads}]).stat()})
			}
		}
	}
	for _, t := range torches {
		if err := t.close(); err != nil {
			return fmt.Errorf("bench: -torch: %w", err)
		}
	}
	return nil
}

// all is the highest number of threads.
func (b *bench) all() int { return b.threads[len(b.threads)-1] }
