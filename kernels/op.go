package kernels

import "strings"

// An Op is a function of this package that treats all elements alike, by a number, for
// a [Backend]. It has a version in Go, in the file of the function, and assembly that
// _gen makes from its description there.
type Op uint8

// The numbers of an Op are those of its function rounded to float32, or computed in
// float64 and then rounded: n is the length of a window or the number of vectors of a
// mean; keep of a mix is 1-a; those of AdamW are the names in the comment of [AdamW],
// with beta1, beta2 and eps.
//
// Behind each stand the vectors that it changes, behind the bar those that it only
// reads, behind the colon its numbers.
const (
	OpDelayedFirst  Op = iota // p d | g: n lr
	OpDelayedFirstC           // p d | m g: n lr cb
	OpDelayedPlain            // p d | g: n lr
	OpDelayedPlain2           // p d | g0 g1: n lr0 lr1, two in turn
	OpDelayedPlain3
	OpDelayedPlain4
	OpDelayedPlainC // p d | m g: n lr cb
	OpDelayedStep   // p m | d g: n lr beta coef
	OpSGD           // p | g: lr
	OpHeavyBall     // p buf | g: lr mu
	OpNesterov      // p buf | g: lr mu
	OpAdamW         // p m v | g: beta1 c1 beta2 c2 eps keep step root
	OpMix           // y | x: keep a
	OpMixBase       // y base | x: keep a
	OpMixCarry      // y base | x: keep a
	OpReplayBase    // y base | x
	OpReplayCarry   // y base | x
	OpCopy          // dst | x
	OpDelta         // dst | x y
	OpMean2         // dst | x0 x1: n, their sum divided by n, as Mean does it
	OpMean3
	OpMean4
	OpScale // x |: a

	ops
)

// operands names what an Op works on: vectors, and how many of these it changes, the
// first ones; numbers.
var operands = [ops]struct {
	vectors string
	changed int
	numbers string
	all     int // vectors
}{
	OpDelayedFirst:  {"p d g", 2, "n lr", 3},
	OpDelayedFirstC: {"p d m g", 2, "n lr cb", 4},
	OpDelayedPlain:  {"p d g", 2, "n lr", 3},
	OpDelayedPlain2: {"p d g0 g1", 2, "n lr0 lr1", 4},
	OpDelayedPlain3: {"p d g0 g1 g2", 2, "n lr0 lr1 lr2", 5},
	OpDelayedPlain4: {"p d g0 g1 g2 g3", 2, "n lr0 lr1 lr2 lr3", 6},
	OpDelayedPlainC: {"p d m g", 2, "n lr cb", 4},
	OpDelayedStep:   {"p m d g", 2, "n lr beta coef", 4},
	OpSGD:           {"p g", 1, "lr", 2},
	OpHeavyBall:     {"p buf g", 2, "lr mu", 3},
	OpNesterov:      {"p buf g", 2, "lr mu", 3},
	OpAdamW:         {"p m v g", 3, "beta1 c1 beta2 c2 eps keep step root", 4},
	OpMix:           {"y x", 1, "keep a", 2},
	OpMixBase:       {"y base x", 2, "keep a", 3},
	OpMixCarry:      {"y base x", 2, "keep a", 3},
	OpReplayBase:    {"y base x", 2, "", 3},
	OpReplayCarry:   {"y base x", 2, "", 3},
	OpCopy:          {"dst x", 1, "", 2},
	OpDelta:         {"dst x y", 1, "", 3},
	OpMean2:         {"dst x0 x1", 1, "n", 3},
	OpMean3:         {"dst x0 x1 x2", 1, "n", 4},
	OpMean4:         {"dst x0 x1 x2 x3", 1, "n", 5},
	OpScale:         {"x", 1, "a", 1},
}

// Ops returns all, in the order of their numbers.
func Ops() []Op {
	all := make([]Op, ops)
	for i := range all {
		all[i] = Op(i)
	}
	return all
}

// String returns the name of its function with a small first letter: "delayedPlainC",
// "sgd"; behind "delayedPlain" and "mean" the number of vectors.
func (k Op) String() string {
	return opNames[k]
}

var opNames = strings.Fields("delayedFirst delayedFirstC delayedPlain delayedPlain2 delayedPlain3 delayedPlain4 " +
	"delayedPlainC delayedStep sgd heavyBall nesterov adamW mix mixBase mixCarry replayBase replayCarry " +
	"copy delta mean2 mean3 mean4 scale")

// Vectors returns the names of the vectors that k works on, 1 to 6.
func (k Op) Vectors() []string { return strings.Fields(operands[k].vectors) }

// Changed returns how many of the vectors k changes, the first ones.
func (k Op) Changed() int { return operands[k].changed }

// Reads reports whether k reads vector i, from 0: some of those that it changes it only
// writes.
func (k Op) Reads(i int) bool {
	switch k {
	case OpDelayedFirst, OpDelayedFirstC, OpMixBase:
		return i != 1 // d, base
	}
	return i != 0 || !strings.HasPrefix(operands[k].vectors, "dst")
}

// Numbers returns the names of the numbers that k takes, at most 8.
func (k Op) Numbers() []string { return strings.Fields(operands[k].numbers) }

// divides reports whether the first number of k is a divisor, behind which its
// inverse stands in args.
func (k Op) divides() bool { return strings.HasPrefix(operands[k].numbers, "n") }

// A Call is one run of an Op.
type Call struct {
	Op      Op
	Vectors [6][]float32 // of one length, in the order of Op.Vectors
	Numbers [8]float32   // in the order of Op.Numbers

	// Packed, if Form is not 0, is the last of the vectors, which is nil in Vectors, in
	// that form. It is ordinary memory and not changed; the other vectors have
	// elements 0 to n, and it has Form.Size(n) bytes. That last vector is the
	// gradient, the global model, or what is copied; it is none of OpDelta, of a mean
	// or of OpScale.
	Form   Form
	Packed []byte
}

// call is a as a Call.
func (a *args) call(k Op) Call {
	c := Call{Op: k, Vectors: a.v, Numbers: a.s}
	if k.divides() {
		copy(c.Numbers[1:], a.s[2:])
	}
	return c
}

// args is c without what is packed.
func (c *Call) args() *args {
	a := &args{v: c.Vectors, s: c.Numbers}
	if c.Op.divides() {
		a.s[1] = inverse(c.Numbers[0])
		copy(a.s[2:], c.Numbers[1:])
	}
	return a
}

// unpack runs c, whose last vector is packed, in pieces that stay in the cache.
func (c *Call) unpack() {
	a, last := c.args(), operands[c.Op].all-1
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
