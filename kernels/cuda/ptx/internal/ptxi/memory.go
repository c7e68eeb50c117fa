package ptxi

import "fmt"

// Memory is the memory of a GPU: buffers far from each other. The zero value is empty.
type Memory struct {
	buffers []*buffer
	next    uint64
}

type buffer struct {
	base   uint64
	bytes  []byte
	writer []int  // thread that wrote the byte in this launch, from 1; 0 for none
	fixed  []bool // read in this launch as what does not change (.nc)
	shared []bool // written in it by a store that may be one of several (.volatile)
}

// Buffers begin at multiples of apart, and none reaches the next.
const apart = 1 << 16

// Add lends b to the memory and returns its address, a multiple of 65,536.
func (m *Memory) Add(b []byte) uint64 {
	if m.next == 0 {
		m.next = 0x7f00_0000_0000
	}
	at := m.next
	m.buffers = append(m.buffers, &buffer{at, b, make([]int, len(b)), make([]bool, len(b)), make([]bool, len(b))})
	m.next += (uint64(len(b))/apart + 2) * apart
	return at
}

// Written returns how many bytes of the buffer at address the last launch wrote.
func (m *Memory) Written(address uint64) (n int) {
	for _, b := range m.buffers {
		if b.base == address {
			for _, w := range b.writer {
				if w != 0 {
					n++
				}
			}
		}
	}
	return n
}

// size returns the number of bytes in all buffers.
func (m *Memory) size() (n int) {
	for _, b := range m.buffers {
		n += len(b.bytes)
	}
	return n
}

// forget begins a launch.
func (m *Memory) forget() {
	for _, b := range m.buffers {
		clear(b.writer)
		clear(b.fixed)
		clear(b.shared)
	}
}

// find returns the buffer of n bytes at address a, and where they are in it.
func (m *Memory) find(a uint64, n int) (*buffer, int, error) {
	for _, b := range m.buffers {
		size := uint64(len(b.bytes))
		if a < b.base || a-b.base >= size {
			continue
		}
		if size-(a-b.base) < uint64(n) {
			break
		}
		if a%uint64(n) != 0 {
			return nil, 0, fmt.Errorf("%d bytes at %#x are not aligned", n, a)
		}
		return b, int(a - b.base), nil
	}
	return nil, 0, fmt.Errorf("%d bytes at %#x are out of bounds", n, a)
}

// read returns n bytes for a thread. Fixed ones may not change in the launch.
func (m *Memory) read(a uint64, n, thread int, fixed bool) ([]byte, error) {
	b, lo, err := m.find(a, n)
	if err != nil {
		return nil, err
	}
	for i := lo; i < lo+n; i++ {
		if w := b.writer[i]; w != 0 && (fixed || w != thread) {
			return nil, fmt.Errorf("the byte at %#x is read after it was written", b.base+uint64(i))
		}
		b.fixed[i] = b.fixed[i] || fixed
	}
	return b.bytes[lo : lo+n], nil
}

// write stores x for a thread. No byte is written twice, unless both times as a shared
// one, and the same.
func (m *Memory) write(a uint64, x []byte, thread int, shared bool) error {
	b, lo, err := m.find(a, len(x))
	if err != nil {
		return err
	}
	for i, v := range x {
		i += lo
		again := shared && b.shared[i] && b.bytes[i] == v
		if b.fixed[i] || b.writer[i] != 0 && !again {
			return fmt.Errorf("the byte at %#x is written twice, or was read as constant", b.base+uint64(i))
		}
		b.bytes[i], b.writer[i], b.shared[i] = v, thread, shared
	}
	return nil
}
