// Package isa says which instruction set the loops of package kernels use.
package isa

// A Level is a set of vector instructions for which there are loops.
type Level uint8

// Levels. A machine has those of its architecture, from some on downwards.
const (
	Generic Level = iota // Go
	NEON                 // arm64
	AVX2                 // amd64
	AVX512               // amd64
)

// Now is the level in use: the best that this machine has. Only tests and
// benchmarks set it, to one of [All], while no loop runs.
var Now = best()

// All returns the levels that this machine has, Generic first, the best last.
func All() []Level {
	all := []Level{Generic}
	for l := NEON; l <= AVX512; l++ {
		if has(l) {
			all = append(all, l)
		}
	}
	return all
}

func best() Level {
	all := All()
	return all[len(all)-1]
}

func (l Level) String() string {
	return [...]string{"generic", "neon", "avx2", "avx512"}[l]
}
