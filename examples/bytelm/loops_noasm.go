//go:build !amd64 || !gc || purego

package bytelm

// wide is the number of elements that assembly does.
func wide(int) int { return 0 }

func tile(rows, k int, a []float32, ai, al int, b, c []float32, ldc int, add bool) {
	tileGo(rows, k, a, ai, al, b, c, ldc, add)
}

// Never called.
func maximumAVX2(int, *float32, *float32)                                           {}
func expShiftAVX2(int, *float32, *float32, *float32, float32)                       {}
func scaleRowAVX2(int, *float32, *float32)                                          {}
func addRowAVX2(int, *float32, *float32)                                            {}
func addNumberAVX2(int, *float32, float32)                                          {}
func addProductsAVX2(int, *float32, *float32, *float32)                             {}
func softmaxSlopeAVX2(int, *float32, *float32, *float32, float32)                   {}
func centreAVX2(int, *float32, *float32, *float32, *float32)                        {}
func standardiseAVX2(int, *float32, *float32, *float32, float32, float32)           {}
func normSumsAVX2(int, *float32, *float32, *float32, *float32, *float32, float32)   {}
func normSlopeAVX2(int, *float32, *float32, *float32, *float32, *float32, *float32) {}
func laneSumsAVX2(int, *float32, *float32)                                          {}
func geluAVX2(int, *float32, *float32)                                              {}
