package cuda

import (
	"errors"
	"runtime"
	"testing"
)

// A slow driver is in a call until the test lets it go on.
type slow struct {
	driver
	entered, leave chan bool
	closed         chan uint64 // streams
	released       chan bool
}

func newSlow() *slow {
	return &slow{entered: make(chan bool), leave: make(chan bool), closed: make(chan uint64, 9), released: make(chan bool, 9)}
}

func (s *slow) newStream() (uint64, error) {
	s.entered <- true
	<-s.leave
	return 7, nil
}

func (s *slow) syncEvent(uint64) error {
	s.entered <- true
	<-s.leave
	return nil
}

func (s *slow) free(uint64) error { return s.syncEvent(0) }

func (s *slow) synchronize() error { return nil }

func (s *slow) closeStream(id uint64) error {
	s.closed <- id
	return nil
}

func (s *slow) release() error {
	s.released <- true
	return nil
}

// The device goes when the last call has returned, and not before. To give something
// back is a call too.
func TestCloseInUse(t *testing.T) {
	for name, call := range map[string]func(c *card) error{
		"wait": func(c *card) error { return c.SyncEvent(1) },
		"free": func(c *card) error { return c.Free(5) },
	} {
		t.Run(name, func(t *testing.T) {
			dr := newSlow()
			c := newCard(dr)
			c.live = []resource{{memory, 5}}
			if name == "wait" {
				c.live = nil
			}
			returned, closed := make(chan error), make(chan error)
			go func() { returned <- call(c) }()
			<-dr.entered
			go func() { closed <- c.Close() }()
			untilClosing(c)
			if err := c.SyncEvent(1); !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
			for range 100 { // it would have the time
				runtime.Gosched()
				if len(dr.released) != 0 {
					t.Fatal("given back while in use")
				}
			}
			dr.leave <- true
			if err := errors.Join(<-returned, <-closed); err != nil || len(dr.released) != 1 {
				t.Error(err, len(dr.released))
			}
		})
	}
}

func untilClosing(c *card) {
	for begun := false; !begun; runtime.Gosched() {
		c.mu.Lock()
		begun = c.closed
		c.mu.Unlock()
	}
}

// A stream that is being made when the device is closed goes with the rest.
func TestMadeWhileClosing(t *testing.T) {
	dr := newSlow()
	c := newCard(dr)
	made, closed := make(chan error), make(chan error)
	go func() {
		_, err := c.NewStream()
		made <- err
	}()
	<-dr.entered
	go func() { closed <- c.Close() }()
	untilClosing(c)
	dr.leave <- true
	if err := errors.Join(<-made, <-closed); err != nil {
		t.Error(err)
	}
	if len(dr.closed) != 1 || <-dr.closed != 7 || len(dr.released) != 1 {
		t.Error(len(dr.closed), len(dr.released))
	}
}
