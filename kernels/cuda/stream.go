package cuda

import "time"

// A Stream is a queue of work for the device: copies and kernels, done one after the
// other. Streams among themselves are in no order. The copies of [Vector] and
// [Device.Alloc] wait for all streams and all streams wait for them; so does what
// another library of the process does on the default stream.
type Stream struct{ r *resource }

// NewStream returns an empty stream. The caller closes it.
func (d *Device) NewStream() (*Stream, error) {
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.end()
	id, err := d.driver.newStream()
	if err != nil {
		return nil, d.note(err)
	}
	return &Stream{d.own(id, driver.closeStream)}, nil
}

// Sync returns when all that was queued has been done, or has failed. The failure of
// a kernel shows here, or in any later call, and means that the device is lost.
func (s *Stream) Sync() error {
	d := s.r.device
	if err := d.begin(s.r); err != nil {
		return err
	}
	defer d.end(s.r)
	return d.note(d.driver.syncStream(s.r.id))
}

// Wait lets what is queued from now on begin after the event, as last recorded: after
// all that was queued before it in its stream. Wait itself returns at once. An event
// that was never recorded is not waited for.
func (s *Stream) Wait(e *Event) error {
	d := s.r.device
	if err := d.begin(s.r, e.r); err != nil {
		return err
	}
	defer d.end(s.r, e.r)
	return d.note(d.driver.waitEvent(s.r.id, e.r.id))
}

// Close gives the stream back; what is queued is still done.
func (s *Stream) Close() { s.r.close() }

// An Event is a place in a stream: to wait for, and to measure time between two.
type Event struct{ r *resource }

// NewEvent returns an event that was not recorded yet. The caller closes it.
func (d *Device) NewEvent() (*Event, error) {
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.end()
	id, err := d.driver.newEvent()
	if err != nil {
		return nil, d.note(err)
	}
	return &Event{d.own(id, driver.closeEvent)}, nil
}

// Record puts the event behind all that was queued in s so far, and forgets where it
// was before.
func (e *Event) Record(s *Stream) error {
	d := e.r.device
	if err := d.begin(e.r, s.r); err != nil {
		return err
	}
	defer d.end(e.r, s.r)
	return d.note(d.driver.recordEvent(e.r.id, s.r.id))
}

// Sync returns when all before the event has been done, at once if it was never
// recorded.
func (e *Event) Sync() error {
	d := e.r.device
	if err := d.begin(e.r); err != nil {
		return err
	}
	defer d.end(e.r)
	return d.note(d.driver.syncEvent(e.r.id))
}

// Elapsed returns the time on the device from begin to e, to about a microsecond.
// Both must have been recorded and reached; the error is CUDA_ERROR_NOT_READY (600)
// if one was not reached yet.
func (e *Event) Elapsed(begin *Event) (time.Duration, error) {
	d := e.r.device
	if err := d.begin(e.r, begin.r); err != nil {
		return 0, err
	}
	defer d.end(e.r, begin.r)
	ms, err := d.driver.elapsed(begin.r.id, e.r.id)
	return time.Duration(float64(ms) * float64(time.Millisecond)), d.note(err)
}

// Close gives the event back. Streams that wait for it still do.
func (e *Event) Close() { e.r.close() }
