//go:build gc && !purego && (amd64 || arm64)

package kernels

import "github.com/halos-go/sdk/kernels/internal/isa"

// Of these there is one version in assembly for each architecture: AVX2, NEON.

func dotLanes(lane *[16]float64, x, y []float32) {
	if isa.Now == isa.Generic {
		dotLanesGeneric(lane, x, y)
		return
	}
	raceRead(x)
	raceRead(y)
	dotLanesVector(lane, x, y)
}

func finiteGroups(x []float32) bool {
	if isa.Now == isa.Generic {
		return finiteGeneric(x)
	}
	raceRead(x)
	return finiteVector(x)
}
