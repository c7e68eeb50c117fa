package bytelm

// A tile is tileRows by tileColumns results, which stay in registers while the products
// are added up. blockDepth products later they go to memory and come back, so that the
// columns of b in use, 16 KB, stay in the first-level cache.
const (
	tileRows    = 6
	tileColumns = 16
	blockDepth  = 256
)

// A gemm is work space for matrix products.
type gemm struct {
	columns [blockDepth * tileColumns]float32 // of b, in the order of their use
	edge    [tileRows * tileColumns]float32   // a tile over the last column
}

// A matrix is one in memory, with the distances between its rows and its columns: one of
// them is 1.
type matrix struct {
	v           []float32
	row, column int
}

// matrixOf is a matrix stored row after row.
func matrixOf(v []float32, distance int) matrix { return matrix{v, distance, 1} }

// transposed is the transposed of matrixOf.
func transposed(v []float32, distance int) matrix { return matrix{v, 1, distance} }

// multiply is c = a*b, or c += a*b with add. c is m by n, its rows ldc apart; a is m by
// k, and b is k by n. Every element of c adds its products in order, from what was there
// or from 0:
//
//	((c + a0*b0) + a1*b1) + ...
//
// So its bits depend neither on the sizes of tiles and blocks nor on the processor.
func (g *gemm) multiply(m, n, k int, a, b matrix, c []float32, ldc int, add bool) {
	for l := 0; l < k; l += blockDepth {
		depth := min(blockDepth, k-l)
		for j := 0; j < n; j += tileColumns {
			g.pack(b.v[l*b.row+j*b.column:], b, depth, min(tileColumns, n-j))
			for i := 0; i < m; i += tileRows {
				g.tile(min(tileRows, m-i), min(tileColumns, n-j), depth, a.v[i*a.row+l*a.column:], a, c[i*ldc+j:], ldc, add || l > 0)
			}
		}
	}
}

// pack copies depth rows of up to 16 columns of b to g.columns, the columns that are
// missing as zeros.
func (g *gemm) pack(from []float32, b matrix, depth, columns int) {
	to := g.columns[:depth*tileColumns]
	switch {
	case columns < tileColumns:
		clear(to)
		for l := range depth {
			for j := range columns {
				to[l*tileColumns+j] = from[l*b.row+j*b.column]
			}
		}
	case b.column == 1:
		for l := range depth {
			*(*[tileColumns]float32)(to[l*tileColumns:]) = [tileColumns]float32(from[l*b.row:])
		}
	default:
		for j := 0; j < tileColumns; j += 4 {
			v := from[j*b.column:]
			v0, v1, v2, v3 := v[:depth], v[b.column:][:depth], v[2*b.column:][:depth], v[3*b.column:][:depth]
			for l := range v0 {
				*(*[4]float32)(to[l*tileColumns+j:]) = [4]float32{v0[l], v1[l], v2[l], v3[l]}
			}
		}
	}
}

// tile is one tile of a product.
func (g *gemm) tile(rows, columns, k int, from []float32, a matrix, c []float32, ldc int, add bool) {
	if columns == tileColumns {
		tile(rows, k, from, a.row, a.column, g.columns[:], c, ldc, add)
		return
	}
	for i := range rows {
		copy(g.edge[i*tileColumns:], c[i*ldc:][:columns])
	}
	tile(rows, k, from, a.row, a.column, g.columns[:], g.edge[:], tileColumns, add)
	for i := range rows {
		copy(c[i*ldc:][:columns], g.edge[i*tileColumns:])
	}
}

// tileGo is, for so many rows i and 16 columns j,
//
//	c[i*ldc+j] = sum over l of a[i*ai+l*al] * b[l*16+j], or += with add
//
// in the order of l.
func tileGo(rows, k int, a []float32, ai, al int, b, c []float32, ldc int, add bool) {
	for i := range rows {
		to := c[i*ldc:][:tileColumns]
		if !add {
			clear(to)
		}
		for j := 0; j < tileColumns; j += 8 { // as many as processors have registers for
			s := (*[8]float32)(to[j:])
			s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
			for l := range k {
				x, y := a[i*ai+l*al], (*[8]float32)(b[l*tileColumns+j:])
				s0 += float32(x * y[0])
				s1 += float32(x * y[1])
				s2 += float32(x * y[2])
				s3 += float32(x * y[3])
				s4 += float32(x * y[4])
				s5 += float32(x * y[5])
				s6 += float32(x * y[6])
				s7 += float32(x * y[7])
			}
			*s = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
		}
	}
}
