package cuda

// OpenBLAS makes the handle, with which all is queued on stream.
func (c *card) OpenBLAS(stream uint64) error {
	_, err := c.own(handle, func() (_ uint64, err error) {
		c.blas, err = c.driver.newBLAS(stream)
		return 0, err
	})
	return err
}

func (c *card) Axpy(n int, a float32, x, y uint64) error {
	return c.pieces(n, func(at uint64, n int) error { return c.blas.axpy(n, a, x+at, y+at) })
}

func (c *card) Geam(n int, a float32, x uint64, b float32, y, dst uint64) error {
	return c.pieces(n, func(at uint64, n int) error { return c.blas.geam(n, a, x+at, b, y+at, dst+at) })
}

func (c *card) Dot(n int, x, y uint64) (float32, error) {
	var sum float64
	err := c.pieces(n, func(at uint64, n int) error {
		s, err := c.blas.dot(n, x+at, y+at)
		sum += float64(s)
		return err
	})
	return float32(sum), err
}

// pieces calls f for pieces of n elements, which begin at these bytes.
func (c *card) pieces(n int, f func(at uint64, n int) error) error {
	return c.do(func() error {
		c.blasMu.Lock()
		defer c.blasMu.Unlock()
		for lo := 0; lo < n; lo += c.piece {
			if err := f(4*uint64(lo), min(c.piece, n-lo)); err != nil {
				return err
			}
		}
		return nil
	})
}
