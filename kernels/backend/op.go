package backend

import (
	"slices"
	"strconv"
	"strings"
)

// An Op is a function of package kernels that treats all elements alike. Its formula is
// in the comment of that function; its vectors and numbers have the names from there.
type Op uint8

// The delayedPlain with a number takes so many gradients, one after the other, each with
// a learning rate. The mean with a number is that of so many vectors.
const (
	OpDelayedFirst Op = iota
	OpDelayedFirstC
	OpDelayedPlain
	OpDelayedPlain2
	OpDelayedPlain3
	OpDelayedPlain4
	OpDelayedPlainC
	OpDelayedStep
	OpSGD
	OpHeavyBall
	OpNesterov
	OpAdamW
	OpMix
	OpMixBase
	OpMixCarry
	OpReplayBase
	OpReplayCarry
	OpCopy
	OpDelta
	OpMean2
	OpMean3
	OpMean4
	OpScale
)

// table describes each Op. All else that the library knows of an Op follows from its row:
// the generator in kernels/_gen and the kernels for GPUs find operands by these names.
//
// A vector with a star is read and changed. One with an equals sign is overwritten: what
// was in it is not read. The others are only read. Those that are changed come first.
//
// A new Op is a row here, a function and its loop in Go in package kernels, a loop in
// kernels/_gen, a kernel in kernels/cuda/ptx, its calls of cuBLAS in kernels/internal/gpu
// and a formula in kerneltest. Tests there fail while one is missing.
//
// A number is what the caller of the function gives, or what the comment of the function
// computes from it in float64, rounded to float32: keep of a mix is 1-a. The number n is
// what sums are divided by: the length of a window, or how many vectors a mean is of.
var table = [...]struct{ name, vectors, numbers string }{
	OpDelayedFirst:  {"delayedFirst", "p* d= g", "n lr"},
	OpDelayedFirstC: {"delayedFirstC", "p* d= m g", "n lr cb"},
	OpDelayedPlain:  {"delayedPlain", "p* d* g", "n lr"},
	OpDelayedPlain2: {"delayedPlain2", "p* d* g0 g1", "n lr0 lr1"},
	OpDelayedPlain3: {"delayedPlain3", "p* d* g0 g1 g2", "n lr0 lr1 lr2"},
	OpDelayedPlain4: {"delayedPlain4", "p* d* g0 g1 g2 g3", "n lr0 lr1 lr2 lr3"},
	OpDelayedPlainC: {"delayedPlainC", "p* d* m g", "n lr cb"},
	OpDelayedStep:   {"delayedStep", "p* m* d g", "n lr beta coef"},
	OpSGD:           {"sgd", "p* g", "lr"},
	OpHeavyBall:     {"heavyBall", "p* buf* g", "lr mu"},
	OpNesterov:      {"nesterov", "p* buf* g", "lr mu"},
	OpAdamW:         {"adamW", "p* m* v* g", "beta1 c1 beta2 c2 eps decay step root"},
	OpMix:           {"mix", "y* x", "keep a"},
	OpMixBase:       {"mixBase", "y* base= x", "keep a"},
	OpMixCarry:      {"mixCarry", "y* base* x", "keep a"},
	OpReplayBase:    {"replayBase", "y* base* x", ""},
	OpReplayCarry:   {"replayCarry", "y* base* x", ""},
	OpCopy:          {"copy", "dst= x", ""},
	OpDelta:         {"delta", "dst= x y", ""},
	OpMean2:         {"mean2", "dst= x0 x1", "n"},
	OpMean3:         {"mean3", "dst= x0 x1 x2", "n"},
	OpMean4:         {"mean4", "dst= x0 x1 x2 x3", "n"},
	OpScale:         {"scale", "x*", "a"},
}

// Ops returns all, in the order of their numbers.
func Ops() []Op {
	all := make([]Op, len(table))
	for i := range all {
		all[i] = Op(i)
	}
	return all
}

// String returns the name of the function with a small first letter, "delayedPlainC" or
// "sgd", and behind "delayedPlain" and "mean" the number of vectors.
func (k Op) String() string {
	if int(k) >= len(table) {
		return "Op(" + strconv.Itoa(int(k)) + ")"
	}
	return table[k].name
}

// row is the row of k in the table.
func (k Op) row() (name, vectors, numbers string) {
	if int(k) >= len(table) {
		panic("backend: no such op")
	}
	return table[k].name, table[k].vectors, table[k].numbers
}

// Vectors returns the names of the vectors that k works on, 1 to 6.
func (k Op) Vectors() []string {
	_, vectors, _ := k.row()
	names := strings.Fields(vectors)
	for i, name := range names {
		names[i] = strings.TrimRight(name, "*=")
	}
	return names
}

// Changed returns how many of the vectors k changes, the first ones.
func (k Op) Changed() int {
	_, vectors, _ := k.row()
	return strings.Count(vectors, "*") + strings.Count(vectors, "=")
}

// Reads reports whether the result of k depends on what was in vector i, from 0.
func (k Op) Reads(i int) bool {
	_, vectors, _ := k.row()
	return !strings.HasSuffix(strings.Fields(vectors)[i], "=")
}

// Numbers returns the names of the numbers that k takes, at most 8.
func (k Op) Numbers() []string {
	_, _, numbers := k.row()
	return strings.Fields(numbers)
}

// Divides reports whether k divides by its first number, n.
func (k Op) Divides() bool { return slices.Contains(k.Numbers(), "n") }
