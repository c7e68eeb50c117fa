//go:build !gc || purego || !(amd64 || arm64)

package isa

func has(Level) bool { return false }
