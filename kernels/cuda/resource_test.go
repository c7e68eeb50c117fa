package cuda

import (
	"errors"
	"runtime"
	"testing"
)

// A slow driver is in the call of syncStream until the test lets it go on.
type slow struct {
	driver
	entered, leave chan bool
	closed         chan uint64 // streams
	all            bool        // newStream is slow too
	released       chan bool
}

func newSlow() *slow {
	return &slow{entered: make(chan bool), leave: make(chan bool), closed: make(chan uint64, 9), released: make(chan bool, 9)}
}

func (s *slow) device() *Device {
	d := &Device{driver: s}
	d.none.L = &d.mu
	return d
}

func (s *slow) newStream() (uint64, error) {
	if s.all {
		s.entered <- true
		<-s.leave
	}
	return 7, nil
}

func (s *slow) synchronize() error { return nil }

func (s *slow) syncStream(uint64) error {
	s.entered <- true
	<-s.leave
	return nil
}

func (s *slow) closeStream(id uint64) error {
	s.closed <- id
	return nil
}

func (s *slow) release() error {
	s.released <- true
	return nil
}

// Close beside a call that uses the stream does not wait. The call gives the stream
// back when it returns, once.
func TestCloseInUse(t *testing.T) {
	dr := newSlow()
	d := dr.device()
	s, err := d.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 2 {
		go func() { done <- s.Sync() }()
		<-dr.entered
	}
	s.Close()
	s.Close()
	if err := s.Sync(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	for range 2 {
		if len(dr.closed) != 0 {
			t.Fatal("closed while in use")
		}
		dr.leave <- true
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if len(dr.closed) != 1 || <-dr.closed != 7 || len(d.live) != 0 || d.uses != 0 {
		t.Errorf("%d closed, %d live, %d uses", len(dr.closed), len(d.live), d.uses)
	}
}

// The device goes when the last call has returned, and what is left before it.
func TestDeviceInUse(t *testing.T) {
	dr := newSlow()
	d := dr.device()
	s, err := d.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	synced, closed := make(chan error), make(chan error)
	go func() { synced <- s.Sync() }()
	<-dr.entered
	go func() { closed <- d.Close() }()
	untilClosing(d)
	select {
	case err := <-closed:
		t.Fatal("closed while in use:", err)
	default:
	}
	if len(dr.released)+len(dr.closed) != 0 {
		t.Fatal("given back while in use")
	}
	dr.leave <- true
	if err := errors.Join(<-synced, <-closed); err != nil {
		t.Error(err)
	}
	if len(dr.closed) != 1 || len(dr.released) != 1 || len(d.live) != 0 {
		t.Error(len(dr.closed), len(dr.released), len(d.live))
	}
}

func untilClosing(d *Device) {
	for begun := false; !begun; runtime.Gosched() {
		d.mu.Lock()
		begun = d.closed
		d.mu.Unlock()
	}
}

// A stream that is being made when the device is closed goes with the rest.
func TestMadeWhileClosing(t *testing.T) {
	dr := newSlow()
	dr.all = true
	d := dr.device()
	made, closed := make(chan error), make(chan error)
	go func() {
		_, err := d.NewStream()
		made <- err
	}()
	<-dr.entered
	go func() { closed <- d.Close() }()
	untilClosing(d)
	dr.leave <- true
	if err := errors.Join(<-made, <-closed); err != nil {
		t.Error(err)
	}
	if len(dr.closed) != 1 || len(dr.released) != 1 {
		t.Error(len(dr.closed), len(dr.released))
	}
}
