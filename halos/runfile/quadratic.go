package runfile

import (
	"context"
	"fmt"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/optim"
)

// The bounds of a [Quadratic].
const (
	maxDim   = 1 << 28
	maxNoise = 1e30
)

// A Quadratic is a [Problem] whose every number is known, for tests: the loss
//
//	sum over j of d[j] * (theta[j]-c[j])^2 / 2
//
// with 0.1 <= d[j] < 2 and -2 <= c[j] < 2, and as gradient on one sample that of
// the loss plus noise which depends on seed, sample and j alone. Its one
// parameter has the shape [1, dim], so that weight decay applies to it.
type Quadratic struct {
	d, c  []float64
	noise float64
	seed  uint64
}

var _ Problem = (*Quadratic)(nil)

// NewQuadratic returns the quadratic problem of dim parameters, 1 to 2^28, with that
// seed. noise is the size of the noise in a sample's gradient, 0 to 1e30: one sample's
// is evenly spread over [-noise, noise). It is the problem quadratic of run files.
func NewQuadratic(dim int, noise float64, seed uint64) (*Quadratic, error) {
	if dim < 1 || dim > maxDim {
		return nil, fmt.Errorf("runfile: quadratic: dim is %d: want 1 to 2^28", dim)
	}
	if !(noise >= 0 && noise <= maxNoise) {
		return nil, fmt.Errorf("runfile: quadratic: noise is %v: want 0 to 1e+30", noise)
	}
	q := &Quadratic{
		d:     make([]float64, dim),
		c:     make([]float64, dim),
		noise: noise,
		seed:  seed,
	}
	for j := range q.d {
		q.d[j] = 0.1 + float64(1.9*(unit(seed, 1, uint64(j))+1))/2
		q.c[j] = 2 * unit(seed, 2, uint64(j))
	}
	return q, nil
}

// Layout implements [Problem].
func (q *Quadratic) Layout() optim.Layout {
	return optim.Layout{Segments: []optim.Segment{{Name: "theta", Shape: []int{1, len(q.d)}}}}
}

// Init implements [Problem].
func (q *Quadratic) Init(params []float32) {
	for j := range params {
		params[j] = float32(unit(q.seed, 3, uint64(j)))
	}
}

// Loss implements [Problem]. It is the exact loss; nothing is held out. The sum
// is in float64, from j = 0 up.
func (q *Quadratic) Loss(_ context.Context, params []float32) (float64, error) {
	return q.loss(params), nil
}

func (q *Quadratic) loss(params []float32) float64 {
	sum := 0.0
	for j, x := range params {
		e := float64(x) - q.c[j]
		sum += float64(float64(q.d[j]*e)*e) / 2
	}
	return sum
}

// Objective implements [Problem]. It is the same everywhere.
func (q *Quadratic) Objective(Place) halos.Objective {
	return &quadraticObjective{q: q, mean: make([]float64, len(q.d))}
}

// A quadraticObjective is the gradient of a [Quadratic], with work space.
type quadraticObjective struct {
	q    *Quadratic
	mean []float64
}

// Gradient implements [halos.Objective]. Each element is computed in float64 and
// rounded once. The loss returned is without the noise. count is at least 1.
func (o *quadraticObjective) Gradient(_ context.Context, grad, params []float32, first, count uint64) (float64, error) {
	if len(grad) != len(o.q.d) || len(params) != len(o.q.d) {
		panic("runfile: gradient of another length than the problem")
	}
	if count == 0 {
		panic("runfile: gradient over no samples")
	}
	o.meanNoise(first, count)
	for j, x := range params {
		grad[j] = float32(float64(o.q.d[j]*(float64(x)-o.q.c[j])) + float64(o.q.noise*o.mean[j]))
	}
	return o.q.loss(params), nil
}

// meanNoise sets mean[j] to the mean of unit(seed+7919, s+16, j) over the
// samples s, in their order. Two of the three rounds of unit are the same for
// every j, so they are done once a sample.
func (o *quadraticObjective) meanNoise(first, count uint64) {
	clear(o.mean)
	if o.q.noise == 0 {
		return
	}
	seed := splitmix64(o.q.seed + 7919)
	for s := first; s != first+count; s++ {
		sample := splitmix64(seed ^ (s + 16))
		for j := range o.mean {
			o.mean[j] += interval(splitmix64(sample ^ uint64(j)))
		}
	}
	for j := range o.mean {
		o.mean[j] /= float64(count)
	}
}

// unit returns the number in [-1, 1) that belongs to seed, i and j.
func unit(seed, i, j uint64) float64 {
	return interval(splitmix64(splitmix64(splitmix64(seed)^i) ^ j))
}

// interval maps x to [-1, 1) by its upper 53 bits.
func interval(x uint64) float64 { return float64(x>>11)/(1<<52) - 1 }

// splitmix64 is one output of the generator of that name at state x (Steele,
// Lea, Flood: Fast splittable pseudorandom number generators, 2014).
func splitmix64(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
