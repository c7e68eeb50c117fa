package cuda

import (
	"errors"
	"fmt"
	"slices"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// View returns n elements, at least 1, at an address of the device as a vector of the
// Backend. They remain the memory of the other library, which must keep them, in their
// place, until Forget. The address is a multiple of 16, which a part of a tensor may
// not be, in memory of this device, and none of it is in a vector already; else there
// is an error. That all n are in that memory is the caller's word. It panics if n is less
// than 1.
func (d *Device) View(address uint64, n int) ([]float32, error) {
	if n < 1 {
		panic("cuda: a view of less than one element")
	}
	if address%16 != 0 {
		return nil, fmt.Errorf("cuda: view of address %#x, want a multiple of 16", address)
	}
	if err := d.holds(address); err != nil {
		return nil, err
	}
	v := gpu.Elements(address, n)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !kernels.Settle(v, d.engine) {
		return nil, fmt.Errorf("cuda: view of %d elements at address %#x: some are in a vector already", n, address)
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

// Forget ends a view, all of what View has returned, after the work on it. The error is
// that of Sync; the view ends all the same. It panics if v is none.
func (d *Device) Forget(v []float32) error {
	err := d.Sync()
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.views, func(w []float32) bool { return Address(w) == Address(v) })
	switch {
	case i >= 0:
	case errors.Is(err, ErrClosed): // and with d all views were
		return err
	default:
		panic("cuda: what is to be forgotten is no view")
	}
	kernels.Unsettle(d.views[i])
	d.views = slices.Delete(d.views, i, i+1)
	return err
}
