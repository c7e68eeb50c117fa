//go:build !linux

package kernels

// hugePages does nothing: other systems have no call for it, or decide themselves.
func hugePages([]float32) {}
