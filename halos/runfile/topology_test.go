package runfile

import (
	"slices"
	"testing"
)

func TestLocalSteps(t *testing.T) {
	tests := []struct {
		h     uint64
		speed float64
		want  uint64
	}{
		{32, 1, 32},
		{32, 0.5, 16},
		{100, 0.07, 8},   // the product is 7.000000000000001, here and in the published simulator
		{1000, 0.009, 9}, // the product is 9
		{32, 0.51, 17},
		{32, 0.0001, 1},
		{1, 0.5, 1},
		{3, 1.0 / 3, 1},
		{1 << 40, 1, 1 << 40},
	}
	for _, tt := range tests {
		c := Config{Topology: Topology{Speeds: [][]float64{{1, tt.speed}}}, Worker: Worker{LocalSteps: tt.h, DynamicLocalUpdates: true}}
		if got := c.localSteps(); got[0] != tt.h || got[1] != tt.want {
			t.Errorf("H %d at speeds 1 and %v: %d local steps, want %d", tt.h, tt.speed, got, tt.want)
		}
		c.Worker.DynamicLocalUpdates = false
		if got := c.localSteps(); got[0] != tt.h || got[1] != tt.h {
			t.Errorf("H %d, not dynamic: %d local steps", tt.h, got)
		}
	}
}

func TestGroups(t *testing.T) {
	topology := Topology{Speeds: [][]float64{{1, 2}, {3}, {4, 5, 6}}}
	want := [][]int{{0, 1}, {2}, {3, 4, 5}}
	if got := topology.Groups(); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
	topology.LPS = [][]int{{2}, {0, 1}, {5}, {3, 4}}
	if got := topology.Groups(); !slices.EqualFunc(got, topology.LPS, slices.Equal) {
		t.Errorf("got %v, want %v", got, topology.LPS)
	}
}
