//go:build gc && !purego

package kernels

import "github.com/halos-go/sdk/kernels/internal/isa"

func dotLanes(lane *[16]float64, x, y []float32) {
	if isa.Now == isa.Generic {
		dotLanesGeneric(lane, x, y)
		return
	}
	raceRead(x)
	raceRead(y)
	dotLanesAVX2(lane, x, y)
}

func finiteGroups(x []float32) bool {
	if isa.Now == isa.Generic {
		return finiteGeneric(x)
	}
	raceRead(x)
	return finiteAVX2(x)
}
