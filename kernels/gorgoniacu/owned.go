//go:build cuda && cgo

package gorgoniacu

import (
	"fmt"
	"sync"
)

// An owned is the things of one kind that a driver has made and must give back.
type owned[T any] struct {
	mu   sync.Mutex
	last uint64
	all  map[uint64]T
}

// put keeps x under a number, which may be its address.
func (o *owned[T]) put(id uint64, x T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = make(map[uint64]T)
	}
	o.all[id] = x
}

// number keeps x under a number of its own, and returns that.
func (o *owned[T]) number(x T) uint64 {
	o.mu.Lock()
	o.last++
	id := o.last
	o.mu.Unlock()
	o.put(id, x)
	return id
}

func (o *owned[T]) get(id uint64) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.find(id)
}

// find is get with mu held.
func (o *owned[T]) find(id uint64) (T, error) {
	x, ok := o.all[id]
	if !ok {
		return x, fmt.Errorf("gorgoniacu: %T %#x is not, or no longer, one of this driver", x, id)
	}
	return x, nil
}

// end gives a thing back by free, once.
func (o *owned[T]) end(d *driver, id uint64, call string, free func(T) error) error {
	o.mu.Lock()
	x, err := o.find(id)
	delete(o.all, id)
	o.mu.Unlock()
	if err != nil {
		return err
	}
	return d.do(call, func() error { return free(x) })
}

// endAll gives back what is left.
func (o *owned[T]) endAll(d *driver, call string, free func(T) error) (errs []error) {
	o.mu.Lock()
	all := o.all
	o.all = nil
	o.mu.Unlock()
	for _, x := range all {
		errs = append(errs, d.do(call, func() error { return free(x) }))
	}
	return errs
}
