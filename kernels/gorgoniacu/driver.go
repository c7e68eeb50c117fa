//go:build cuda && cgo

package gorgoniacu

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"gorgonia.org/cu"
	cublas "gorgonia.org/cu/blas"

	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// A driver is the device of a context. It keeps what it has made: cu hides the handles,
// so a number stands for them, and Close gives back what is left. That a device is lost
// CUDA remembers itself.
type driver struct {
	ctx        cu.CUContext
	device     cu.Device
	name       string
	processors int

	memory  owned[cu.DevicePtr] // by address
	pinned  owned[unsafe.Pointer]
	streams owned[cu.Stream] // numbered
	events  owned[cu.Event]

	module    *cu.Module // nil before LoadKernels
	functions map[string]function

	blasMu sync.Mutex       // one call at a time
	blas   *cublas.Standard // nil before OpenBLAS
	piece  int              // most elements of a call; cuBLAS counts in 32 bits
}

var _ gpu.Driver = (*driver)(nil)

func newDriver(ctx cu.CUContext) (*driver, error) {
	d := &driver{ctx: ctx, piece: 1 << 30}
	err := d.do("cuCtxGetDevice", func() (err error) {
		d.device, err = cu.CurrentDevice()
		return err
	})
	if err != nil {
		return nil, err
	}
	if d.name, err = d.device.Name(); err != nil {
		return nil, failed("cuDeviceGetName", err)
	}
	if d.processors, err = d.device.Attribute(cu.MultiprocessorCount); err != nil {
		return nil, failed("cuDeviceGetAttribute", err)
	}
	return d, nil
}

// do makes the call f with the context current on the thread, as cu wants it, and
// leaves the thread as it was: the program may have locked it to another context.
func (d *driver) do(call string, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer keepFloatMode()()
	if err := cu.PushCurrentCtx(d.ctx); err != nil {
		return failed("cuCtxPushCurrent", err)
	}
	err := failed(call, f())
	if _, pop := cu.PopCurrentCtx(); err == nil {
		err = failed("cuCtxPopCurrent", pop)
	}
	return err
}

func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("gorgoniacu: %s: %w", call, err)
}

func (d *driver) Name() string { return d.name }

func (d *driver) Processors() int { return d.processors }

func (d *driver) Alloc(bytes uint64) (address uint64, err error) {
	err = d.do("cuMemAlloc", func() error {
		p, err := cu.MemAlloc(int64(bytes))
		if errors.Is(err, cu.OutOfMemory) {
			return fmt.Errorf("%w: %w", gpu.ErrNoRoom, err)
		}
		if err != nil {
			return err
		}
		address = uint64(p)
		d.memory.put(address, p)
		return nil
	})
	return address, err
}

func (d *driver) Free(address uint64) error {
	return d.memory.end(d, address, "cuMemFree", cu.MemFree)
}

func (d *driver) AllocPinned(bytes int) (b []byte, err error) {
	err = d.do("cuMemHostAlloc", func() error {
		p, err := hostAlloc(bytes)
		if err != nil {
			return err
		}
		b = unsafe.Slice((*byte)(p), bytes)
		d.pinned.put(uint64(uintptr(p)), p)
		return nil
	})
	return b, err
}

// Close waits for all work and gives back all, whatever fails. It returns the first that
// did.
func (d *driver) Close() error {
	errs := []error{d.Synchronize(), d.closeBLAS(), d.unload()}
	errs = append(errs, d.events.endAll(d, "cuEventDestroy", destroyEvent)...)
	errs = append(errs, d.streams.endAll(d, "cuStreamDestroy", destroyStream)...)
	errs = append(errs, d.pinned.endAll(d, "cuMemFreeHost", cu.MemFreeHost)...)
	errs = append(errs, d.memory.endAll(d, "cuMemFree", cu.MemFree)...)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
