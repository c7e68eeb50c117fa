//go:build gc && !purego

package isa

func has(l Level) bool { return l == NEON } // every arm64 has it
