package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// A worker alone with its region is as fast as it was.
func TestReferences(t *testing.T) {
	methods, err := methodSet{Files: []path{tiny}}.load()
	if err != nil {
		t.Fatal(err)
	}
	for i := range methods {
		topology := &methods[i].cfg.Topology
		topology.GPSRegion, topology.Latency = 3, runfile.Latency{Matrix: [][]float64{{0, 9, 9, 9}, {9, 0, 9, 9}, {9, 9, 0, 9}, {9, 9, 9, 4}}}
	}
	made, err := references(methods, 0)
	if err != nil || len(made) != 2 || made[0].name != "region 3 alone" || made[1].name != "ideal links" {
		t.Fatalf("%v, %v", made, err)
	}
	whole, alone, ideal := methods[0].cfg, made[0].cfg, made[1].cfg
	before, after := whole.Topology.RelativeSpeeds()[12:], alone.Topology.RelativeSpeeds()
	for i := range after {
		want, got := whole.Workload.LocalStepTime/before[i], alone.Workload.LocalStepTime/after[i]
		if d := got/want - 1; d > 1e-12 || d < -1e-12 {
			t.Errorf("worker %d needs %v ms for a step, want %v", i, got, want)
		}
	}
	if alone.Topology.GPSRegion != 0 || alone.Topology.Latency.At(0, 0) != 4 || alone.Topology.Bandwidths[0][0] != 100 || len(after) != 4 {
		t.Errorf("%+v", alone.Topology)
	}
	if !ideal.Topology.Latency.IsZero() || slices.Min(slices.Concat(ideal.Topology.Bandwidths...)) != 100 || ideal.Topology.Workers() != 16 {
		t.Errorf("%+v", ideal.Topology)
	}
	if methods[0].cfg.Topology.Bandwidths[0][1] != 0.537 || methods[0].cfg.Topology.Latency.At(0, 1) != 9 {
		t.Error("the method itself has changed")
	}
	methods[2].name = "ideal links"
	if _, err := references(methods, 0); err == nil || !strings.Contains(err.Error(), "ideal links") {
		t.Errorf("a method with the name of a reference: %v", err)
	}
}
