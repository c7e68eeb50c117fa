package kernels

import (
	"math"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

// args are the operands of an op. Assembly finds them by their offsets.
type args struct {
	v        [6][]float32 // vectors of one length, those that are changed first
	s        [8]float32   // numbers
	overflow uint32       // set by the loop of a mean: not 0 if a result may have overflowed
	stream   bool         // write vectors that are not read past the cache
}

// streaming is the number of elements from which a vector that is written, and
// not read, is better written past the cache: it would not stay there, and the
// cache would read it first.
const streaming = 1 << 20

// few is the number of elements below which the call of assembly costs more than the
// loop in Go.
const few = 8

// do runs an op on whole vectors, on several goroutines if they are large.
func do(k Op, a *args) {
	n := len(a.v[0])
	for _, v := range a.v[1:operands[k].all] {
		if len(v) != n {
			panic(lengths)
		}
	}
	if b := away(a.v[:operands[k].all]...); b != nil {
		b.Run(a.call(k))
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
func run(k Op, a *args) {
	if k.isMean() {
		mean(a.v[0], a.v[1:operands[k].all], 0, a.s[0], a.stream)
		return
	}
	runLoop(k, a)
}

// runLoop runs the loop of an op. That of a mean only says whether a sum has overflowed.
func runLoop(k Op, a *args) {
	if len(a.v[0]) < few {
		runGeneric(k, a)
		return
	}
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
func runGeneric(k Op, a *args) {
	v, s := &a.v, &a.s
	switch k {
	case OpDelayedFirst:
		delayedFirstGeneric(v[0], v[1], v[2], s[0], s[2])
	case OpDelayedFirstC:
		delayedFirstCGeneric(v[0], v[1], v[2], v[3], s[0], s[2], s[3])
	case OpDelayedPlain:
		delayedPlainGeneric(v[0], v[1], v[2], s[0], s[2])
	case OpDelayedPlain2, OpDelayedPlain3, OpDelayedPlain4:
		for i, g := range v[2:operands[k].all] {
			delayedPlainGeneric(v[0], v[1], g, s[0], s[2+i])
		}
	case OpDelayedPlainC:
		delayedPlainCGeneric(v[0], v[1], v[2], v[3], s[0], s[2], s[3])
	case OpDelayedStep:
		delayedStepGeneric(v[0], v[1], v[2], v[3], s[0], s[2], s[3], s[4])
	case OpSGD:
		sgdGeneric(v[0], v[1], s[0])
	case OpHeavyBall:
		heavyBallGeneric(v[0], v[1], v[2], s[0], s[1])
	case OpNesterov:
		nesterovGeneric(v[0], v[1], v[2], s[0], s[1])
	case OpAdamW:
		adamWGeneric(v[0], v[1], v[2], v[3], s)
	case OpMix:
		mixGeneric(v[0], v[1], s[0], s[1])
	case OpMixBase:
		mixBaseGeneric(v[0], v[1], v[2], s[0], s[1])
	case OpMixCarry:
		mixCarryGeneric(v[0], v[1], v[2], s[0], s[1])
	case OpReplayBase:
		replayBaseGeneric(v[0], v[1], v[2])
	case OpReplayCarry:
		replayCarryGeneric(v[0], v[1], v[2])
	case OpCopy:
		copy(v[0], v[1])
	case OpDelta:
		deltaGeneric(v[0], v[1], v[2])
	case OpMean2:
		a.overflow = mean2Generic(v[0], v[1], v[2], s[0])
	case OpMean3:
		a.overflow = mean3Generic(v[0], v[1], v[2], v[3], s[0])
	case OpMean4:
		a.overflow = mean4Generic(v[0], v[1], v[2], v[3], v[4], s[0])
	case OpScale:
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
