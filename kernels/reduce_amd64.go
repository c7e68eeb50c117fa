//go:build gc && !purego

package kernels

import "github.com/halos-go/sdk/kernels/internal/isa"

func dotLanes(lane *[16]float64, x, y []float32) {
	raceRead(x)
	raceRead(y)
	switch isa.Now {
	case isa.AVX512:
		dotLanesAVX512(lane, x, y)
	case isa.AVX2:
		dotLanesAVX2(lane, x, y)
	default:
		dotLanesGeneric(lane, x, y)
	}
}

func finiteGroups(x []float32) bool {
	if isa.Now == isa.Generic {
		return finiteGeneric(x)
	}
	raceRead(x)
	return finiteAVX2(x)
}
