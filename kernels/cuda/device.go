package cuda

import (
	"fmt"
	"slices"
	"sync"
)

// Devices returns the number of devices that the driver knows of, which may be 0. An
// error says why there is no driver to ask, or what it answered.
func Devices() (int, error) {
	dr, err := loadDriver()
	if err != nil {
		return 0, err
	}
	n, err := dr.count()
	_ = dr.release()
	return n, err
}

// A Device is one GPU, in its primary context: the one that other libraries in the
// process have too if they use the CUDA runtime.
type Device struct {
	driver  driver
	ordinal int
	facts   facts

	mu     sync.Mutex // of all below, and of all resources
	none   sync.Cond  // uses is 0
	uses   int        // calls under way
	closed bool       // no more begin
	lost   *Error     // the first fatal one
	live   []*resource
}

// Open returns the device with this number, from 0 to [Devices] - 1, in the order of
// the driver, which the environment variable CUDA_VISIBLE_DEVICES may change. The
// caller closes it. A device may be open several times; the memory of each is its own.
func Open(ordinal int) (*Device, error) {
	dr, err := loadDriver()
	if err != nil {
		return nil, err
	}
	d := &Device{driver: dr, ordinal: ordinal}
	d.none.L = &d.mu
	if err := d.retain(); err != nil {
		_ = dr.release()
		return nil, err
	}
	return d, nil
}

func (d *Device) retain() error {
	n, err := d.driver.count()
	if err != nil {
		return err
	}
	if d.ordinal < 0 || d.ordinal >= n {
		return fmt.Errorf("cuda: no device %d: the driver has %d", d.ordinal, n)
	}
	d.facts, err = d.driver.retain(d.ordinal)
	return err
}

// Close waits for the calls under way and for all streams, frees and closes all that
// was made from d, the last first, and gives the device back. No goroutine may still
// touch pinned memory of it. The error is that of giving it back; a second Close does
// nothing.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.wait()
	live := slices.Clone(d.live)
	d.mu.Unlock()

	_ = d.note(d.driver.synchronize())
	for _, r := range slices.Backward(live) {
		r.close()
	}
	d.mu.Lock()
	d.wait() // for a Free that was quicker
	d.mu.Unlock()
	return d.driver.release()
}

// Ordinal returns the number that d was opened with.
func (d *Device) Ordinal() int { return d.ordinal }

// Name returns what the driver calls the device, such as "NVIDIA H100 80GB HBM3".
func (d *Device) Name() string { return d.facts.name }

// Capability returns the compute capability, such as 9, 0: what PTX may use.
func (d *Device) Capability() (major, minor int) { return d.facts.major, d.facts.minor }

// Processors returns the number of multiprocessors: a kernel of at least a few blocks
// for each keeps the device busy.
func (d *Device) Processors() int { return d.facts.processors }

// Memory returns the bytes of the device's memory that are free now, and all. Other
// processes take from the same.
func (d *Device) Memory() (free, total uint64, err error) {
	if err := d.begin(); err != nil {
		return 0, 0, err
	}
	defer d.end()
	free, total, err = d.driver.memory()
	return free, total, d.note(err)
}

// Err returns nil, or the error with which the device was lost. From then on it is
// what every call on the device and all made from it returns, Free and Close aside.
// It does not come back within the process. What was in its memory is lost too.
func (d *Device) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost == nil {
		return nil
	}
	return d.lost
}
