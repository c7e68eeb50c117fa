//go:build cuda && cgo

package gorgoniacu

import (
	"unsafe"

	"gorgonia.org/cu"
)

// NewStream makes one in order with the default stream, on which the program has what
// it copies and computes by functions of cu that take no Stream.
func (d *driver) NewStream() (id uint64, err error) {
	err = d.do("cuStreamCreate", func() error {
		s, err := cu.MakeStream(cu.DefaultStream)
		if err != nil {
			return err
		}
		id = d.streams.number(s)
		return nil
	})
	return id, err
}

func destroyStream(s cu.Stream) error { return s.Destroy() }

func (d *driver) NewEvent() (id uint64, err error) {
	err = d.do("cuEventCreate", func() error {
		e, err := cu.MakeEvent(cu.DisableTiming)
		if err != nil {
			return err
		}
		id = d.events.number(e)
		return nil
	})
	return id, err
}

func destroyEvent(e cu.Event) error { return cu.DestroyEvent(&e) }

func (d *driver) Record(event, stream uint64) error {
	e, err := d.events.get(event)
	if err != nil {
		return err
	}
	return d.queue(stream, "cuEventRecord", e.Record)
}

func (d *driver) Wait(stream, event uint64) error {
	e, err := d.events.get(event)
	if err != nil {
		return err
	}
	return d.queue(stream, "cuStreamWaitEvent", func(s cu.Stream) error { return s.Wait(e, 0) })
}

func (d *driver) SyncEvent(event uint64) error {
	e, err := d.events.get(event)
	if err != nil {
		return err
	}
	return d.do("cuEventSynchronize", e.Synchronize)
}

func (d *driver) Synchronize() error { return d.do("cuCtxSynchronize", cu.Synchronize) }

// queue makes the call f, which queues something on the stream.
func (d *driver) queue(stream uint64, call string, f func(cu.Stream) error) error {
	s, err := d.streams.get(stream)
	if err != nil {
		return err
	}
	return d.do(call, func() error { return f(s) })
}

func (d *driver) CopyIn(stream, dst uint64, pinned []byte) error {
	return d.queue(stream, "cuMemcpyHtoDAsync", func(s cu.Stream) error {
		return cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(unsafe.SliceData(pinned)), int64(len(pinned)), s)
	})
}

func (d *driver) CopyOut(stream uint64, pinned []byte, src uint64) error {
	return d.queue(stream, "cuMemcpyDtoHAsync", func(s cu.Stream) error {
		return cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(pinned)), cu.DevicePtr(src), int64(len(pinned)), s)
	})
}

func (d *driver) CopyWithin(stream, dst, src, bytes uint64) error {
	return d.queue(stream, "cuMemcpyDtoDAsync", func(s cu.Stream) error {
		return cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), int64(bytes), s)
	})
}

func (d *driver) Zero(stream, dst, bytes uint64) error {
	return d.queue(stream, "cuMemsetD8Async", func(s cu.Stream) error {
		return cu.MemsetD8Async(cu.DevicePtr(dst), 0, int64(bytes), s)
	})
}
