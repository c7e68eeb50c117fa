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

// A tensors is a server's state as a list of tensors for each vector, in memory as
// make gives it and not in that of [kernels.Make], as a tensor library gets its own
// from malloc.
type tensors struct {
	p, d, m, base, g, global [][]float32

	temps [3][]float32      // as long as the longest tensor, and used again as soon as they are free
	spare map[int][]float32 // by length: the storage that the last result of that length left
	made  int
}

// newTensors copies v, cut into tensors of the shapes. g and global stay where they are.
func newTensors(v *vectors, shapes []shape) *tensors {
	t := &tensors{spare: make(map[int][]float32)}
	longest, lo := 0, 0
	for _, s := range shapes {
		n := s.len()
		longest = max(longest, n)
		for _, c := range []struct {
			list *[][]float32
			from []float32
		}{{&t.p, v.p}, {&t.d, v.d}, {&t.m, v.m}, {&t.base, v.base}} {
			x := t.make(n)
			copy(x, c.from[lo:])
			*c.list = append(*c.list, x)
		}
		t.g, t.global = append(t.g, v.g[lo:lo+n]), append(t.global, v.global[lo:lo+n])
		if t.spare[n] == nil {
			t.spare[n] = t.make(n)
		}
		lo += n
	}
	for i := range t.temps {
		t.temps[i] = t.make(longest)
	}
	return t
}

func (t *tensors) make(n int) []float32 {
	t.made++
	skip := skip(t.made)
	return make([]float32, n+skip)[skip:]
}

// fresh is storage for a result that takes the place of *x, whose own becomes the
// next spare: a heap that is reused.
func (t *tensors) fresh(x *[]float32, op func(dst []float32)) {
	dst := t.spare[len(*x)]
	op(dst)
	t.spare[len(*x)], *x = *x, dst
}

// published does an operation as the published server does: tensor by tensor, one
// out-of-place operation after another, in its order of operations.
func (t *tensors) published(operation string) func() {
	var one func(i int)
	switch operation {
	case plainStep:
		one = t.publishedPlain
	case nthStep:
		one = t.publishedNth
	default:
		one = t.publishedMerge
	}
	return t.forEach(one)
}

func (t *tensors) forEach(one func(i int)) func() {
	return func() {
		for i := range t.p {
			one(i)
		}
	}
}

// temp is temporary k, as long as tensor i.
func (t *tensors) temp(k, i int) []float32 { return t.temps[k][:len(t.p[i])] }

func (t *tensors) publishedPlain(i int) {
	p, d, g := t.p[i], t.d[i], t.g[i]
	t.fresh(&t.d[i], func(dst []float32) { add(dst, d, g) })
	mean, step := t.temp(0, i), t.temp(1, i)
	div(mean, g, nth)
	mul(step, mean, lr)
	t.fresh(&t.p[i], func(dst []float32) { sub(dst, p, step) })
}

func (t *tensors) publishedNth(i int) {
	p, d, m, g := t.p[i], t.d[i], t.m[i], t.g[i]
	t.fresh(&t.d[i], func(dst []float32) { add(dst, d, g) })
	kept, mean := t.temp(0, i), t.temp(1, i)
	mul(kept, m, beta)
	div(mean, t.d[i], nth)
	t.fresh(&t.m[i], func(dst []float32) { add(dst, kept, mean) })
	ahead, part, sum, step := kept, mean, t.temp(2, i), kept
	mul(ahead, t.m[i], beta)
	div(part, g, nth)
	add(sum, ahead, part)
	mul(step, sum, lr)
	t.fresh(&t.p[i], func(dst []float32) { sub(dst, p, step) })
	t.fresh(&t.d[i], zero)
}

func (t *tensors) publishedMerge(i int) {
	kept, taken := t.temp(0, i), t.temp(1, i)
	mul(kept, t.p[i], 1-mixed)
	mul(taken, t.global[i], mixed)
	t.fresh(&t.p[i], func(dst []float32) { add(dst, kept, taken) })
	t.fresh(&t.base[i], func(dst []float32) { clone(dst, t.p[i]) })
}

// inPlace does an operation tensor by tensor with the in-place operations that a
// tensor library has: add_, mul_, lerp_, zero_, copy_. They are this library's own
// loops with the same operands.
func (t *tensors) inPlace(operation string) func() {
	switch operation {
	case plainStep:
		return t.forEach(func(i int) {
			kernels.SGD(t.d[i], t.g[i], -1)
			kernels.SGD(t.p[i], t.g[i], lr/nth)
		})
	case nthStep:
		return t.forEach(func(i int) {
			kernels.SGD(t.d[i], t.g[i], -1)
			kernels.Scale(t.m[i], beta)
			kernels.SGD(t.m[i], t.d[i], -1./nth)
			kernels.SGD(t.p[i], t.m[i], lr*beta)
			kernels.SGD(t.p[i], t.g[i], lr/nth)
			zero(t.d[i])
		})
	}
	return t.forEach(func(i int) {
		kernels.Mix(t.p[i], t.global[i], mixed)
		kernels.Copy(t.base[i], t.p[i])
	})
}

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
