package sim

import "github.com/halos-go/sdk/halos/runfile"

// A clock knows how long everything takes, in milliseconds of simulated time.
// Server work takes none. The formulas are those of the paper's simulator.
type clock struct {
	topology runfile.Topology
	speed    []float64 // of each worker, relative to the fastest
	step     float64   // one local step of the fastest worker
	bytes    float64   // of one model
	ring     float64   // bandwidth of the best ring of regions; 0: not known yet
}

// newClock returns the clock of a valid Config for a model of that many parameters.
func newClock(c runfile.Config, params int) *clock {
	return &clock{
		topology: c.Topology,
		speed:    c.Topology.RelativeSpeeds(),
		step:     c.Workload.LocalStepTime,
		bytes:    c.Workload.Bytes(params),
	}
}

// compute returns how long a worker takes for that many local steps.
func (k *clock) compute(worker int, steps uint64) float64 {
	return k.step * float64(steps) / k.speed[worker]
}

// transfer returns how long one model takes from one region to another, or
// inside one.
func (k *clock) transfer(from, to int) float64 {
	return k.topology.Transfer(k.bytes, from, to)
}

// allReduce returns how long it takes until so many workers have the mean of one
// model each, over the ring of all regions with the best narrowest link: 2*(n-1)
// turns of 1/n of the model. With one worker it takes no time.
func (k *clock) allReduce(workers int) float64 {
	n := float64(workers)
	if n <= 1 {
		return 0
	}
	if k.ring == 0 {
		k.ring = bestRing(k.topology.Bandwidths)
	}
	return 2 * (n - 1) * (runfile.Millis(k.bytes/n, k.ring) + k.farthest())
}

// crossing returns the bytes that cross from one region to another in one
// allReduce: each of the ring's links between regions carries every turn's part.
func (k *clock) crossing(workers int) float64 {
	links, n := len(k.topology.Bandwidths), float64(workers)
	if links == 1 || workers == 0 {
		return 0
	}
	return float64(links) * 2 * (n - 1) * (k.bytes / n)
}

// farthest returns the largest latency between two regions; with one region there is none.
func (k *clock) farthest() float64 {
	n, l := len(k.topology.Bandwidths), 0.0
	for a := range n {
		for b := range n {
			if a != b {
				l = max(l, k.topology.Latency.At(a, b))
			}
		}
	}
	return l
}
