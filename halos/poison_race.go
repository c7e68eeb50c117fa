//go:build race

package halos

import (
	"math"
)

// poisonVector overwrites a vector whose loan has ended.
func poisonVector(v []float32) {
	for i := range v {
		v[i] = float32(math.NaN())
	}
}

// poisonArrival overwrites a frame and its message when the loan of both has ended.
func poisonArrival(a *arrival) {
	for i := range a.frame {
		a.frame[i] = 0xDB
	}
	lost := Receipt{0xDBDBDBDB, 0xDBDBDBDB}
	a.decoder = decoder{pull: Pull{Receipt: lost}, push: Push{Receipt: lost}, model: Model{Receipt: lost}, leave: Leave{lost}, refuse: Refuse{Receipt: lost}}
}
