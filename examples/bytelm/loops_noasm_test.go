//go:build !amd64 || !gc || purego

package bytelm

import "testing"

func onEach(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, test)
}
