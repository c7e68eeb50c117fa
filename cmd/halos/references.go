package main

import (
	"fmt"
	"slices"

	"github.com/halos-go/sdk/halos/runfile"
)

// references makes the two runs between which a comparison is read: what the links
// are worth at all, and what they cost. They are made from the base if it has the
// algorithm, or else from the first method that has it.
func references(methods []method, base int) ([]method, error) {
	order := append([]method{methods[base]}, methods...)
	var made []method
	for _, reference := range []struct {
		algorithm string
		of        func(*runfile.Config) string // changes it and says what it is
	}{{runfile.AsyncLocalSGD, alone}, {runfile.HALoS, idealLinks}} {
		i := slices.IndexFunc(order, func(m method) bool { return m.cfg.Algorithm == reference.algorithm })
		if i < 0 {
			return nil, fmt.Errorf("no run file has algorithm %s: want one, of which a reference is made", reference.algorithm)
		}
		m := order[i]
		if len(m.cfg.Events) > 0 {
			return nil, fmt.Errorf("%s: events: want none, as a reference has other workers and links", m.file)
		}
		m.reference, m.name = true, reference.of(&m.cfg)
		if err := m.cfg.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", m.file, m.name, err)
		}
		if slices.ContainsFunc(methods, func(o method) bool { return o.name == m.name }) {
			return nil, fmt.Errorf("%q is the name of a method: want another, as a reference has this one", m.name)
		}
		made = append(made, m)
	}
	return made, nil
}

// alone leaves the workers of the GPS's region, as fast as they were. Everything else
// stays: the budget, and so the samples of the learning-rate schedule, and the server's lr.
func alone(cfg *runfile.Config) string {
	t, g := cfg.Topology, cfg.Topology.GPSRegion
	cfg.Workload.LocalStepTime *= slices.Max(slices.Concat(t.Speeds...)) / slices.Max(t.Speeds[g]) // it is that of the fastest
	cfg.Topology = runfile.Topology{
		Bandwidths: [][]float64{{t.Bandwidths[g][g]}},
		Speeds:     [][]float64{slices.Clone(t.Speeds[g])},
		Contention: t.Contention,
	}
	if ms := t.Latency.At(g, g); ms > 0 {
		cfg.Topology.Latency.Matrix = [][]float64{{ms}}
	}
	return fmt.Sprintf("region %d alone", g)
}

// idealLinks gives all links 100 Gbit/s and no latency.
func idealLinks(cfg *runfile.Config) string {
	n := len(cfg.Topology.Speeds)
	cfg.Topology.Latency = runfile.Latency{}
	cfg.Topology.Bandwidths = make([][]float64, n)
	for i := range n {
		cfg.Topology.Bandwidths[i] = slices.Repeat([]float64{100}, n)
	}
	return "ideal links"
}
