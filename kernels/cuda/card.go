package cuda

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// A card is one GPU, in its primary context, as an [gpu.Engine] drives it. It knows
// what it has made, to give it back in the end, and whether the GPU is lost.
type card struct {
	driver driver
	info   Info

	mu     sync.Mutex // of all up to functions
	none   sync.Cond  // uses is 0
	uses   int        // calls under way
	closed bool       // no more begin
	lost   *Error     // the first fatal one
	live   []resource // what was made, the last one last

	functions map[string]function // from LoadKernels on

	blasMu sync.Mutex // one call at a time
	blas   blas       // from OpenBLAS on
	piece  int        // most elements of a call; cuBLAS counts in 32 bits
}

var _ gpu.Driver = (*card)(nil)

// A function is a kernel: how many arguments it has.
type function struct {
	id   uint64
	args int
}

// openCard returns the device with this number. The caller closes it.
func openCard(ordinal int) (*card, error) {
	dr, err := loadDriver()
	if err != nil {
		return nil, err
	}
	c := newCard(dr)
	if err := c.retain(ordinal); err != nil {
		_ = dr.release()
		return nil, err
	}
	return c, nil
}

func newCard(dr driver) *card {
	c := &card{driver: dr, piece: 1 << 30}
	c.none.L = &c.mu
	return c
}

func (c *card) retain(ordinal int) error {
	n, err := c.driver.count()
	if err != nil {
		return err
	}
	if ordinal < 0 || ordinal >= n {
		return fmt.Errorf("cuda: no device %d: the driver has %d", ordinal, n)
	}
	if c.info, err = c.driver.info(ordinal); err != nil {
		return err
	}
	return c.driver.retain(ordinal)
}

func (c *card) Name() string { return c.info.Name }

func (c *card) Processors() int { return c.info.Processors }

func (c *card) Alloc(bytes uint64) (uint64, error) {
	p, err := c.own(memory, func() (uint64, error) { return c.driver.alloc(bytes) })
	if e, ok := errors.AsType[*Error](err); ok && e.Call == "cuMemAlloc_v2" && e.Code == outOfMemory {
		return 0, fmt.Errorf("%w: %w", gpu.ErrNoRoom, err)
	}
	return p, err
}

func (c *card) Free(address uint64) error { return c.giveBack(resource{memory, address}) }

func (c *card) AllocPinned(bytes int) ([]byte, error) {
	var p unsafe.Pointer
	_, err := c.own(pinned, func() (id uint64, err error) {
		p, err = c.driver.allocPinned(uint64(bytes))
		return uint64(uintptr(p)), err
	})
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), bytes), nil
}

func (c *card) NewStream() (uint64, error) { return c.own(stream, c.driver.newStream) }

func (c *card) NewEvent() (uint64, error) { return c.own(event, c.driver.newEvent) }

func (c *card) Record(event, stream uint64) error {
	return c.do(func() error { return c.driver.recordEvent(event, stream) })
}

func (c *card) Wait(stream, event uint64) error {
	return c.do(func() error { return c.driver.waitEvent(stream, event) })
}

func (c *card) SyncEvent(event uint64) error {
	return c.do(func() error { return c.driver.syncEvent(event) })
}

func (c *card) Synchronize() error { return c.do(c.driver.synchronize) }

func (c *card) CopyIn(stream, dst uint64, pinned []byte) error {
	return c.do(func() error {
		return c.driver.copyIn(stream, dst, unsafe.Pointer(unsafe.SliceData(pinned)), uint64(len(pinned)))
	})
}

func (c *card) CopyOut(stream uint64, pinned []byte, src uint64) error {
	return c.do(func() error {
		return c.driver.copyOut(stream, unsafe.Pointer(unsafe.SliceData(pinned)), src, uint64(len(pinned)))
	})
}

func (c *card) CopyWithin(stream, dst, src, bytes uint64) error {
	return c.do(func() error { return c.driver.copyWithin(stream, dst, src, bytes) })
}

func (c *card) Zero(stream, dst, bytes uint64) error {
	return c.do(func() error { return c.driver.zero(stream, dst, bytes) })
}

// LoadKernels finds all kernels at once, as a driver may put off the work on each until
// it is asked for it.
func (c *card) LoadKernels(ptx string) error {
	if i := strings.IndexByte(ptx, 0); i >= 0 {
		return fmt.Errorf("cuda: PTX is text, this has a zero byte at %d", i)
	}
	m, err := c.own(module, func() (uint64, error) { return c.driver.loadModule(ptx) })
	if err != nil {
		return err
	}
	c.functions = make(map[string]function)
	for _, entry := range strings.Split(ptx, ".entry ")[1:] {
		head, _, _ := strings.Cut(entry, ")")
		name, params, _ := strings.Cut(head, "(")
		f := function{args: strings.Count(params, ".param ")}
		if f.args > maxArgs {
			return fmt.Errorf("cuda: kernel %q has %d parameters, want at most %d", name, f.args, maxArgs)
		}
		err := c.do(func() (err error) {
			f.id, err = c.driver.function(m, name)
			return err
		})
		if err != nil {
			return fmt.Errorf("cuda: kernel %q: %w", name, err)
		}
		c.functions[name] = f
	}
	return nil
}

func (c *card) Launch(stream uint64, kernel string, grid, block int, args []uint64) error {
	f, ok := c.functions[kernel]
	if !ok || len(args) != f.args {
		return fmt.Errorf("cuda: kernel %q with %d arguments, want %d", kernel, len(args), f.args)
	}
	var bits [maxArgs]uint64
	copy(bits[:], args)
	return c.do(func() error { return c.driver.launch(stream, f.id, uint32(grid), uint32(block), bits) })
}

// Close waits for the calls under way and for all streams, and gives back all that was
// made, the last first. The error is that of giving back the device.
func (c *card) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	for c.uses > 0 {
		c.none.Wait()
	}
	c.mu.Unlock()

	_ = c.driver.synchronize()
	for _, r := range slices.Backward(c.live) {
		_ = c.free(r)
	}
	return c.driver.release()
}
