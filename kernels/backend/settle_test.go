package backend

import (
	"slices"
	"testing"
)

// somewhere is a Backend by its address only.
type somewhere struct {
	Backend
	_ byte
}

// A vector is found by any part of it, and what lies beside it is not.
func TestOf(t *testing.T) {
	memory := slices.Repeat([]float32{0}, 100) // not of the stack, which may move
	a, b := &somewhere{}, &somewhere{}
	Settle(memory[60:80], b)
	Settle(memory[20:40], a)
	Settle(memory[40:60], a)
	Settle(memory[:0], b) // nothing
	for _, v := range [][]float32{memory[20:40], memory[:21], memory[79:], memory[30:35], memory} {
		if Settle(v, a) {
			t.Fatalf("%d elements from %d on can be settled twice", len(v), 100-cap(v))
		}
	}
	for i := range memory {
		want := Backend(nil)
		switch {
		case i >= 20 && i < 60:
			want = a
		case i >= 60 && i < 80:
			want = b
		}
		if got := Of(memory[i : i+1]); got != want {
			t.Fatalf("element %d is in %p, want %p", i, got, want)
		}
	}
	if Of(nil) != nil || Of(memory[30:30]) != nil {
		t.Error("an empty vector is elsewhere")
	}
	Unsettle(memory[20:40])
	if Of(memory[39:40]) != nil || Of(memory[40:41]) != a {
		t.Error("Unsettle has not forgotten that vector, or another")
	}
	Unsettle(memory[40:60])
	Unsettle(memory[60:80])
	if places.Load() != nil {
		t.Error("places are left")
	}
}
