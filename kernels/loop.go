package kernels

import (
	"math"

	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

// args are the operands of an op, as in a [backend.Call], with what its loop needs
// besides. Assembly finds them by their offsets.
type args struct {
	v [6][]float32 // vectors of one length, in the order of Op.Vectors
	s [8]float32   // in the order of Op.Numbers

	inverse  float32 // of n, if the op divides by n, and if the product with it has the bits of the quotient; else 0
	overflow uint32  // set by the loop of a mean: not 0 if a result may have overflowed
	stream   bool    // write vectors that are not read past the cache
}

// A shape is what running an op needs to know of it.
type shape struct {
	vectors int
	changed int
	divides bool
}

// shapes are those of all ops, by number.
var shapes = func() (all []shape) {
	for _, k := range backend.Ops() {
		all = append(all, shape{vectors: len(k.Vectors()), changed: k.Changed(), divides: k.Divides()})
	}
	return all
}()

// streaming is the number of elements from which a vector that is written and not read
// is written past the cache. It would not stay there, and the cache would read it first.
const streaming = 1 << 20

// few is the number of elements below which the call of assembly costs more than the
// loop in Go.
const few = 8

// do runs an op on whole vectors, on several goroutines if they are large.
func do(k backend.Op, a *args) {
	n := len(a.v[0])
	all := a.v[:shapes[k].vectors]
	for _, v := range all[1:] {
		same(n, len(v))
	}
	if b := backend.Of(all...); b != nil {
		b.Run(backend.Call{Op: k, Vectors: a.v, Numbers: a.s})
		return
	}
	if n < few && !isMean(k) {
		runGeneric(k, a)
		return
	}
	a.stream = n >= streaming
	if n <= grain {
		run(k, a)
		return
	}
	t := newTeam()
	t.op, t.args = k, *a
	t.run(n, (*team).loop)
	t.release()
}

// run runs an op on this goroutine.
func run(k backend.Op, a *args) {
	if isMean(k) {
		mean(a.v[0], a.v[1:shapes[k].vectors], 0, a.s[0], a.stream)
		return
	}
	runLoop(k, a)
}

// runLoop runs the loop of an op. That of a mean only says whether a sum has overflowed.
func runLoop(k backend.Op, a *args) {
	if len(a.v[0]) < few {
		runGeneric(k, a)
		return
	}
	if shapes[k].divides {
		a.inverse = inverse(a.s[0])
	}
	if raceEnabled && isa.Now != isa.Generic {
		for i, v := range a.v[:shapes[k].vectors] {
			if i < shapes[k].changed {
				raceWrite(v)
			} else {
				raceRead(v)
			}
		}
	}
	runBest(k, a)
}

// inverse is 1/n if n is a power of two, where x*(1/n) and x/n are the same number
// before they are rounded and so after it; otherwise 0. Assembly multiplies if it
// can: several times faster in cache.
func inverse(n float32) float32 {
	const fraction = 1<<23 - 1
	if math.Float32bits(n)&fraction != 0 || !(n >= 1 && n <= 1<<30) {
		return 0
	}
	return 1 / n
}
