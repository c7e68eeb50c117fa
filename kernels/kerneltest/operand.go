package kerneltest

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/halos-go/sdk/kernels"
)

// margin is the number of elements before and behind an operand that is a slice: 256
// bytes, so that its alignment is that of where it begins besides.
const margin = 64

// poison is in elements that nothing should read, or should be left of it.
var poison = math.Float32frombits(0x5a5a5a5a)

// An operand is a vector of a call twice: where the Backend under test gets it, and in
// memory of the suite, where the CPU does the same.
type operand struct {
	name   string
	all    []float32 // what it is a part of: of the Backend, or ordinary memory lent to it
	want   []float32 // as all should be
	lo, hi int
	memory bool // all is ordinary memory
}

// newOperand makes an operand of n elements, the part from lo of size others, in
// ordinary memory. All are poisoned.
func newOperand(name string, lo, n, size int) *operand {
	return &operand{
		name: name, lo: lo, hi: lo + n, memory: true,
		all: make([]float32, size), want: slices.Repeat([]float32{poison}, size),
	}
}

func (o *operand) vector() []float32 { return o.all[o.lo:o.hi] }
func (o *operand) twin() []float32   { return o.want[o.lo:o.hi] }

// put sets all to want.
func (o *operand) put() { kernels.Copy(o.all, o.want) }

// get returns all, in memory of its own.
func (o *operand) get() []float32 {
	got := make([]float32, len(o.all))
	kernels.Copy(got, o.all)
	return got
}

// check compares all with want. An element of the operand may differ as slack allows;
// nil allows nothing.
func (o *operand) check(slack []bound) error {
	all := o.get()
	if bytes.Equal(kernels.Bytes(all), kernels.Bytes(o.want)) {
		return nil
	}
	for i, got := range all {
		want := o.want[i]
		if equal(got, want) {
			continue
		}
		at := i - o.lo
		switch {
		case i < o.lo || i >= o.hi:
			return fmt.Errorf("outside of %s, %s[%d] of %d: %s", o.name, o.name, at, o.hi-o.lo, unlike(got, want))
		case slack == nil:
			return fmt.Errorf("%s[%d] of %d: %s", o.name, at, o.hi-o.lo, unlike(got, want))
		case !slack[at].allows(got):
			return fmt.Errorf("%s[%d] of %d: %s, give or take %.3g", o.name, at, o.hi-o.lo, unlike(got, want), slack[at].slack)
		}
	}
	return nil
}

// equal reports whether a and b have the same bits, or are NaNs.
func equal(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func unlike(got, want float32) string {
	return fmt.Sprintf("%v (%#08x), want %v (%#08x)", got, math.Float32bits(got), want, math.Float32bits(want))
}

// same compares vectors bit for bit.
func same(got, want []float32) error {
	for i := range want {
		if !equal(got[i], want[i]) {
			return fmt.Errorf("element %d of %d is %s", i, len(want), unlike(got[i], want[i]))
		}
	}
	return nil
}

// sameBytes compares what was encoded.
func sameBytes(got, want []byte) error {
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("byte %d of %d is %#02x, want %#02x", i, len(want), got[i], want[i])
		}
	}
	return nil
}

// odd returns n bytes at an odd address.
func odd(n int) []byte { return make([]byte, n+1)[1:] }

// lend returns a copy of b at an odd address.
func lend(b []byte) []byte {
	c := odd(len(b))
	copy(c, b)
	return c
}

func fill[T any](v []T, x T) { copy(v, slices.Repeat([]T{x}, len(v))) }
