package kernels

import (
	"math"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

// An op is an elementwise loop. It has a version in Go, in the file of its
// function, and assembly that _gen makes from its description there.
type op uint8

const (
	opDelayedFirst op = iota
	opDelayedFirstC
	opDelayedPlain
	opDelayedPlain2 // two in turn
	opDelayedPlain3
	opDelayedPlain4
	opDelayedPlainC
	opDelayedStep
	opSGD
	opHeavyBall
	opNesterov
	opAdamW
	opMix
	opMixBase
	opMixCarry
	opReplayBase
	opReplayCarry
	opCopy
	opDelta
	opAdd3 // three in turn
	opSum4
	opMean2 // sum of so many, by any number
	opMean3
	opMean4
	opScale
	ops
)

// operands says how many vectors an op works on, and how many of these it changes.
var operands = [ops]struct{ all, changed int }{
	opDelayedFirst:  {3, 2},
	opDelayedFirstC: {4, 2},
	opDelayedPlain:  {3, 2},
	opDelayedPlain2: {4, 2},
	opDelayedPlain3: {5, 2},
	opDelayedPlain4: {6, 2},
	opDelayedPlainC: {4, 2},
	opDelayedStep:   {4, 2},
	opSGD:           {2, 1},
	opHeavyBall:     {3, 2},
	opNesterov:      {3, 2},
	opAdamW:         {4, 3},
	opMix:           {2, 1},
	opMixBase:       {3, 2},
	opMixCarry:      {3, 2},
	opReplayBase:    {3, 2},
	opReplayCarry:   {3, 2},
	opCopy:          {2, 1},
	opDelta:         {3, 1},
	opAdd3:          {4, 1},
	opSum4:          {5, 1},
	opMean2:         {3, 1},
	opMean3:         {4, 1},
	opMean4:         {5, 1},
	opScale:         {1, 1},
}

// args are the operands of an op. Assembly reads them by their offsets.
type args struct {
	v      [6][]float32 // vectors of one length, those that are changed first
	s      [8]float32   // numbers
	stream bool         // write vectors that are not read past the cache
}

// streaming is the number of elements from which a vector that is written, and
// not read, is better written past the cache: it would not stay there, and the
// cache would read it first.
const streaming = 1 << 20

// few elements take longer to prepare for than to do.
const few = 8

// do runs an op on whole vectors, on several goroutines if they are large.
func do(k op, a *args) {
	n := len(a.v[0])
	for _, v := range a.v[1:operands[k].all] {
		if len(v) != n {
			panic("kernels: vectors differ in length")
		}
	}
	if n < few {
		runGeneric(k, a)
		return
	}
	a.stream = n >= streaming
	if threads(n) == 1 {
		run(k, a)
		return
	}
	t := newTeam()
	t.op, t.args = k, *a
	t.run(n, (*team).loop)
	t.release()
}

// run runs an op on this goroutine.
func run(k op, a *args) {
	if raceEnabled && isa.Now != isa.Generic {
		for i, v := range a.v[:operands[k].all] {
			if i < operands[k].changed {
				raceWrite(v)
			} else {
				raceRead(v)
			}
		}
	}
	runBest(k, a)
}

// runGeneric says which operand is which.
func runGeneric(k op, a *args) {
	v, s := &a.v, &a.s
	switch k {
	case opDelayedFirst:
		delayedFirstGeneric(v[0], v[1], v[2], s[0], s[2])
	case opDelayedFirstC:
		delayedFirstCGeneric(v[0], v[1], v[2], v[3], s[0], s[2], s[3])
	case opDelayedPlain:
		delayedPlainGeneric(v[0], v[1], v[2], s[0], s[2])
	case opDelayedPlain2, opDelayedPlain3, opDelayedPlain4:
		for i, g := range v[2:operands[k].all] {
			delayedPlainGeneric(v[0], v[1], g, s[0], s[2+i])
		}
	case opDelayedPlainC:
		delayedPlainCGeneric(v[0], v[1], v[2], v[3], s[0], s[2], s[3])
	case opDelayedStep:
		delayedStepGeneric(v[0], v[1], v[2], v[3], s[0], s[2], s[3], s[4])
	case opSGD:
		sgdGeneric(v[0], v[1], s[0])
	case opHeavyBall:
		heavyBallGeneric(v[0], v[1], v[2], s[0], s[1])
	case opNesterov:
		nesterovGeneric(v[0], v[1], v[2], s[0], s[1])
	case opAdamW:
		adamWGeneric(v[0], v[1], v[2], v[3], s)
	case opMix:
		mixGeneric(v[0], v[1], s[0], s[1])
	case opMixBase:
		mixBaseGeneric(v[0], v[1], v[2], s[0], s[1])
	case opMixCarry:
		mixCarryGeneric(v[0], v[1], v[2], s[0], s[1])
	case opReplayBase:
		replayBaseGeneric(v[0], v[1], v[2])
	case opReplayCarry:
		replayCarryGeneric(v[0], v[1], v[2])
	case opCopy:
		copy(v[0], v[1])
	case opDelta:
		deltaGeneric(v[0], v[1], v[2])
	case opAdd3:
		add3Generic(v[0], v[1], v[2], v[3])
	case opSum4:
		sum4Generic(v[0], v[1], v[2], v[3], v[4])
	case opMean2:
		mean2Generic(v[0], v[1], v[2], s[0])
	case opMean3:
		mean3Generic(v[0], v[1], v[2], v[3], s[0])
	case opMean4:
		mean4Generic(v[0], v[1], v[2], v[3], v[4], s[0])
	case opScale:
		scaleGeneric(v[0], s[0])
	}
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
