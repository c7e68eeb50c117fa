//go:build gc && !purego

package kernels

import "github.com/halos-go/sdk/kernels/internal/isa"

// encodeFast does as many elements of encodeForm as there is assembly for.
func encodeFast(dst []byte, f Form, x, y, residual []float32) (done int) {
	if isa.Now < isa.AVX2 {
		return 0
	}
	n := wholeBlocks(f, len(x))
	dst, x, y, residual = dst[:f.Size(n)], x[:n], part(y, 0, n), part(residual, 0, n)
	raceWriteBytes(dst)
	raceRead(x)
	raceRead(y)
	raceWrite(residual)
	switch {
	case y == nil:
		encodeFormAVX2(dst, f, x)
	case residual == nil:
		deltaFormAVX2(dst, f, x, y)
	default:
		feedbackFormAVX2(dst, f, x, y, residual)
	}
	return n
}

// decodeFast does as many elements of decodeForm as there is assembly for.
func decodeFast(dst []float32, f Form, src []byte) (done int) {
	if isa.Now < isa.AVX2 {
		return 0
	}
	n := wholeBlocks(f, len(dst))
	dst, src = dst[:n], src[:f.Size(n)]
	raceWrite(dst)
	raceReadBytes(src)
	switch f {
	case BFloat16:
		decodeBFloat16AVX2(dst, src)
	case Float16:
		decodeFloat16AVX2(dst, src)
	case Int8:
		decodeInt8AVX2(dst, src)
	}
	return n
}

// wholeBlocks is how many of n elements the assembly does: whole blocks or registers.
func wholeBlocks(f Form, n int) int {
	if f == Int8 {
		return n &^ (int8Block - 1)
	}
	return n &^ 15
}

func encodeFormAVX2(dst []byte, f Form, x []float32) {
	switch f {
	case BFloat16:
		encodeBFloat16AVX2(dst, x)
	case Float16:
		encodeFloat16AVX2(dst, x)
	case Int8:
		encodeInt8AVX2(dst, x)
	}
}

func deltaFormAVX2(dst []byte, f Form, x, y []float32) {
	switch f {
	case BFloat16:
		deltaBFloat16AVX2(dst, x, y)
	case Float16:
		deltaFloat16AVX2(dst, x, y)
	case Int8:
		deltaInt8AVX2(dst, x, y)
	}
}

func feedbackFormAVX2(dst []byte, f Form, x, y, residual []float32) {
	switch f {
	case BFloat16:
		feedbackBFloat16AVX2(dst, x, y, residual)
	case Float16:
		feedbackFloat16AVX2(dst, x, y, residual)
	case Int8:
		feedbackInt8AVX2(dst, x, y, residual)
	}
}
