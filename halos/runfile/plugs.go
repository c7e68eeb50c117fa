package runfile

import (
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// build returns a new optimizer for vectors of that layout and, for an outer
// one, its learning rate. o must be valid.
func (o OptimizerConfig) build(layout optim.Layout) (optim.Optimizer, optim.Schedule) {
	lr := optim.Constant(o.LR)
	switch o.Name {
	case AdamW:
		return &optim.AdamW{Beta1: o.Betas[0], Beta2: o.Betas[1], Eps: o.Eps, WeightDecay: o.WeightDecay, Layout: layout}, lr
	case HeavyBall:
		return &optim.SGD{Momentum: &momentum.HeavyBall{Mu: o.Momentum}}, lr
	case Nesterov:
		return &optim.SGD{Momentum: &momentum.Nesterov{Mu: o.Momentum}}, lr
	case DelayedNesterov:
		return &optim.SGD{Momentum: &momentum.Delayed{Beta: o.Beta, Every: int(o.Delay), C: o.C}}, lr
	}
	return &optim.SGD{}, lr
}

// build returns the schedule. s must be valid.
func (s ScheduleConfig) build() optim.Schedule {
	switch s.Name {
	case Linear:
		return optim.Linear{Max: s.MaxLR, Min: s.MinLR, Warmup: s.WarmupSteps, Total: s.TotalSteps}
	case Cosine:
		return optim.Cosine{Max: s.MaxLR, Min: s.MinLR, Warmup: s.WarmupSteps, Total: s.TotalSteps}
	case WSD:
		return optim.WSD{Max: s.MaxLR, Min: s.MinLR, Warmup: s.WarmupSteps, Decay: s.DecaySteps, Total: s.TotalSteps}
	}
	return optim.Constant(s.LR)
}

// accumulator returns a new accumulator. l must be valid.
func (l LPS) accumulator() merge.Accumulator {
	return &merge.Every{K: int(l.Accumulate), KeepInFlight: l.CarryInFlight}
}

// merger returns a new merger. l must be valid.
func (l LPS) merger() merge.Merger {
	if l.Merger == Replay {
		return merge.Replay{}
	}
	return merge.Mix{Alpha: l.MergeWeight}
}
