package gpu

import (
	"fmt"
	"sync/atomic"
)

// A device is a Driver that keeps its first error and does nothing after it. So its
// callers need not check each call: they ask once, after several.
type device struct {
	driver Driver
	name   string
	err    atomic.Pointer[error]
}

// lost reports whether there has been an error.
func (d *device) lost() bool { return d.err.Load() != nil }

func (d *device) failure() error {
	if err := d.err.Load(); err != nil {
		return *err
	}
	return nil
}

// keep keeps the first err that is not nil.
func (d *device) keep(what string, err error) {
	if err != nil {
		first := fmt.Errorf("%s: %s: %w", d.name, what, err)
		d.err.CompareAndSwap(nil, &first) // &err would be an allocation for each call
	}
}

func (d *device) record(event, stream uint64) {
	if !d.lost() {
		d.keep("record an event", d.driver.Record(event, stream))
	}
}

func (d *device) wait(stream, event uint64) {
	if !d.lost() {
		d.keep("wait for an event on a stream", d.driver.Wait(stream, event))
	}
}

func (d *device) sync(event uint64) {
	if !d.lost() {
		d.keep("wait for an event", d.driver.SyncEvent(event))
	}
}

func (d *device) synchronize() {
	if !d.lost() {
		d.keep("wait for all work", d.driver.Synchronize())
	}
}

func (d *device) copyIn(stream, dst uint64, pinned []byte) {
	if !d.lost() {
		d.keep("copy to the GPU", d.driver.CopyIn(stream, dst, pinned))
	}
}

func (d *device) copyOut(stream uint64, pinned []byte, src uint64) {
	if !d.lost() {
		d.keep("copy from the GPU", d.driver.CopyOut(stream, pinned, src))
	}
}

func (d *device) copyWithin(stream, dst, src, bytes uint64) {
	if !d.lost() {
		d.keep("copy on the GPU", d.driver.CopyWithin(stream, dst, src, bytes))
	}
}

func (d *device) zero(stream, dst, bytes uint64) {
	if !d.lost() {
		d.keep("clear a vector", d.driver.Zero(stream, dst, bytes))
	}
}

func (d *device) free(address uint64) {
	if !d.lost() {
		d.keep("free a vector", d.driver.Free(address))
	}
}

func (d *device) launch(stream uint64, kernel string, grid, block int, args []uint64) {
	if d.lost() {
		return
	}
	if err := d.driver.Launch(stream, kernel, grid, block, args); err != nil {
		d.keep("launch "+kernel, err)
	}
}

func (d *device) axpy(n int, a float32, x, y uint64) {
	if !d.lost() {
		d.keep("axpy", d.driver.Axpy(n, a, x, y))
	}
}

func (d *device) geam(n int, a float32, x uint64, b float32, y, dst uint64) {
	if !d.lost() {
		d.keep("geam", d.driver.Geam(n, a, x, b, y, dst))
	}
}

func (d *device) dot(n int, x, y uint64) float32 {
	if d.lost() {
		return 0
	}
	sum, err := d.driver.Dot(n, x, y)
	d.keep("dot", err)
	return sum
}
