package kernels

import (
	"math"

	"github.com/halos-go/sdk/kernels/backend"
)

// An AdamWStep is what one call of [AdamW] needs to know besides its vectors.
type AdamWStep struct {
	LR    float64 // learning rate
	Beta1 float64 // decay of the mean of the gradients
	Beta2 float64 // decay of the mean of their squares
	Eps   float64 // added to the root
	Decay float64 // weight decay, decoupled; 0 for none
	Bias1 float64 // 1 - Beta1^t, t counting steps from 1
	Bias2 float64 // 1 - Beta2^t
}

// AdamW is a step of Adam with decoupled weight decay and bias correction, as in
// algorithm 2 of arXiv 1711.05101; m and v begin as zeros:
//
//	decay, step, root := LR*Decay, LR/Bias1, sqrt(Bias2)       // in float64
//	c1, c2 := 1-Beta1, 1-Beta2                                 // in float64
//	for i := range p {
//		m[i] = Beta1*m[i] + c1*g[i]
//		v[i] = Beta2*v[i] + (c2*g[i])*g[i]
//		p[i] -= decay*p[i] + (step*m[i]) / (sqrt(v[i])/root + Eps)
//	}
//
// The root of v[i] is the float32 nearest to it.
//
// p[i] is rounded once, so it is the float32 nearest to the formula, but for less than
// 1e-6 of the change. torch.optim.AdamW first multiplies p by 1-LR*Decay. In float32 that
// factor is off by up to 2^-25, about 3e-8, in the same direction at each step: by 3
// percent of the decay for LR*Decay = 1e-6, and below 3e-8 nothing decays. Here a change
// that is smaller than half the distance of p[i] to its neighbour is lost too, but that
// distance is compared with decay and step together. Where a step moves p[i] by several
// such distances, the decay is right on average, however small it is.
func AdamW(p, m, v, g []float32, s AdamWStep) {
	do(backend.OpAdamW, &args{v: [6][]float32{p, m, v, g}, s: [8]float32{
		float32(s.Beta1), float32(1 - s.Beta1),
		float32(s.Beta2), float32(1 - s.Beta2),
		float32(s.Eps),
		float32(s.LR * s.Decay),
		float32(s.LR / s.Bias1),
		float32(math.Sqrt(s.Bias2)),
	}})
}
