package isa

import (
	"slices"
	"testing"
)

func TestAll(t *testing.T) {
	all := All()
	if all[0] != Generic || !slices.IsSorted(all) || Now != all[len(all)-1] {
		t.Errorf("levels %v, now %v: want Generic first, the best last and in use", all, Now)
	}
	for _, l := range all {
		if l.String() == "" {
			t.Errorf("level %d has no name", l)
		}
	}
}
