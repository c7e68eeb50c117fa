package halos

import "testing"

// TestUpdateAfterTheEndIsCounted: an update that comes when its server has stopped is in no
// model. It is counted as lost, once, however often it comes.
func TestUpdateAfterTheEndIsCounted(t *testing.T) {
	r := newRegion(t, 100, "a", "b")
	r.push("b", 2, 1)
	r.step("", &Quit{})
	var lost uint64
	for range 2 {
		r.push("a", 2, 1)
		lost += r.counted()
	}
	r.push("b", 2, 1) // a repeat of one that is in the model
	if lost += r.counted(); lost != 1 {
		t.Errorf("%d updates are counted as lost, want 1", lost)
	}
}
