package cuda

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// View returns n elements, at least 1, at an address of the device as a vector of the
// Backend. They remain the memory of the other library, which must keep them, in their
// place, until Forget. The address must be a multiple of 16, which a part of a tensor may
// not be, and in memory of this device; the end must be in the range of addresses; and no
// element may be in a vector already. Else there is an error. That all n elements are in
// memory is not checked. It panics if n is less than 1.
func (d *Device) View(address uint64, n int) ([]float32, error) {
	if n < 1 {
		panic("cuda: a view of less than one element")
	}
	if address%16 != 0 {
		return nil, fmt.Errorf("cuda: view of address %#x, want a multiple of 16", address)
	}
	if uint64(n) > (math.MaxInt64-min(address, math.MaxInt64))/4 {
		return nil, fmt.Errorf("cuda: view of %d elements at address %#x, want an end below %#x", n, address, uint64(math.MaxInt64))
	}
	if err := d.holds(address); err != nil {
		return nil, err
	}
	return d.adopt(gpu.Elements(address, n))
}

// adopt makes v a vector of the Backend, unless d has been closed meanwhile.
func (d *Device) adopt(v []float32) ([]float32, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	if !backend.Settle(v, d.engine) {
		return nil, fmt.Errorf("cuda: view of %d elements at address %#x: some are in a vector already", len(v), Address(v))
	}
	d.views = append(d.views, v)
	return v, nil
}

// holds returns an error unless the memory at the address is the device's.
func (d *Device) holds(address uint64) error {
	return d.card.do(func() error {
		ordinal, host, err := d.card.driver.holder(address)
		switch {
		case err != nil:
			return fmt.Errorf("cuda: view of address %#x: %w", address, err)
		case host:
			return fmt.Errorf("cuda: view of address %#x, which is memory of the host, want that of %s", address, d.name)
		case ordinal != d.card.info.Ordinal:
			return fmt.Errorf("cuda: view of address %#x, which is memory of cuda:%d, want that of %s", address, ordinal, d.name)
		}
		return nil
	})
}

// Forget ends a view after the work on it. v must be all of what View has returned;
// otherwise Forget panics. The error is that of Sync; the view ends all the same.
func (d *Device) Forget(v []float32) error {
	err := d.Sync()
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.views, func(w []float32) bool { return Address(w) == Address(v) && len(w) == len(v) })
	switch {
	case i >= 0:
	case errors.Is(err, ErrClosed): // and with d all views were
		return err
	default:
		panic("cuda: vector to forget is not a view")
	}
	backend.Unsettle(d.views[i])
	d.views = slices.Delete(d.views, i, i+1)
	return err
}
