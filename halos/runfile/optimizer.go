package runfile

import "go.yaml.in/yaml/v3"

// The optimizers a run file can name. Each is an inner or an outer optimizer.
const (
	SGD             = "sgd"              // [optim.SGD] without momentum: no further keys
	HeavyBall       = "heavy_ball"       // [momentum.HeavyBall]: momentum
	Nesterov        = "nesterov"         // [momentum.Nesterov]: momentum
	DelayedNesterov = "delayed_nesterov" // [momentum.Delayed]: beta, delay, c
	AdamW           = "adamw"            // [optim.AdamW]: betas, eps, weight_decay
)

// An OptimizerConfig names an optimizer and has the fields that belong to it,
// with keys as listed at the names; the others are zero.
type OptimizerConfig struct {
	// Name is one of [SGD], [HeavyBall], [Nesterov], [DelayedNesterov] and [AdamW].
	Name string `yaml:"name"`
	// LR is the learning rate of an outer optimizer: above 0, up to 1e9, the one
	// in the optimizer's formula. With delayed_nesterov that formula divides by
	// the delay: what is known as 0.2 with a delay of 16 is 3.2 here. An inner
	// optimizer takes its rate from the schedule and has none.
	LR float64 `yaml:"lr,omitempty"`
	// Momentum is the factor by which heavy_ball and nesterov keep the past, 0 <= Momentum < 1.
	Momentum float64 `yaml:"momentum,omitempty"`
	// Beta is the factor by which delayed_nesterov keeps the past, 0 <= Beta < 1.
	Beta float64 `yaml:"beta,omitempty"`
	// Delay is N, the updates from one change of the momentum to the next, 1 to 2^30.
	Delay uint64 `yaml:"delay,omitempty"`
	// C is how much momentum is applied between these, 0 <= C <= 1. Default 0.
	C float64 `yaml:"c,omitempty"`
	// Betas is the two factors by which adamw keeps the past of the gradient and
	// of its square, each 0 <= beta < 1.
	Betas []float64 `yaml:"betas,omitempty"`
	// Eps is added to the root in adamw, 1e-30 to 1.
	Eps float64 `yaml:"eps,omitempty"`
	// WeightDecay is the decoupled decay of adamw, for parameters of two or more
	// dimensions, 0 to 1e9.
	WeightDecay float64 `yaml:"weight_decay,omitempty"`
}

// keys returns the keys of the optimizer, none if its name is unknown.
func (o OptimizerConfig) keys() variantKeys {
	switch o.Name {
	case SGD:
		return "name lr?"
	case HeavyBall, Nesterov:
		return "name lr? momentum"
	case DelayedNesterov:
		return "name lr? beta delay c?"
	case AdamW:
		return "name lr? betas eps weight_decay"
	}
	return ""
}

// MarshalYAML implements yaml.Marshaler.
func (o OptimizerConfig) MarshalYAML() (any, error) { return marshalVariant(o, o.keys()) }

func (o *OptimizerConfig) decodeNode(d *decoder, n *yaml.Node, path string) error {
	type fields OptimizerConfig // without this method
	return d.decodeVariant(n, (*fields)(o), path, func() (string, variantKeys) { return o.Name, o.keys() })
}

// validate checks o, at path; an outer optimizer has a learning rate.
func (o OptimizerConfig) validate(v *validator, path string, outer bool) {
	keys := o.keys()
	if keys == "" {
		v.oneOf(path+".name", o.Name, SGD, HeavyBall, Nesterov, DelayedNesterov, AdamW)
		return
	}
	if k := foreignKey(o, keys); k != "" {
		v.fail(path+"."+k, "no key of "+o.Name, "one of "+keys.String())
	}
	if outer {
		v.positive(path+".lr", o.LR, 1e9)
	} else if o.LR != 0 {
		v.fail(path+".lr", num(o.LR), "none: the rate comes from worker.lr_schedule")
	}
	switch o.Name {
	case HeavyBall, Nesterov:
		v.factor(path+".momentum", o.Momentum)
	case DelayedNesterov:
		v.factor(path+".beta", o.Beta)
		v.size(path+".delay", o.Delay)
		v.within(path+".c", o.C, 0, 1)
	case AdamW:
		v.betas(path+".betas", o.Betas)
		v.within(path+".eps", o.Eps, 1e-30, 1)
		v.within(path+".weight_decay", o.WeightDecay, 0, 1e9)
	}
}
