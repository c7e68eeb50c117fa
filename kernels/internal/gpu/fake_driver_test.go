package gpu

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// The methods of a fake that are those of a Driver, but for kernels and cuBLAS.

var _ Driver = (*fake)(nil)

func (f *fake) Name() string    { return "Fake 9000" }
func (f *fake) Processors() int { return 2 }

func (f *fake) Alloc(bytes uint64) (uint64, error) {
	f.meanwhile("Alloc")
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return 0, err
	}
	if bytes == 0 {
		f.t.Error("no bytes asked for")
	}
	if bytes > f.room {
		return 0, fmt.Errorf("the fake: %w", ErrNoRoom)
	}
	f.room -= bytes
	b := words(int(bytes))
	poison(b)
	at := f.top
	f.memory[at] = b
	f.top += (bytes + 511) &^ 255 // never again, so that use after Free is seen
	if f.top > f.base+reserved {
		f.t.Fatal("the fake has no addresses left")
	}
	return at, nil
}

func (f *fake) Free(address uint64) error {
	f.meanwhile("Free")
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	b, ok := f.memory[address]
	if !ok {
		f.t.Errorf("free of %#x, which is not memory", address)
	}
	delete(f.memory, address)
	f.room += uint64(len(b))
	f.freed++
	return nil
}

func (f *fake) AllocPinned(bytes int) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := words(bytes)
	poison(b)
	f.pinned[&b[0]] = bytes
	return b, f.call()
}

func (f *fake) NewStream() (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids++
	s := &lane{id: f.ids}
	if f.r != nil {
		s.eager = []float64{0, 0.1, 0.5, 0.95}[f.r.IntN(4)]
	}
	f.streams = append(f.streams, s)
	return s.id, f.call()
}

func (f *fake) NewEvent() (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ids++
	f.events[f.ids] = nil
	return f.ids, f.call()
}

func (f *fake) Record(event, stream uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	i := slices.IndexFunc(f.streams, func(s *lane) bool { return s.id == stream })
	m := &mark{stream: f.streams[i]}
	f.events[event] = m
	f.queue(stream, work{mark: m})
	return nil
}

func (f *fake) Wait(stream, event uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	if m := f.events[event]; m != nil {
		f.queue(stream, work{after: m})
	}
	return nil
}

func (f *fake) SyncEvent(event uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	if m := f.events[event]; m != nil {
		f.reach(m)
	}
	return nil
}

func (f *fake) Synchronize() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	f.finish()
	return nil
}

func (f *fake) CopyIn(stream, dst uint64, pinned []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.host(pinned)
	if err := f.call(); err != nil {
		return err
	}
	f.moved += len(pinned)
	f.queue(stream, work{reads: pinned, do: func() { copy(f.at(dst, len(pinned)), pinned) }})
	return nil
}

func (f *fake) CopyOut(stream uint64, pinned []byte, src uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.host(pinned)
	if err := f.call(); err != nil {
		return err
	}
	f.moved += len(pinned)
	f.poisonUnread(pinned)
	f.queue(stream, work{do: func() { copy(pinned, f.at(src, len(pinned))) }})
	return nil
}

// poisonUnread is for who reads too early what the GPU is to write. What the GPU has
// to read there before that is left.
func (f *fake) poisonUnread(pinned []byte) {
	lo := uintptr(unsafe.Pointer(unsafe.SliceData(pinned)))
	for _, s := range f.streams {
		for _, w := range s.work {
			at := uintptr(unsafe.Pointer(unsafe.SliceData(w.reads)))
			if at < lo+uintptr(len(pinned)) && lo < at+uintptr(len(w.reads)) {
				return
			}
		}
	}
	poison(pinned)
}

func (f *fake) CopyWithin(stream, dst, src, bytes uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.within++
	if err := f.call(); err != nil {
		return err
	}
	f.queue(stream, work{do: func() { copy(f.at(dst, int(bytes)), f.at(src, int(bytes))) }})
	return nil
}

func (f *fake) Zero(stream, dst, bytes uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call(); err != nil {
		return err
	}
	f.queue(stream, work{do: func() { clear(f.at(dst, int(bytes))) }})
	return nil
}

func (f *fake) LoadKernels(text string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if text != ptx.Text || f.loaded {
		f.t.Error("not the kernels, or not once")
	}
	f.loaded = true
	return f.call()
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.call()
	f.closed = true
	return err
}
