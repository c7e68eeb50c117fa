package cuda

import (
	"fmt"
	"strconv"
	"sync"
	"unsafe"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// Info is what does not change about a device.
type Info struct {
	Ordinal      int    // its number, from 0; CUDA_VISIBLE_DEVICES may change the order
	Name         string // what the driver calls it: "NVIDIA H100 80GB HBM3"
	Major, Minor int    // its compute capability: 9, 0
	Processors   int    // multiprocessors
	Memory       uint64 // bytes, in all
}

// Devices returns the devices that the driver knows of, in the order of their
// numbers; there may be none. It takes no memory of any, and may be called from any
// goroutine. An error says why there is no driver to ask, or what it answered.
func Devices() ([]Info, error) {
	dr, err := loadDriver()
	if err != nil {
		return nil, err
	}
	defer func() { _ = dr.release() }()
	n, err := dr.count()
	if err != nil {
		return nil, err
	}
	all := make([]Info, n)
	for i := range all {
		if all[i], err = dr.info(i); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// A Device is a GPU for a program that uses it by another library too, in the same
// process: gradients that such a library has computed need not leave the GPU. All
// methods may be called from any goroutine.
//
// What the other library does on the default stream of CUDA is in order with what the
// Backend does: work queued there before a call is done before, later work after it.
// The exception is a program built for a default stream of each thread. Work on
// other streams must be done before the call, and begin after Sync.
//
// A call of the driver leaves the context of the device the current one of the thread
// that it happened to be on. The context is the primary one, which the CUDA runtime
// has too. So a library that is told of the device once for its thread should be
// called by a goroutine that is locked to one, and does nothing else.
type Device struct {
	name   string // "cuda:0"
	card   *card
	engine *gpu.Engine

	mu     sync.Mutex
	views  [][]float32
	closed bool
}

// Open returns the device with this number, with the one-pass kernels, as [Select] does
// by the name "cuda:" and the number. The caller closes it. A device may be open
// several times; the vectors of each are its own.
func Open(ordinal int) (*Device, error) { return open(ordinal, gpu.OnePass) }

func open(ordinal int, set gpu.Set) (*Device, error) {
	c, err := openCard(ordinal)
	if err != nil {
		return nil, err
	}
	d := &Device{name: "cuda:" + strconv.Itoa(ordinal), card: c}
	if d.engine, err = d.start(set); err != nil {
		_ = c.Close()
		return nil, err
	}
	return d, nil
}

// start makes the Backend. The kernels are for compute capability 7.0 and more.
func (d *Device) start(set gpu.Set) (*gpu.Engine, error) {
	if i := d.card.info; set == gpu.OnePass && i.Major < 7 {
		return nil, fmt.Errorf("cuda: %s, %s, has compute capability %d.%d, want at least 7.0", d.name, i.Name, i.Major, i.Minor)
	}
	return gpu.New(gpu.Config{Driver: d.card, Name: d.name, Set: set})
}

// Backend returns the place for vectors that d is. It is the caller's until d is
// closed. Close d and not the Backend: views end only there.
func (d *Device) Backend() kernels.Backend { return d.engine }

// Info returns what the driver says of d.
func (d *Device) Info() Info { return d.card.info }

// Memory returns the bytes of memory that are free on the device now, and all. Other
// processes take from the same, and a vector that was given to Recycle is not free.
func (d *Device) Memory() (free, total uint64, err error) {
	err = d.card.do(func() (err error) {
		free, total, err = d.card.driver.memory()
		return err
	})
	return free, total, err
}

// Address returns where v begins, for another library: a pointer of the device if v is
// a vector of one. It is 0 if v is empty. The Backend does not notice what the other
// library writes there: a Snapshot may show what was there before.
func Address(v []float32) uint64 {
	if len(v) == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(v))))
}

// Sync waits until all work queued on the device by this process is done, that of other
// libraries too. The error is why the Backend has failed, as its Err says.
func (d *Device) Sync() error {
	if err := d.card.Synchronize(); err != nil {
		return err
	}
	return d.engine.Err()
}

// Close ends all views, closes the Backend and gives the device back. A second Close
// does nothing.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range d.views {
		backend.Unsettle(v)
	}
	d.views, d.closed = nil, true
	return d.engine.Close()
}
