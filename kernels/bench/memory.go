package main

import (
	"math/rand/v2"

	"github.com/halos-go/sdk/kernels"
)

// A memory is the vectors of one measurement.
type memory struct{ owned [][]float32 }

// page is the number of elements in 4 KiB, and stagger a number of whole cache
// lines, prime to those of a page.
const (
	page    = 1024
	stagger = 17 * 16
)

// make returns a vector of n elements.
func (m *memory) make(n int) []float32 {
	skip := skip(len(m.owned))
	v := kernels.Make(n + skip)
	m.owned = append(m.owned, v)
	return v[skip:]
}

// skip is where the k-th vector begins in its memory, so that no two of a few begin
// at the same place of their pages. The first-level cache of some processors takes
// two addresses for one when these places and a few more bits are equal, and a loop
// that meets such a pair takes four times as long: a plain loop that did would make
// everything beside it look good.
func skip(k int) int { return k * stagger % page }

// recycle gives all vectors back.
func (m *memory) recycle() {
	for _, v := range m.owned {
		kernels.Recycle(v)
	}
}

// fill writes finite random values around 0 of the size 0.01; another k, others.
func fill(v []float32, k int) {
	kernels.Split(len(v), func(lo, hi int) {
		for lo < hi {
			lo += copy(v[lo:hi], noise[(lo+k*9973)%(len(noise)/2):])
		}
	})
}

// noise is a vector's values, over and over.
var noise = func() []float32 {
	r := rand.New(rand.NewPCG(3, 14))
	v := make([]float32, 1<<18)
	for i := range v {
		v[i] = float32(0.01 * r.NormFloat64())
	}
	return v
}()
