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
	dotLanesNEON(lane, x, y)
}

func finite(x []float32) bool {
	const group, piece = 32, 4096 // a flaw at the beginning is not looked for to the end
	if isa.Now == isa.Generic {
		return finiteGeneric(x)
	}
	raceRead(x)
	for ; len(x) >= group; x = x[min(piece, len(x)&^(group-1)):] {
		if !finiteNEON(x[:min(piece, len(x)&^(group-1))]) {
			return false
		}
	}
	return finiteGeneric(x)
}
