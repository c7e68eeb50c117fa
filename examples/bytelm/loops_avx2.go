//go:build amd64 && gc && !purego

package bytelm

import "golang.org/x/sys/cpu"

// vector is false if loops and tiles are those in Go. Only tests set it.
var vector = cpu.X86.HasAVX2

// wide is the number of elements, of n, that assembly does. The race detector does not see
// what that reads and writes; it does see embeddings, biases and gains, which are read in
// Go from the same vectors of parameters.
func wide(n int) int {
	if !vector {
		return 0
	}
	return n &^ 7
}

// tile is tileGo for up to tileRows rows.
func tile(rows, k int, a []float32, ai, al int, b, c []float32, ldc int, add bool) {
	if !vector {
		tileGo(rows, k, a, ai, al, b, c, ldc, add)
		return
	}
	_ = a[(rows-1)*ai+(k-1)*al]
	_ = b[16*k-1]
	_ = c[(rows-1)*ldc+15]
	switch rows {
	case 1:
		tile1AVX2(k, &a[0], ai, al, &b[0], &c[0], ldc, add)
	case 2:
		tile2AVX2(k, &a[0], ai, al, &b[0], &c[0], ldc, add)
	case 3:
		tile3AVX2(k, &a[0], ai, al, &b[0], &c[0], ldc, add)
	case 4:
		tile4AVX2(k, &a[0], ai, al, &b[0], &c[0], ldc, add)
	case 5:
		tile5AVX2(k, &a[0], ai, al, &b[0], &c[0], ldc, add)
	case 6:
		tile6AVX2(k, &a[0], ai, al, &b[0], &c[0], ldc, add)
	}
}
