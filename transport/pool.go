package transport

import (
	"math/bits"
	"unsafe"
)

// A pool keeps blocks of memory that are not in use, so that a frame lands in
// pages that exist already: to land in new ones costs several times the copy.
// Blocks have eight sizes between one power of two and the next. The zero value
// is empty. Guarded by Mem.mu.
type pool struct {
	classes map[int]*class // by the size of their blocks
	bytes   int64          // in all classes
	clock   uint64         // counts uses
}

type class struct {
	free [][]byte
	used uint64 // at what clock
}

// frameAlign is the alignment of frames in memory: a cache line, and the widest
// vector register.
const frameAlign = 64

// take returns a block for n bytes, or nil if there is none.
func (p *pool) take(n int) []byte {
	c := p.classes[blockSize(n)]
	if c == nil || len(c.free) == 0 {
		return nil
	}
	last := len(c.free) - 1
	b := c.free[last]
	c.free[last], c.free = nil, c.free[:last]
	p.bytes -= int64(len(b))
	p.use(c)
	return b
}

// give takes a block back.
func (p *pool) give(b []byte) {
	if p.classes == nil {
		p.classes = make(map[int]*class)
	}
	c := p.classes[len(b)]
	if c == nil {
		c = new(class)
		p.classes[len(b)] = c
	}
	c.free = append(c.free, b)
	p.bytes += int64(len(b))
	p.use(c)
}

func (p *pool) use(c *class) {
	p.clock++
	c.used = p.clock
}

// shrink drops blocks, first of the sizes that were not used for the longest
// time, until they have limit bytes or less.
func (p *pool) shrink(limit int64) {
	for p.bytes > limit {
		oldest := 0
		for size, c := range p.classes {
			if oldest == 0 || c.used < p.classes[oldest].used {
				oldest = size
			}
		}
		c := p.classes[oldest]
		for len(c.free) > 0 && p.bytes > limit {
			last := len(c.free) - 1
			c.free[last], c.free = nil, c.free[:last]
			p.bytes -= int64(oldest)
		}
		if len(c.free) == 0 {
			delete(p.classes, oldest)
		}
	}
}

// newBlock returns new memory for n bytes, aligned to frameAlign.
func newBlock(n int) []byte {
	n = blockSize(n)
	b := make([]byte, n+frameAlign-1)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) % frameAlign)
	return b[skip : skip+n : skip+n]
}

// blockSize returns the size of the block for n bytes: n rounded up by an
// eighth at most.
func blockSize(n int) int {
	const least = 512
	if n <= least {
		return least
	}
	step := 1 << (bits.Len(uint(n-1)) - 4)
	return (n + step - 1) &^ (step - 1)
}
