package cuda

import (
	"errors"
	"slices"
)

// A resource is what the driver made and must get back, once.
type resource struct {
	kind kind
	id   uint64
}

type kind uint8

const (
	memory kind = iota
	pinned
	stream
	event
	module
	handle // of cuBLAS
)

// do calls the driver by f, if it may be called.
func (c *card) do(f func() error) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.end()
	return c.note(f())
}

// own calls f, which makes something.
func (c *card) own(k kind, f func() (uint64, error)) (uint64, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	defer c.end()
	id, err := f()
	if err != nil {
		return 0, c.note(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live = append(c.live, resource{k, id})
	return id, nil
}

// giveBack is the opposite of own. A card that is lost still takes things back.
func (c *card) giveBack(r resource) error {
	c.mu.Lock()
	i := slices.Index(c.live, r)
	if c.closed || i < 0 {
		c.mu.Unlock()
		return ErrClosed
	}
	c.live = slices.Delete(c.live, i, i+1)
	c.uses++
	c.mu.Unlock()
	defer c.end()
	return c.note(c.free(r))
}

func (c *card) free(r resource) error {
	switch r.kind {
	case memory:
		return c.driver.free(r.id)
	case pinned:
		return c.driver.freePinned(r.id)
	case stream:
		return c.driver.closeStream(r.id)
	case event:
		return c.driver.closeEvent(r.id)
	case module:
		return c.driver.unloadModule(r.id)
	}
	return c.blas.close()
}

// begin is called before the driver is: it is not released before end, which must be
// called if there is no error.
func (c *card) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	if c.lost != nil {
		return c.lost
	}
	c.uses++
	return nil
}

func (c *card) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.uses--
	if c.uses == 0 {
		c.none.Broadcast()
	}
}

// note returns err, and remembers it if the card is lost with it.
func (c *card) note(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.fatal() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.lost == nil {
			c.lost = e
		}
	}
	return err
}
