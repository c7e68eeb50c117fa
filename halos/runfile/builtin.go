package runfile

import (
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

const (
	maxLR            = 1e9
	minMass, maxMass = 1e-9, 1e9
)

// Builtin returns the plugs of this module, a new value each time. [Plugs.String] has
// the bounds and defaults of their keys. An outer optimizer has lr or mass besides,
// see [Plug].Params.
//
// Optimizers, each an inner or an outer one:
//
//	sgd               optim.SGD without momentum
//	heavy_ball        momentum.HeavyBall; momentum is how much of the past it keeps
//	nesterov          momentum.Nesterov; likewise
//	delayed_nesterov  momentum.Delayed; beta is how much of the past it keeps, delay is N,
//	                  the updates from one change of the momentum to the next, and c how
//	                  much momentum is applied between these
//	adamw             optim.AdamW; betas are for the gradient and for its square, eps is
//	                  added to the root, weight_decay is for parameters of two or more
//	                  dimensions
//
// Learning-rate schedules:
//
//	constant          lr at every step
//	linear, cosine    a rise from 0 to max_lr in warmup_steps, a fall to min_lr that ends
//	                  at total_steps; min_lr is 0.1*max_lr if absent
//	wsd               likewise, but the fall is in the last decay_steps
//
// Accumulators and mergers of LPSs:
//
//	every             merge.Every; accumulate is K, the updates from a merge to the next
//	                  send; carry_in_flight keeps those that come during an exchange for
//	                  the next delta, else they never reach the GPS, as published
//	mix               merge.Mix; merge_weight is alpha, the weight of the global model
//	replay            merge.Replay
//
// Problems:
//
//	quadratic         [Quadratic]; dim is the number of parameters, noise is that of a
//	                  sample's gradient
func Builtin() *Plugs {
	p := new(Plugs)
	p.optimizers()
	p.schedules()
	p.Accumulator(AccumulatorRow{Name: "every",
		Keys: []Key{
			Whole("accumulate", 1, 1<<30),
			Flag("carry_in_flight").Or(false),
		},
		Build: func(v Values) merge.Accumulator {
			return &merge.Every{K: v.Int("accumulate"), KeepInFlight: v.Flag("carry_in_flight")}
		},
		Updates: func(v Values) uint64 { return v.Count("accumulate") },
	})
	p.Merger(MergerRow{Name: "mix",
		Keys:  []Key{Number("merge_weight", 0, 1)},
		Build: func(v Values) merge.Merger { return merge.Mix{Alpha: v.Float("merge_weight")} },
	})
	p.Merger(MergerRow{Name: "replay", Build: func(Values) merge.Merger { return merge.Replay{} }})
	p.Problem(ProblemRow{Name: "quadratic",
		Keys: []Key{
			Whole("dim", 1, maxDim),
			Number("noise", 0, maxNoise).Or(0),
		},
		Build: func(v Values, seed uint64) (Problem, error) {
			return NewQuadratic(v.Int("dim"), v.Float("noise"), seed)
		},
	})
	return p
}

func (p *Plugs) optimizers() {
	withMomentum := func(v Values) float64 { return 1 / (1 - v.Float("momentum")) }
	p.Optimizer(OptimizerRow{Name: "sgd",
		Gain:  func(Values) float64 { return 1 },
		Build: func(Values, optim.Layout) optim.Optimizer { return new(optim.SGD) },
	})
	p.Optimizer(OptimizerRow{Name: "heavy_ball",
		Keys: []Key{Factor("momentum")},
		Gain: withMomentum,
		Build: func(v Values, _ optim.Layout) optim.Optimizer {
			return sgd(&momentum.HeavyBall{Mu: v.Float("momentum")})
		},
	})
	p.Optimizer(OptimizerRow{Name: "nesterov",
		Keys: []Key{Factor("momentum")},
		Gain: withMomentum,
		Build: func(v Values, _ optim.Layout) optim.Optimizer {
			return sgd(&momentum.Nesterov{Mu: v.Float("momentum")})
		},
	})
	p.Optimizer(OptimizerRow{Name: "delayed_nesterov",
		Keys: []Key{
			Factor("beta"),
			Whole("delay", 1, 1<<30),
			Number("c", 0, 1).Or(0),
		},
		Gain: func(v Values) float64 { return 1 / (float64(v.Int("delay")) * (1 - v.Float("beta"))) }, // for any c
		Build: func(v Values, _ optim.Layout) optim.Optimizer {
			return sgd(&momentum.Delayed{Beta: v.Float("beta"), Every: v.Int("delay"), C: v.Float("c")})
		},
	})
	p.Optimizer(OptimizerRow{Name: "adamw",
		Keys: []Key{
			Factor("betas").List(2),
			Number("eps", 1e-30, 1),
			Number("weight_decay", 0, 1e9),
		},
		Build: func(v Values, layout optim.Layout) optim.Optimizer {
			betas := v.Floats("betas")
			return &optim.AdamW{Beta1: betas[0], Beta2: betas[1], Eps: v.Float("eps"), WeightDecay: v.Float("weight_decay"), Layout: layout}
		},
	})
}

func sgd(m momentum.Momentum) optim.Optimizer { return &optim.SGD{Momentum: m} }

func (p *Plugs) schedules() {
	p.Schedule(ScheduleRow{Name: "constant",
		Keys:  []Key{Above("lr", maxLR)},
		Build: func(v Values) optim.Schedule { return optim.Constant(v.Float("lr")) },
	})
	p.Schedule(ScheduleRow{Name: "linear", Keys: falling(), Check: parts,
		Build: func(v Values) optim.Schedule {
			return optim.Linear{Max: v.Float("max_lr"), Min: v.Float("min_lr"), Warmup: v.Count("warmup_steps"), Total: v.Count("total_steps")}
		},
	})
	p.Schedule(ScheduleRow{Name: "cosine", Keys: falling(), Check: parts,
		Build: func(v Values) optim.Schedule {
			return optim.Cosine{Max: v.Float("max_lr"), Min: v.Float("min_lr"), Warmup: v.Count("warmup_steps"), Total: v.Count("total_steps")}
		},
	})
	p.Schedule(ScheduleRow{Name: "wsd", Keys: append(falling(), Whole("decay_steps", 0, maxCount)),
		Check: func(v Values) (key, want string) { return fits(v, v.Count("warmup_steps")+v.Count("decay_steps")) },
		Build: func(v Values) optim.Schedule {
			return optim.WSD{Max: v.Float("max_lr"), Min: v.Float("min_lr"), Warmup: v.Count("warmup_steps"), Decay: v.Count("decay_steps"), Total: v.Count("total_steps")}
		},
	})
}

// falling is the keys of the schedules that rise from 0 to max_lr in warmup_steps and
// fall to min_lr, which they have from total_steps on.
func falling() []Key {
	return []Key{
		Above("max_lr", maxLR),
		Number("min_lr", 0, maxLR).OrFrom(func(v Values) any { return 0.1 * v.Float("max_lr") }),
		Whole("warmup_steps", 0, maxCount).Or(0),
		Whole("total_steps", 1, maxCount),
	}
}

func parts(v Values) (key, want string) { return fits(v, v.Count("warmup_steps")) }

// fits wants min_lr up to max_lr, and total_steps of at least so many.
func fits(v Values, steps uint64) (key, want string) {
	switch hi := v.Float("max_lr"); {
	case v.Float("min_lr") > hi:
		return "min_lr", "0 to " + num(hi)
	case v.Count("total_steps") < steps:
		return "total_steps", "at least the " + whole(steps) + " of its parts"
	}
	return "", ""
}
