package main

import (
	"fmt"
	"slices"
	"strings"
)

// A variant is the flags that change the run files of all methods alike.
type variant struct {
	Problem string `placeholder:"KIND" help:"Train on iid: the text of the run files, shared by all workers (default); non-iid: text, each region its own part of it; or convex: a quadratic of 4096 parameters with noise, whose loss is the distance to the known optimum."`
	Clock   string `placeholder:"SIZE" help:"Take the time of a model of 70m (default), 160m or 410m parameters. That of 70m is measured (arXiv 2506.04531); the others have the bytes of Pythia-160M and 410M, and 2.77 and 7.92 times the time of a step, as they have that many times the operations."`
}

// problems are the values of --problem, with the settings that make it of a run file of
// text.
var problems = map[string][]setting{
	"iid":     {{"workload.problem.partition", "iid"}},
	"non-iid": {{"workload.problem.partition", "region"}},
	// Decay would move the point at which a method stops, by what the noise is there.
	"convex": {{"workload.problem", "{name: quadratic, dim: 4096, noise: 20}"}, {weightDecay, "0"}},
}

const weightDecay = "worker.optimizer.weight_decay"

// clocks are the values of --clock. Operations of a token are 6 for each weight of the
// layers and of the output: 44.7, 123.7 and 353.8 million such weights.
var clocks = map[string][]setting{
	"70m":  {{"workload.model_bytes", "281706496"}, {"workload.local_step_time_ms", "238.391"}},
	"160m": {{"workload.model_bytes", "649291776"}, {"workload.local_step_time_ms", "660"}},
	"410m": {{"workload.model_bytes", "1621336064"}, {"workload.local_step_time_ms", "1888"}},
}

// apply returns the methods with the flags' settings.
func (v variant) apply(methods []method) ([]method, error) {
	for _, flag := range []struct {
		name, value string
		values      map[string][]setting
		want        string
	}{{"--problem", v.Problem, problems, "iid, non-iid or convex"}, {"--clock", v.Clock, clocks, "70m, 160m or 410m"}} {
		settings, known := flag.values[strings.ToLower(flag.value)]
		if !known && flag.value != "" {
			return nil, fmt.Errorf("%s is %q: want %s", flag.name, flag.value, flag.want)
		}
		for i, m := range methods {
			changed, err := m.with(m.fitting(settings))
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", flag.name, m.file, err)
			}
			methods[i] = changed
		}
	}
	return methods, nil
}

// fitting leaves out the weight decay of an optimizer that has none.
func (m method) fitting(settings []setting) []setting {
	f, err := parseRunFile(m)
	if err != nil || f.find(weightDecay) != nil {
		return settings
	}
	return slices.DeleteFunc(slices.Clone(settings), func(s setting) bool { return s.key == weightDecay })
}
