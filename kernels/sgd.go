package kernels

import "github.com/halos-go/sdk/kernels/backend"

// SGD is
//
//	for i := range p { p[i] -= lr * g[i] }
func SGD(p, g []float32, lr float64) {
	do(backend.OpSGD, &args{v: [6][]float32{p, g}, s: [8]float32{float32(lr)}})
}

// HeavyBall is a step with Polyak's momentum; buf begins as zeros:
//
//	for i := range p {
//		buf[i] = mu*buf[i] + g[i]
//		p[i] -= lr * buf[i]
//	}
func HeavyBall(p, buf, g []float32, lr, mu float64) {
	do(backend.OpHeavyBall, &args{v: [6][]float32{p, buf, g}, s: [8]float32{float32(lr), float32(mu)}})
}

// Nesterov is a step with Nesterov's momentum, as torch.optim.SGD does it; buf
// begins as zeros:
//
//	for i := range p {
//		buf[i] = mu*buf[i] + g[i]
//		p[i] -= lr * (g[i] + mu*buf[i])
//	}
func Nesterov(p, buf, g []float32, lr, mu float64) {
	do(backend.OpNesterov, &args{v: [6][]float32{p, buf, g}, s: [8]float32{float32(lr), float32(mu)}})
}
