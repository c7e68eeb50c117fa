package halos

import "testing"

// TestLease claims through two ranges and over the end.
func TestLease(t *testing.T) {
	l := lease{least: 10}
	if l.want() != 10 {
		t.Error("an empty lease wants nothing")
	}
	l.add(Claim{First: 100, Count: 10})
	if l.want() != 10 {
		t.Error("a lease without a next range wants nothing")
	}
	l.add(Claim{First: 200, Count: 10})
	if l.want() != 0 {
		t.Error("a lease with a next range wants more")
	}
	for i, want := range []uint64{100, 104, 200, 204, 200, 204, 200} { // 108 and 208 are too short for 4
		if got, again := l.claim(4); got != want || again != (i == 4 || i == 6) {
			t.Errorf("claim %d begins at %d, again %t, want %d", i, got, again, want)
		}
	}
	if l.want() != 2*7*4 {
		t.Errorf("after 28 samples without a grant it wants %d, want 56", l.want())
	}
	l.add(Claim{}) // an answer without a grant changes nothing
	l.add(Claim{First: 300, Count: 2})
	for i, want := range []uint64{204, 300, 300} { // a grant too short for a claim is used all the same
		if got, _ := l.claim(4); got != want {
			t.Errorf("claim %d begins at %d, want %d", i, got, want)
		}
	}
}
