//go:build !unix

package gpu

import "testing"

const reserved = 1 << 28

// reserve returns addresses that are nobody's on the systems there are.
func reserve(testing.TB) uint64 { return 1 << 46 }
