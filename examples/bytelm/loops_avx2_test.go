//go:build amd64 && gc && !purego

package bytelm

import "testing"

// onEach runs a test with assembly, where the processor has AVX2, and without.
func onEach(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	was := vector
	defer func() { vector = was }()
	for _, vector = range []bool{was, false} {
		t.Run(name, test)
	}
}
