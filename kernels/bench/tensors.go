package main

import "github.com/halos-go/sdk/kernels"

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
