package backend

import (
	"slices"
	"strings"
	"testing"
)

// Every row of the table can be what a Call holds, and says what it means once.
func TestTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, k := range Ops() {
		vectors, numbers := k.Vectors(), k.Numbers()
		if k.String() == "" || seen[k.String()] {
			t.Errorf("Op %d has the name %q", k, k)
		}
		seen[k.String()] = true
		if n := len(vectors); n < 1 || n > len(Call{}.Vectors) || k.Changed() < 1 || k.Changed() > n {
			t.Errorf("%s changes %d of the vectors %v", k, k.Changed(), vectors)
		}
		if len(numbers) > len(Call{}.Numbers) || slices.Index(numbers, "n") > 0 {
			t.Errorf("%s has the numbers %v, want at most 8, n first", k, numbers)
		}
		for i, field := range strings.Fields(table[k].vectors) {
			if mark := strings.TrimLeft(field, "abcdefghijklmnopqrstuvwxyz0123456789"); mark != "" && mark != "*" && mark != "=" ||
				(mark != "") != (i < k.Changed()) || (mark != "=") != k.Reads(i) || vectors[i]+mark != field {
				t.Errorf("%s: vector %q", k, field)
			}
		}
		for _, names := range [][]string{vectors, numbers} {
			if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
				t.Errorf("%s has two operands of one name: %v", k, names)
			}
		}
	}
	if got := Op(200).String(); got != "Op(200)" {
		t.Error(got)
	}
}
