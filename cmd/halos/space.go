package main

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/halos-go/sdk/halos/runfile"
)

// A knob is a key of a run file that tune may change, and its law. A new knob is a
// line in spaceOf. A knob whose key is not in the run file is left out; those of a
// server's optimizer are there if it is one of outerOptimizers.
type knob struct {
	key string
	law law
	as  form
}

// A form is how a value of a law stands in the run file.
type form int

const (
	plain    form = iota
	flag          // 0 is false, 1 is true
	schedule      // times the learning-rate steps in a trial's budget
	mass          // in the place of lr: see runfile.Plug
	decay         // beta or momentum of the optimizer; at 0 it is sgd
)

// spaceOf is what tune may change in a method. Rates of servers are masses, so that
// they mean the same beside any momentum.
func spaceOf(algorithm string) []knob {
	switch algorithm {
	case runfile.HALoS:
		return []knob{
			{"worker.local_steps", oneOf(1, 2, 4, 8), plain},
			{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), plain},
			{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03), schedule},
			{"worker.lr_schedule.total_steps", oneOf(0.3, 0.5, 0.7, 1), schedule},
			{"lps.optimizer.mass", between(0.5, 2), mass},
			{"lps.optimizer.beta", oneOf(0, 0.5), decay},
			{"lps.accumulate", oneOf(1, 4, 16), plain},
			{"lps.merge_weight", oneOf(0.1, 0.25, 0.5), plain},
			{"lps.carry_in_flight", oneOf(1), flag},
			{"gps.optimizer.mass", between(0.7, 3), mass},
			{"gps.optimizer.beta", oneOf(0, 0.5), decay},
		}
	case runfile.AsyncLocalSGD:
		return []knob{
			{"worker.local_steps", oneOf(2, 4, 8, 16, 32), plain},
			{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), plain},
			{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03), schedule},
			{"worker.lr_schedule.total_steps", oneOf(0.3, 0.5, 0.7, 1), schedule},
			{"server.optimizer.mass", between(1, 6), mass},
			{"server.optimizer.beta", oneOf(0, 0.3, 0.6), decay},
		}
	case runfile.DiLoCo:
		return []knob{
			{"worker.local_steps", oneOf(8, 16, 32, 64), plain},
			{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), plain},
			{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03), schedule},
			{"worker.lr_schedule.total_steps", oneOf(0.3, 0.5, 0.7, 1), schedule},
			{"server.optimizer.mass", between(0.5, 8), mass},
			{"server.optimizer.beta", oneOf(0, 0.5, 0.7, 0.9), decay},
		}
	}
	return []knob{ // runfile.SyncSGD
		{"worker.lr_schedule.max_lr", between(1e-3, 3e-2), plain},
		{"worker.lr_schedule.warmup_steps", oneOf(0.01, 0.03, 0.1), schedule},
		{"worker.lr_schedule.total_steps", oneOf(1, 1.1, 1.25), schedule},
	}
}

// outerOptimizers have a mass. The value is the key of their decay.
var outerOptimizers = map[string]string{"sgd": "", "heavy_ball": "momentum", "nesterov": "momentum", "delayed_nesterov": "beta"}

// A space is the knobs that a run file has.
type space struct {
	knobs  []knob
	cfg    runfile.Config // for children
	budget float64        // learning-rate steps of a trial
}

func newSpace(f *runFile, cfg runfile.Config) space {
	s := space{cfg: cfg}
	w := cfg.Workload
	s.budget = float64(w.TotalLocalSteps) * float64(w.LocalBatchSize) / float64(w.GlobalBatchSize)
	for _, k := range spaceOf(cfg.Algorithm) {
		if k.isIn(f) {
			s.knobs = append(s.knobs, k)
		}
	}
	return s
}

func (k knob) isIn(f *runFile) bool {
	if k.as != mass && k.as != decay {
		return f.find(k.key) != nil
	}
	n := f.find(k.section())
	_, ok := outerOptimizers[scalar(n, "name")]
	return n != nil && ok
}

// section is the key of the mapping that the knob is in.
func (k knob) section() string { return k.key[:strings.LastIndexByte(k.key, '.')] }

func (s space) laws() []law {
	laws := make([]law, len(s.knobs))
	for i, k := range s.knobs {
		laws[i] = k.law
	}
	return laws
}

// values are what the run file has, one for each knob.
func (s space) values(f *runFile) []float64 {
	values := make([]float64, len(s.knobs))
	for i, k := range s.knobs {
		switch k.as {
		case flag:
			values[i] = map[bool]float64{true: 1}[f.find(k.key).Value == "true"]
		case schedule:
			values[i] = f.number(k.key) / s.budget
		case mass:
			values[i] = s.mass(f, k.section())
		case decay:
			values[i] = decayOf(f.find(k.section()))
		default:
			values[i] = f.number(k.key)
		}
	}
	return values
}

// set puts values into the run file.
func (s space) set(f *runFile, values []float64) {
	for i, k := range s.knobs {
		switch x := values[i]; k.as {
		case flag:
			f.set(k.key, strconv.FormatBool(x == 1))
		case schedule:
			f.set(k.key, digits(math.Ceil(x*s.budget)))
		case mass:
			n := f.find(k.section())
			drop(n, "lr")
			put(n, "mass", digits(x))
		case decay:
			s.setDecay(f.find(k.section()), k.section(), x)
		default:
			f.set(k.key, digits(x))
		}
	}
}

// texts are the values as they stand in a run file, in which every server has its
// mass and its beta.
func (s space) texts(values []float64) []string {
	texts := make([]string, len(s.knobs))
	for i, k := range s.knobs {
		switch x := values[i]; k.as {
		case flag:
			texts[i] = strconv.FormatBool(x == 1)
		case schedule:
			texts[i] = digits(math.Ceil(x * s.budget))
		default:
			texts[i] = digits(x)
		}
	}
	return texts
}

// mass is that of a server's optimizer, of the largest server if there are several.
func (s space) mass(f *runFile, section string) float64 {
	n := f.find(section)
	if m := child(n, "mass"); m != nil {
		return number64(m)
	}
	delay := 1.0
	if d := child(n, "delay"); d != nil {
		delay = number64(d)
	}
	return number64(child(n, "lr")) * float64(s.children(section)) / (delay * (1 - decayOf(n)))
}

// children is what a mass of the section is divided by.
func (s space) children(section string) int {
	most := func(groups [][]int) int {
		return len(slices.MaxFunc(groups, func(a, b []int) int { return len(a) - len(b) }))
	}
	switch t := s.cfg.Topology; {
	case section == "lps.optimizer":
		return most(t.Groups())
	case section == "gps.optimizer" && len(t.Levels) > 0:
		return len(t.Levels[len(t.Levels)-1])
	case section == "gps.optimizer":
		return len(t.Groups())
	case s.cfg.Algorithm == runfile.DiLoCo:
		return 1
	default:
		return t.Workers()
	}
}

// setDecay gives an optimizer a decay. One without stays or becomes sgd. An sgd
// becomes nesterov where updates are means of rounds, else delayed_nesterov with a
// delay of one update of each child.
func (s space) setDecay(n *yaml.Node, section string, x float64) {
	if x == 0 {
		put(n, "name", "sgd")
		drop(n, "beta", "momentum", "delay", "c")
		return
	}
	if scalar(n, "name") == "sgd" {
		if s.cfg.Algorithm == runfile.DiLoCo {
			put(n, "name", "nesterov")
		} else {
			put(n, "name", "delayed_nesterov")
			put(n, "delay", strconv.Itoa(s.children(section)))
		}
	}
	put(n, outerOptimizers[scalar(n, "name")], digits(x))
}

func decayOf(n *yaml.Node) float64 {
	if key := outerOptimizers[scalar(n, "name")]; key != "" {
		return number64(child(n, key))
	}
	return 0
}

// put sets a key of a mapping, which need not be there.
func put(n *yaml.Node, key, value string) {
	if v := child(n, key); v != nil {
		v.Value, v.Tag, v.Style = value, "", 0
		return
	}
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
}

// drop removes keys of a mapping.
func drop(n *yaml.Node, keys ...string) {
	for i := 0; i < len(n.Content); {
		if slices.Contains(keys, n.Content[i].Value) {
			n.Content = slices.Delete(n.Content, i, i+2)
			continue
		}
		i += 2
	}
}

// scalar is the value of a key of a mapping, "" if there is none.
func scalar(n *yaml.Node, key string) string {
	if n == nil {
		return ""
	}
	if v := child(n, key); v != nil {
		return v.Value
	}
	return ""
}

func number64(n *yaml.Node) float64 {
	x, _ := strconv.ParseFloat(n.Value, 64) // a number, as the run file was read
	return x
}

func digits(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
