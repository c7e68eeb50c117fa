package main

import (
	"sync"
	"sync/atomic"

	"github.com/halos-go/sdk/kernels"
)

// The roofline of a run: how fast this machine moves memory in the same rounds in
// which the kernels are measured. Three loops compete for it. One of them knows
// nothing of this library.
const (
	goCopy  = iota // Go's built-in copy
	libCopy        // kernels.Copy
	triad          // y += a*x in place: kernels.SGD
	movers
)

var moverNames = [movers]string{"copy (Go's)", "kernels.Copy", "triad"}

// moverBytes are read and written per element.
var moverBytes = [movers]float64{8, 8, 12}

// roofContenders are the loops of the roofline at each number of threads. dst
// changes, but does not grow.
func roofContenders(dst, src []float32, threads []int) (cs []contender) {
	for _, t := range threads {
		cs = append(cs,
			contender{slot{moverNames[goCopy], best(), t}, func() { copyOver(dst, src, t) }},
			contender{slot{moverNames[libCopy], best(), t}, func() { kernels.Copy(dst, src) }},
			contender{slot{moverNames[triad], best(), t}, func() { kernels.SGD(dst, src, 1e-6) }})
	}
	return cs
}

// copyPiece is the number of elements that copyOver gives to a goroutine at a
// time: 4 MiB, so much that Go's copy writes past the cache.
const copyPiece = 1 << 20

// copyOver is Go's copy on several goroutines.
func copyOver(dst, src []float32, threads int) {
	piece := min(copyPiece, (len(src)+threads-1)/threads)
	var next atomic.Int64
	work := func() {
		for {
			lo := int(next.Add(int64(piece))) - piece
			if lo >= len(src) {
				return
			}
			copy(dst[lo:], src[lo:min(lo+piece, len(src))])
		}
	}
	var wg sync.WaitGroup
	for range threads - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// A roof is the roofline at one number of threads: GB/s of each loop.
type roof [movers]series

// roofAt is the roofline in what measure returned for roofContenders.
func roofAt(times map[slot]series, elements, threads int) (r roof) {
	for k, name := range moverNames {
		r[k] = times[slot{name, best(), threads}].each(perSecond(moverBytes[k], elements))
	}
	return r
}

// best is the loop with the highest median.
func (r roof) best() (k int) {
	for i, s := range r {
		if s.median() > r[k].median() {
			k = i
		}
	}
	return k
}

// top is the in-place roofline: the GB/s of the best loop.
func (r roof) top() series { return r[r.best()] }

// A roofRow is the roofline at one size and number of threads, over all rounds in
// which kernels of that size were measured.
type roofRow struct {
	Vector  int             `json:"vector"` // bytes of one float32 vector
	Threads int             `json:"threads"`
	GBs     map[string]stat `json:"gb_s"` // read and written
	Best    string          `json:"best"`
}

func (r roof) row(vector, threads int) roofRow {
	row := roofRow{Vector: vector, Threads: threads, GBs: make(map[string]stat), Best: moverNames[r.best()]}
	for k, s := range r {
		row.GBs[moverNames[k]] = s.stat()
	}
	return row
}

// perSecond turns seconds into GB/s.
func perSecond(bytes float64, elements int) func(float64) float64 {
	return func(s float64) float64 { return bytes * float64(elements) / s / 1e9 }
}

// perElement turns seconds into nanoseconds per element.
func perElement(elements int) func(float64) float64 {
	return func(s float64) float64 { return s * 1e9 / float64(elements) }
}
