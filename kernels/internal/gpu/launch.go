package gpu

import "math"

const threads = 256 // in a block

// launchFrom launches kernel on vectors that begin first elements after a multiple of 16
// bytes. A kernel takes four elements at a time, from such a multiple on, so the one to
// three elements before the next multiple get a launch of their own.
func (e *Engine) launchFrom(first int, kernel string, n int, at []uint64, numbers []float32) {
	if first == 0 {
		e.launch(kernel, n, at, numbers)
		return
	}
	head := min(4-first, n)
	e.launch(kernel, head, at, numbers)
	if n == head {
		return
	}
	var rest [6]uint64
	for i, a := range at {
		rest[i] = a + 4*uint64(head)
	}
	e.launch(kernel, n-head, rest[:len(at)], numbers)
}

// launch queues kernel on stream work. A thread does four elements at a time, and there
// are as many as the GPU keeps busy at once.
func (e *Engine) launch(kernel string, n int, at []uint64, numbers []float32) {
	e.launching.Lock()
	defer e.launching.Unlock()
	args := append(append(e.arguments[:0], at...), uint64(n))
	for _, x := range numbers {
		args = append(args, uint64(math.Float32bits(x)))
	}
	blocks := (n + 4*threads - 1) / (4 * threads)
	e.gpu.launch(e.work, kernel, max(1, min(blocks, 8*e.gpu.driver.Processors())), threads, args)
}
