package cuda

import (
	"errors"
	"slices"
)

const (
	lengths = "cuda: lengths differ"
	ranges  = "cuda: range out of bounds"
	foreign = "cuda: of another device"
)

// A resource is what the driver made and must get back: once, and not while a call
// uses it. So a Free beside a call in another goroutine is no crash in the driver.
type resource struct {
	device *Device
	id     uint64
	free   func(driver, uint64) error

	uses   int  // calls under way
	closed bool // no more begin
}

// begin is called before the driver is: none of rs, nor the device, is given back
// before end, which must be called if there is no error.
func (d *Device) begin(rs ...*resource) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range rs {
		if r.device != d {
			panic(foreign)
		}
		if r.closed {
			return ErrClosed
		}
	}
	if d.closed {
		return ErrClosed
	}
	if d.lost != nil {
		return d.lost
	}
	for _, r := range rs {
		r.uses++
	}
	d.uses++
	return nil
}

func (d *Device) end(rs ...*resource) {
	for _, r := range rs {
		d.mu.Lock()
		r.uses--
		last := r.closed && r.uses == 0
		d.mu.Unlock()
		if last {
			r.giveBack()
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.done()
}

// own is called between begin and end by what made id.
func (d *Device) own(id uint64, free func(driver, uint64) error) *resource {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &resource{device: d, id: id, free: free}
	d.live = append(d.live, r)
	return r
}

// close gives r back, or leaves it to the last call that uses it.
func (r *resource) close() {
	d := r.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	if r.uses > 0 {
		return
	}
	d.uses++
	d.mu.Unlock()
	r.giveBack()
	d.mu.Lock()
	d.done()
}

// giveBack is called inside of something that d.uses counts. Its error can only be
// that of work queued earlier: if it is fatal the device remembers it.
func (r *resource) giveBack() {
	d := r.device
	_ = d.note(r.free(d.driver, r.id))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live = slices.DeleteFunc(d.live, func(x *resource) bool { return x == r })
}

// done ends a use of the device. With d.mu held.
func (d *Device) done() {
	d.uses--
	if d.uses == 0 {
		d.none.Broadcast()
	}
}

// wait returns when no call is under way. With d.mu held.
func (d *Device) wait() {
	for d.uses > 0 {
		d.none.Wait()
	}
}

// note returns err, and remembers it if the device is lost with it.
func (d *Device) note(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.fatal() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.lost == nil {
			d.lost = e
		}
	}
	return err
}
