package runfile

import "go.yaml.in/yaml/v3"

// The learning-rate schedules a run file can name.
const (
	Constant = "constant" // [optim.Constant]: lr
	Linear   = "linear"   // [optim.Linear]: max_lr, min_lr, warmup_steps, total_steps
	Cosine   = "cosine"   // [optim.Cosine]: max_lr, min_lr, warmup_steps, total_steps
	WSD      = "wsd"      // [optim.WSD]: max_lr, min_lr, warmup_steps, decay_steps, total_steps
)

// A ScheduleConfig names a learning-rate schedule and has the fields that
// belong to it, with keys as listed at the names; the others are zero.
type ScheduleConfig struct {
	// Name is one of [Constant], [Linear], [Cosine] and [WSD].
	Name string `yaml:"name"`
	// LR is the rate of every step of constant, above 0 and up to 1e9.
	LR float64 `yaml:"lr,omitempty"`
	// MaxLR is the rate after the warm-up, above 0 and up to 1e9.
	MaxLR float64 `yaml:"max_lr,omitempty"`
	// MinLR is the rate at the end, 0 to MaxLR. Default, in a run file: 0.1*MaxLR.
	MinLR float64 `yaml:"min_lr,omitempty"`
	// WarmupSteps is the steps of the linear rise from 0 to MaxLR. Default none.
	WarmupSteps uint64 `yaml:"warmup_steps,omitempty"`
	// DecaySteps is the last steps, in which wsd falls; 0 for none.
	DecaySteps uint64 `yaml:"decay_steps,omitempty"`
	// TotalSteps is the step that reaches MinLR; later ones stay there. At
	// least 1, and WarmupSteps and DecaySteps together.
	TotalSteps uint64 `yaml:"total_steps,omitempty"`
}

// keys returns the keys of the schedule, none if its name is unknown.
func (s ScheduleConfig) keys() variantKeys {
	switch s.Name {
	case Constant:
		return "name lr"
	case Linear, Cosine:
		return "name max_lr min_lr warmup_steps? total_steps"
	case WSD:
		return "name max_lr min_lr warmup_steps? decay_steps total_steps"
	}
	return ""
}

// MarshalYAML implements yaml.Marshaler.
func (s ScheduleConfig) MarshalYAML() (any, error) { return marshalVariant(s, s.keys()) }

func (s *ScheduleConfig) decodeNode(d *decoder, n *yaml.Node, path string) error {
	type fields ScheduleConfig // without this method
	return d.decodeVariant(n, (*fields)(s), path, func() (string, variantKeys) {
		keys, at := s.keys(), join(path, "min_lr")
		if keys.has("min_lr") && !d.has(at) {
			s.MinLR = 0.1 * s.MaxLR
			d.places[at] = d.places[path]
		}
		return s.Name, keys
	})
}

// validate checks s, at path.
func (s ScheduleConfig) validate(v *validator, path string) {
	keys := s.keys()
	if keys == "" {
		v.oneOf(path+".name", s.Name, Constant, Linear, Cosine, WSD)
		return
	}
	if k := foreignKey(s, keys); k != "" {
		v.fail(path+"."+k, "no key of "+s.Name, "one of "+keys.String())
	}
	if s.Name == Constant {
		v.positive(path+".lr", s.LR, 1e9)
		return
	}
	v.positive(path+".max_lr", s.MaxLR, 1e9)
	v.within(path+".min_lr", s.MinLR, 0, s.MaxLR)
	v.atMost(path+".warmup_steps", s.WarmupSteps)
	v.atMost(path+".decay_steps", s.DecaySteps)
	v.count(path+".total_steps", s.TotalSteps)
	if least := s.WarmupSteps + s.DecaySteps; v.err == nil && s.TotalSteps < least {
		v.fail(path+".total_steps", whole(s.TotalSteps), "at least the "+whole(least)+" of its parts")
	}
}
