//go:build !gc || purego || !amd64

package kernels

// encodeFast does as many elements of encodeForm as there is assembly for.
func encodeFast(dst []byte, f Form, x, y, residual []float32) (done int) { return 0 }

// decodeFast does as many elements of decodeForm as there is assembly for.
func decodeFast(dst []float32, f Form, src []byte) (done int) { return 0 }
