package main

import (
	"slices"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/isa"
)

// A work is one kernel with its operands: what a row of the table measures.
type work struct {
	name string
	// bytes is the minimum that it must read and write per element.
	bytes float64
	kind  kind
	bind  func(o *operands) func()
}

// A kind is a group of kernels that are judged together.
type kind uint8

const (
	update   kind = iota // moves parameters in place
	other                // only reads, or writes what it does not read
	unjudged             // wire forms, which have thresholds of their own, and rivals
)

// Hyper-parameters so small that values stay where they are.
const (
	lr   = 1e-3
	beta = 0.9
	nth  = 16
)

var adam = kernels.AdamWStep{LR: 1e-6, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Decay: 0.1, Bias1: 1, Bias2: 1}

var works = slices.Concat([]work{
	{"DelayedPlain", 20, update, func(o *operands) func() {
		return func() { kernels.DelayedPlain(o.p, o.d, o.g, lr, nth) }
	}},
	{"DelayedPlain, n = 12", 20, update, func(o *operands) func() { // whose inverse is not exact: it divides
		return func() { kernels.DelayedPlain(o.p, o.d, o.g, lr, 12) }
	}},
	{"DelayedPlainC", 24, update, func(o *operands) func() {
		return func() { kernels.DelayedPlainC(o.p, o.d, o.m, o.g, lr, 0.01, nth) }
	}},
	{"DelayedStep", 24, update, func(o *operands) func() {
		return func() { kernels.DelayedStep(o.p, o.m, o.d, o.g, lr, beta, beta, nth) }
	}},
	{"DelayedFirst", 16, update, func(o *operands) func() {
		return func() { kernels.DelayedFirst(o.p, o.d, o.g, lr, nth) }
	}},
	{"DelayedFirstC", 20, update, func(o *operands) func() {
		return func() { kernels.DelayedFirstC(o.p, o.d, o.m, o.g, lr, 0.01, nth) }
	}},
	{onePass, 32, update, func(o *operands) func() {
		var gs []kernels.Gradient
		for _, g := range o.four() {
			gs = append(gs, kernels.Gradient{Values: g, LR: lr})
		}
		return func() { kernels.DelayedPlains(o.p, o.d, gs, nth) }
	}},
	{fourCalls, 80, unjudged, func(o *operands) func() {
		gs := o.four()
		return func() {
			for _, g := range gs {
				kernels.DelayedPlain(o.p, o.d, g, lr, nth)
			}
		}
	}},
	{"SGD", 12, update, func(o *operands) func() {
		return func() { kernels.SGD(o.p, o.g, 1e-6) }
	}},
	{"HeavyBall", 20, update, func(o *operands) func() {
		return func() { kernels.HeavyBall(o.p, o.d, o.g, 1e-6, beta) }
	}},
	{"Nesterov", 20, update, func(o *operands) func() {
		return func() { kernels.Nesterov(o.p, o.d, o.g, 1e-6, beta) }
	}},
	{"AdamW", 28, update, func(o *operands) func() {
		return func() { kernels.AdamW(o.p, o.m, o.v, o.g, adam) }
	}},
	{"Mix", 12, update, func(o *operands) func() {
		return func() { kernels.Mix(o.p, o.g, 0.25) }
	}},
	{"MixBase", 16, update, func(o *operands) func() {
		return func() { kernels.MixBase(o.p, o.d, o.g, 0.25) }
	}},
	{"MixCarry", 20, update, func(o *operands) func() {
		return func() { kernels.MixCarry(o.p, o.d, o.g, 0.25) }
	}},
	{"ReplayBase", 20, update, func(o *operands) func() {
		return func() { kernels.ReplayBase(o.p, o.d, o.g) }
	}},
	{"ReplayCarry", 20, update, func(o *operands) func() {
		return func() { kernels.ReplayCarry(o.p, o.d, o.g) }
	}},
	{"Delta", 12, other, func(o *operands) func() {
		return func() { kernels.Delta(o.p, o.g, o.h) }
	}},
	{"Mean of 4", 20, other, func(o *operands) func() {
		vs := o.four()
		return func() { kernels.Mean(o.p, vs...) }
	}},
	{"Scale", 8, update, func(o *operands) func() {
		return func() { kernels.Scale(o.p, -1) }
	}},
	{copies, 8, other, func(o *operands) func() {
		return func() { kernels.Copy(o.p, o.g) }
	}},
	{"Dot", 8, other, func(o *operands) func() {
		return func() { kernels.Dot(o.g, o.h) }
	}},
	{"Norm", 4, other, func(o *operands) func() {
		return func() { kernels.Norm(o.g) }
	}},
	{"Finite", 4, other, func(o *operands) func() {
		return func() { kernels.Finite(o.g) }
	}},
}, wireWorks())

const (
	onePass   = "DelayedPlains of 4"
	fourCalls = "4 x DelayedPlain"
	copies    = "Copy" // of which the generic code is no plain loop
)

var forms = []kernels.Form{kernels.BFloat16, kernels.Float16, kernels.Int8}

// wireWorks are the wire forms: encoded, encoded as a difference with what
// rounding left over, decoded, and decoded into an update.
func wireWorks() (ws []work) {
	for _, f := range forms {
		b := float64(f.Size(1<<16)) / (1 << 16)
		ws = append(ws,
			work{"Encode " + f.String(), 4 + b, unjudged, func(o *operands) func() {
				return func() { kernels.Encode(o.wire[f], f, o.g) }
			}},
			work{"EncodeDelta " + f.String(), 16 + b, unjudged, func(o *operands) func() {
				return func() { kernels.EncodeDelta(o.wire[f], f, o.g, o.h, o.m) }
			}},
			work{"Decode " + f.String(), 4 + b, unjudged, func(o *operands) func() {
				return func() { kernels.Decode(o.p, f, o.wire[f]) }
			}},
			work{"DecodeEach " + f.String() + ", DelayedPlain", 16 + b, unjudged, func(o *operands) func() {
				apply := func(lo, hi int, g []float32) { kernels.DelayedPlain(o.p[lo:hi], o.d[lo:hi], g, lr, nth) }
				return func() { kernels.DecodeEach(f, o.wire[f], len(o.p), apply) }
			}})
	}
	return ws
}

// A kernelRow is one kernel at one size, with one instruction set and so many threads.
type kernelRow struct {
	Kernel  string  `json:"kernel"`
	Bytes   float64 `json:"bytes"`  // least that moves per element
	Vector  int     `json:"vector"` // bytes of one float32 vector
	Level   string  `json:"level"`
	Threads int     `json:"threads"`

	NS     stat `json:"ns"`      // per element
	GBs    stat `json:"gb_s"`    // of Bytes
	OfRoof stat `json:"of_roof"` // GBs as a part of the roofline at as many threads
	// OverLoop is how many times as fast it is as the plain Go loop on one thread.
	OverLoop *stat `json:"over_loop,omitempty"`
	// OverCalls is how many times as fast one pass is as single calls.
	OverCalls *stat `json:"over_calls,omitempty"`
}

const (
	// group is the number of kernels that share the rounds of one roofline: so few
	// that the machine does not change much in a round. onePass and fourCalls are in
	// one group.
	group = 8
	// largestLoop is the largest vector, in bytes, on which anything but the best
	// instruction set is measured: what a plain loop takes per element no longer
	// changes from there on, and it takes long.
	largestLoop = 256 << 20
)

// benchKernels measures all works on vectors of so many bytes.
func (b *bench) benchKernels(vector int) {
	o := newOperands(vector / 4)
	defer o.recycle()
	all := make(map[int]*roof)
	for _, t := range b.threads {
		all[t] = new(roof)
	}
	for ws := range slices.Chunk(works, group) {
		b.log("kernels, vectors of %s: %s to %s", size(vector), ws[0].name, ws[len(ws)-1].name)
		o.refresh()
		cs := roofContenders(o.p, o.g, b.threads)
		for _, w := range ws {
			cs = append(cs, w.contenders(o, b.threads)...)
		}
		times := b.measure(cs)
		for _, t := range b.threads {
			for k, s := range roofAt(times, len(o.p), t) {
				all[t][k] = append(all[t][k], s...)
			}
		}
		for _, w := range ws {
			b.Kernels = append(b.Kernels, w.rows(times, vector, b.threads)...)
		}
	}
	for _, t := range b.threads {
		b.Roofline = append(b.Roofline, all[t].row(vector, t))
	}
}

// slots are what is measured of w: each instruction set on one thread, the best on
// more.
func (w work) slots(vector int, threads []int) (ss []slot) {
	for _, l := range isa.All() {
		if l == best() || vector <= largestLoop {
			ss = append(ss, slot{w.name, l, 1})
		}
	}
	for _, t := range threads[1:] {
		ss = append(ss, slot{w.name, best(), t})
	}
	return ss
}

func (w work) contenders(o *operands, threads []int) (cs []contender) {
	run := w.bind(o)
	for _, s := range w.slots(4*len(o.p), threads) {
		cs = append(cs, contender{s, run})
	}
	return cs
}

// rows says how w did.
func (w work) rows(times map[slot]series, vector int, threads []int) (rows []kernelRow) {
	n := vector / 4
	loop, looped := times[slot{w.name, isa.Generic, 1}]
	for _, s := range w.slots(vector, threads) {
		t := times[s]
		speed := t.each(perSecond(w.bytes, n))
		row := kernelRow{
			Kernel: w.name, Bytes: w.bytes, Vector: vector, Level: s.level.String(), Threads: s.threads,
			NS: t.each(perElement(n)).stat(), GBs: speed.stat(),
			OfRoof: speed.over(roofAt(times, n, s.threads).top()).stat(),
		}
		if looped && w.name != copies {
			over := loop.over(t).stat()
			row.OverLoop = &over
		}
		if w.name == onePass {
			over := times[slot{fourCalls, s.level, s.threads}].over(t).stat()
			row.OverCalls = &over
		}
		rows = append(rows, row)
	}
	return rows
}
