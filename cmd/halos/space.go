package main

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/halos-go/sdk/halos/runfile"
)

// A knob is a key of a run file that tune may change, and the law by which a
// value is drawn. A key that is not in the run file stays out of it.
type knob struct {
	key  string
	draw func(*rand.Rand) float64
	unit unit // what the drawn value is multiplied by
}

// A unit makes a number mean the same beside other values of other keys.
type unit int

const (
	one      unit = iota
	delays        // the delay beside this key, drawn before it: a rate is per update
	schedule      // the learning-rate steps in a trial's budget
	flag          // 0 is false, 1 is true
)

// spaceOf is what tune may change in a method, in the order of drawing.
func spaceOf(algorithm string) []knob {
	switch algorithm {
	case runfile.HALoS:
		return []knob{
			{"worker.local_steps", oneOf(4, 8, 16, 32), one},
			{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), one},
			{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03), schedule},
			{"worker.lr_schedule.total_steps", oneOf(0.3, 0.5, 0.7, 1), schedule},
			{"lps.optimizer.delay", oneOf(2, 4, 8, 16), one},
			{"lps.optimizer.lr", between(0.05, 0.8), delays},
			{"lps.optimizer.beta", oneOf(0.3, 0.5, 0.7, 0.9), one},
			{"lps.accumulate", oneOf(4, 8, 16, 32), one},
			{"lps.merge_weight", oneOf(0.1, 0.25, 0.5, 0.75), one},
			{"lps.carry_in_flight", oneOf(0, 1), flag},
			{"gps.optimizer.delay", oneOf(1, 2, 4), one},
			{"gps.optimizer.lr", between(0.1, 0.8), delays},
			{"gps.optimizer.beta", oneOf(0.3, 0.5, 0.7, 0.9), one},
		}
	case runfile.AsyncLocalSGD:
		return []knob{
			{"worker.local_steps", oneOf(4, 8, 16, 32, 64), one},
			{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), one},
			{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03), schedule},
			{"worker.lr_schedule.total_steps", oneOf(0.3, 0.5, 0.7, 1), schedule},
			{"server.optimizer.delay", oneOf(4, 8, 16, 32, 64), one},
			{"server.optimizer.lr", between(0.02, 0.5), delays},
			{"server.optimizer.beta", oneOf(0.3, 0.5, 0.7, 0.8, 0.9), one},
		}
	case runfile.DiLoCo:
		return []knob{
			{"worker.local_steps", oneOf(8, 16, 32, 64), one},
			{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), one},
			{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03), schedule},
			{"worker.lr_schedule.total_steps", oneOf(0.3, 0.5, 0.7, 1), schedule},
			{"server.optimizer.lr", between(0.2, 1.2), one},
			{"server.optimizer.momentum", oneOf(0.5, 0.7, 0.8, 0.9), one},
		}
	}
	return []knob{ // runfile.SyncSGD
		{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), one},
		{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03, 0.1), schedule},
		{"worker.lr_schedule.total_steps", oneOf(1, 1.1, 1.25), schedule},
	}
}

// between draws evenly on a logarithmic scale, to three digits.
func between(lo, hi float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		x, _ := strconv.ParseFloat(strconv.FormatFloat(lo*math.Pow(hi/lo, r.Float64()), 'g', 3, 64), 64)
		return x
	}
}

// oneOf draws one of some values.
func oneOf(values ...float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return values[r.IntN(len(values))] }
}
