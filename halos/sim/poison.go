//go:build !race

package sim

// What is lent is overwritten when the loan ends, in tests with the race detector only.
func poisonVector([]float32) {}
