package kernels

import "github.com/halos-go/sdk/kernels/backend"

// Copy is
//
//	for i := range dst { dst[i] = x[i] }
func Copy(dst, x []float32) {
	do(backend.OpCopy, &args{v: [6][]float32{dst, x}})
}

// Delta is
//
//	for i := range dst { dst[i] = x[i] - y[i] }
//
// dst may be x or y.
func Delta(dst, x, y []float32) {
	do(backend.OpDelta, &args{v: [6][]float32{dst, x, y}})
}

// Scale is
//
//	for i := range x { x[i] *= a }
func Scale(x []float32, a float64) {
	do(backend.OpScale, &args{v: [6][]float32{x}, s: [8]float32{float32(a)}})
}
