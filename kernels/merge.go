package kernels

import "github.com/halos-go/sdk/kernels/backend"

// Folding a global model into a local one. In the forms that have it, base is,
// on entry, the local model as it was sent, and on return the model from which
// the next change is measured.

// Mix moves y a share a of the way to x:
//
//	for i := range y { y[i] = (1-a)*y[i] + a*x[i] }
//
// 1-a is computed in float64.
func Mix(y, x []float32, a float64) {
	do(backend.OpMix, &args{v: [6][]float32{y, x}, s: [8]float32{float32(1 - a), float32(a)}})
}

// MixBase is [Mix] that also begins a new base:
//
//	for i := range local {
//		local[i] = (1-a)*local[i] + a*global[i]
//		base[i] = local[i]
//	}
func MixBase(local, base, global []float32, a float64) {
	do(backend.OpMixBase, &args{v: [6][]float32{local, base, global}, s: [8]float32{float32(1 - a), float32(a)}})
}

// MixCarry is [Mix] that leaves in the new base what was not yet sent:
//
//	for i := range local {
//		x := (1-a)*local[i] + a*global[i]
//		base[i] = x - (local[i] - base[i])
//		local[i] = x
//	}
func MixCarry(local, base, global []float32, a float64) {
	do(backend.OpMixCarry, &args{v: [6][]float32{local, base, global}, s: [8]float32{float32(1 - a), float32(a)}})
}

// ReplayBase takes the global model, repeats on it what has been done to the
// local one since it was sent, and begins a new base:
//
//	for i := range local {
//		local[i] = global[i] + (local[i] - base[i])
//		base[i] = local[i]
//	}
func ReplayBase(local, base, global []float32) {
	do(backend.OpReplayBase, &args{v: [6][]float32{local, base, global}})
}

// ReplayCarry is [ReplayBase] that leaves in the new base what was not yet sent:
//
//	for i := range local {
//		x := global[i] + (local[i] - base[i])
//		base[i] = x - (local[i] - base[i])
//		local[i] = x
//	}
func ReplayCarry(local, base, global []float32) {
	do(backend.OpReplayCarry, &args{v: [6][]float32{local, base, global}})
}
