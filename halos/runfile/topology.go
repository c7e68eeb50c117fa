package runfile

import (
	"math"
	"slices"
)

// Workers returns the number of workers.
func (t Topology) Workers() int {
	n := 0
	for _, r := range t.Speeds {
		n += len(r)
	}
	return n
}

// Groups returns the workers of each local parameter server: LPS, or its default.
func (t Topology) Groups() [][]int {
	if t.LPS != nil {
		return t.LPS
	}
	id, groups := 0, make([][]int, len(t.Speeds))
	for r, speeds := range t.Speeds {
		for range speeds {
			groups[r] = append(groups[r], id)
			id++
		}
	}
	return groups
}

// Regions returns the region of each worker.
func (t Topology) Regions() []int {
	var region []int
	for r, speeds := range t.Speeds {
		for range speeds {
			region = append(region, r)
		}
	}
	return region
}

// RelativeSpeeds returns the speed of each worker, with 1 for the fastest.
func (t Topology) RelativeSpeeds() []float64 {
	speeds := slices.Concat(t.Speeds...)
	fastest := slices.Max(speeds)
	for w := range speeds {
		speeds[w] /= fastest
	}
	return speeds
}

// Transfer returns how many milliseconds so many bytes take from one region to
// another, or inside one: the latency, and the bytes at the link's bandwidth.
func (t Topology) Transfer(bytes float64, from, to int) float64 {
	return t.Latency.At(from, to) + Millis(bytes, t.Bandwidths[from][to])
}

// Millis returns how many milliseconds so many bytes take over a link of gbps Gbit/s.
// float64(a*b) forbids fusing the product with a sum, so that every machine has the
// same times and therefore the same order of events.
func Millis(bytes, gbps float64) float64 {
	return float64(bytes * 8 / float64(gbps*1e9) * 1e3)
}

// Bytes returns the size on the network of a model of that many parameters.
func (w Workload) Bytes(params int) float64 {
	if w.ModelBytes == 0 {
		return 4 * float64(params)
	}
	return float64(w.ModelBytes)
}

// localSteps returns H of each worker.
func (c Config) localSteps() []uint64 {
	steps := make([]uint64, c.Topology.Workers())
	speeds := c.Topology.RelativeSpeeds()
	for w := range steps {
		switch {
		case c.Algorithm == SyncSGD:
			steps[w] = 1
		case c.Worker.DynamicLocalUpdates:
			steps[w] = dynamicSteps(c.Worker.LocalSteps, speeds[w])
		default:
			steps[w] = c.Worker.LocalSteps
		}
	}
	return steps
}

// dynamicSteps returns max(1, ceil(h*speed)) of the product in float64, as the published
// simulator does: 100*0.07 is 7.000000000000001 there and gives 8. A timeline is compared
// with that of other programs event by event, so a product that is a whole number but for
// rounding is not mended.
func dynamicSteps(h uint64, speed float64) uint64 {
	return uint64(max(1, math.Ceil(float64(h)*speed)))
}
