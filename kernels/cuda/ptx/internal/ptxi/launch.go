package ptxi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// stepsEach is the instructions that a launch may take for each thread and for each
// byte of memory: more than it needs, so that one that does not end is ended.
const stepsEach = 512

// lanes is the number of threads of a warp.
const lanes = 32

// Launch executes all threads of grid blocks of block threads, warp by warp, on the
// buffers of m. The arguments are as many as the parameters: addresses, lengths, and
// the bits of float32 numbers. After an error what is in m means nothing.
func (k *Kernel) Launch(m *Memory, grid, block int, arguments ...uint64) error {
	if len(arguments) != len(k.Params) {
		return fmt.Errorf("ptxi: %s: %d arguments for %d parameters", k.Name, len(arguments), len(k.Params))
	}
	if k.Block > 0 && block > k.Block {
		return fmt.Errorf("ptxi: %s: blocks of %d threads, want at most %d", k.Name, block, k.Block)
	}
	m.forget()
	w := warp{k: k, m: m, grid: grid, block: block, arguments: arguments, steps: stepsEach * (grid*block + m.size())}
	for i := range w.threads {
		w.threads[i] = thread{slots: make([]uint64, k.slots), set: make([]bool, k.slots)}
	}
	for cta := range grid {
		for first := 0; first < block; first += lanes {
			if err := w.run(cta, first); err != nil {
				return fmt.Errorf("ptxi: %s: %w", k.Name, err)
			}
		}
	}
	return nil
}

// A warp is threads that execute together: they may exchange values.
type warp struct {
	k           *Kernel
	m           *Memory
	grid, block int
	arguments   []uint64
	threads     [lanes]thread
	steps       int // that are left
}

type thread struct {
	id    int // from 1
	slots []uint64
	set   []bool // the slot has a value
	pc    int
	done  bool
	err   error
}

// run executes the warp of threads first and following of a block: each thread until
// it ends or exchanges values, and again when all have come there.
func (w *warp) run(cta, first int) error {
	threads := w.threads[:min(lanes, w.block-first)]
	for i := range threads {
		threads[i].begin(w, cta, first+i)
	}
	for {
		for i := range threads {
			if err := w.advance(&threads[i]); err != nil {
				return err
			}
		}
		if threads[0].done {
			break
		}
		if err := w.exchange(threads); err != nil {
			return err
		}
	}
	for i := range threads {
		if !threads[i].done {
			return errApart
		}
	}
	return nil
}

var errApart = errors.New("the threads of a warp are not at one shuffle")

func (t *thread) begin(w *warp, cta, tid int) {
	clear(t.set)
	given := append([]uint64{uint64(tid), uint64(w.block), uint64(cta), uint64(w.grid)}, w.arguments...)
	for i, x := range given {
		t.slots[i], t.set[i] = x, true
	}
	t.id, t.pc, t.done, t.err = 1+cta*w.block+tid, 0, false, nil
}

// advance executes a thread until it is done or at a shuffle.
func (w *warp) advance(t *thread) error {
	for !t.done {
		if w.steps--; w.steps < 0 {
			return errors.New("it does not end")
		}
		if t.pc >= len(w.k.code) {
			return errors.New("no ret at the end")
		}
		in := &w.k.code[t.pc]
		if in.kind == shuffle {
			return nil
		}
		t.pc++
		if in.guard < 0 || (t.get(value{slot: in.guard}) != 0) != in.unless {
			w.step(t, in)
		}
		if t.err != nil {
			return fmt.Errorf("line %d: %s: %w", in.line, in.op, t.err)
		}
	}
	return nil
}

func (w *warp) step(t *thread, in *instr) {
	switch in.kind {
	case compute:
		t.put(in.dst[0], in.do(t.get(in.src[0]), t.get(in.src[1]), t.get(in.src[2])))
	case load:
		w.load(t, in)
	case store:
		w.store(t, in)
	case branch:
		t.pc = in.target
	case leave:
		t.done = true
	}
}

func (w *warp) load(t *thread, in *instr) {
	size := in.access.size
	b, err := w.m.read(t.get(in.base)+uint64(in.offset), in.access.count*size, t.id, in.access.special)
	if err != nil {
		t.err = err
		return
	}
	for i := range in.access.count {
		var x [8]byte
		copy(x[:], b[i*size:(i+1)*size])
		t.put(in.dst[i], binary.LittleEndian.Uint64(x[:]))
	}
}

func (w *warp) store(t *thread, in *instr) {
	var x [16]byte
	n := 0
	for i := range in.access.count {
		var element [8]byte
		binary.LittleEndian.PutUint64(element[:], t.get(in.src[i]))
		n += copy(x[n:], element[:in.access.size])
	}
	if err := w.m.write(t.get(in.base)+uint64(in.offset), x[:n], t.id, in.access.special); err != nil {
		t.err = err
	}
}

// exchange does a shuffle: each thread gets the value of another.
func (w *warp) exchange(threads []thread) error {
	in := &w.k.code[threads[0].pc]
	var values [lanes]uint64
	for i := range threads {
		t := &threads[i]
		if len(threads) < lanes || t.done || t.pc != threads[0].pc || in.guard >= 0 {
			return errApart
		}
		values[i] = low(t.get(in.src[0]))
	}
	for i := range threads {
		t := &threads[i]
		t.put(in.dst[0], values[(uint64(i)^t.get(in.src[1]))%lanes])
		t.pc++
		if t.err != nil {
			return fmt.Errorf("line %d: %s: %w", in.line, in.op, t.err)
		}
	}
	return nil
}

// get reads a value. One that nobody has written is an error.
func (t *thread) get(v value) uint64 {
	if v.slot < 0 {
		return v.constant
	}
	if !t.set[v.slot] {
		t.err = errors.New("a register is read that was not written")
	}
	return t.slots[v.slot]
}

func (t *thread) put(slot int, x uint64) { t.slots[slot], t.set[slot] = x, true }
