package gpu

import (
	"errors"
	"fmt"
	"sync"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// A Set is a way to do the updates.
type Set uint8

const (
	// OnePass is the kernels of package ptx. Each goes over its vectors once, and gives
	// the bits of the function of package kernels.
	OnePass Set = iota
	// BLAS is sequences of calls of cuBLAS, which fuses multiplications with additions:
	// results differ from those of package kernels by roundings. It is for a GPU whose
	// driver refuses the kernels, and for comparisons.
	BLAS
)

// String returns what a name of an [Engine] says about it.
func (s Set) String() string {
	if s == BLAS {
		return "cuBLAS"
	}
	return "one-pass kernels"
}

// A Config is what [New] makes an [Engine] of.
type Config struct {
	Driver Driver // the Engine's alone from now on
	Name   string // of the GPU among those of the machine: "cuda:0"
	Set    Set

	// Slot is the number of bytes that go from or to ordinary memory at a time; 0 means
	// 16 MiB, and less than 8 KiB means 8 KiB. Slots is how many such pieces may be on
	// their way to the GPU; 0 means 3, and with 1 a piece is not filled while another is
	// on its way. A slot is pinned memory of the host and as much memory of the GPU. Two
	// more slots, of the host only, are for snapshots.
	Slot  int
	Slots int
}

func (c Config) complete() (Config, error) {
	switch {
	case c.Driver == nil:
		return c, errors.New("gpu: Config.Driver is nil")
	case c.Set > BLAS:
		return c, fmt.Errorf("gpu: Config.Set is %d, want OnePass or BLAS", c.Set)
	case c.Slot < 0:
		return c, fmt.Errorf("gpu: Config.Slot is %d, want at least 0", c.Slot)
	case c.Slots < 0:
		return c, fmt.Errorf("gpu: Config.Slots is %d, want at least 0", c.Slots)
	}
	if c.Slot == 0 {
		c.Slot = 16 << 20
	}
	if c.Slots == 0 {
		c.Slots = 3
	}
	c.Slot = max(c.Slot, 8<<10)
	return c, nil
}

// An Engine is a [kernels.Backend] on a GPU. All methods may be called from several
// goroutines as Backend says.
//
// What a call asks for is queued and done later, in the order of calls. Vectors of a
// call in ordinary memory go to the GPU in pieces, and pieces that are there are worked
// on while the next are on their way. Run returns when the last has been read; if it
// changes ordinary memory, when that is done.
//
// Calls with ordinary memory go one at a time. [Engine.Snapshot] and reading one have
// a way of their own: they wait for no such call, and no call waits for them.
//
// Some calls have no kernel. Their results are right, but they are slow: all vectors come
// to the host piece by piece, and go back. See [Engine.Run] and [Engine.Encode].
type Engine struct {
	name   string
	set    Set
	slot   int
	gpu    *device
	shapes []shape   // by Op
	encode [4]string // kernels by Form; empty if there is none

	// Work on vectors is all on stream work, so it is in the order of calls. Stream in
	// has copies to slots only, and stream out copies from slots and snapshots.
	work, in, out uint64

	bus  ring // ordinary memory to and from the GPU, in calls other than Read
	exit ring // snapshots to ordinary memory

	launching sync.Mutex
	arguments [16]uint64

	// making is held while memory is allocated or freed, and by Close. It is locked
	// before mu.
	making sync.Mutex

	mu       sync.Mutex
	vectors  []*vector         // by address
	idle     map[int][]*vector // by length
	shots    []*shot           // not in use
	released sync.Cond         // something was added to shots
	closed   bool
}

var _ kernels.Backend = (*Engine)(nil)

// New makes an Engine, which compiles the kernels or looks for cuBLAS. The error of a
// driver that refuses wraps the driver's. After an error the Driver is still the
// caller's, who closes it.
func New(cfg Config) (*Engine, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	e := &Engine{
		name: fmt.Sprintf("%s (%s, %v)", cfg.Name, cfg.Driver.Name(), cfg.Set),
		set:  cfg.Set,
		slot: cfg.Slot,
		gpu:  &device{driver: cfg.Driver, name: cfg.Name},
		idle: make(map[int][]*vector),
	}
	e.released.L = &e.mu
	e.lookUp()
	if err := e.open(cfg); err != nil {
		return nil, fmt.Errorf("%s: %w", cfg.Name, err)
	}
	return e, nil
}

// open gets from the driver what stays until Close, which gives it back.
func (e *Engine) open(cfg Config) (err error) {
	d := cfg.Driver
	for _, s := range []*uint64{&e.work, &e.in, &e.out} {
		if *s, err = d.NewStream(); err != nil {
			return err
		}
	}
	if cfg.Set == BLAS {
		err = d.OpenBLAS(e.work)
	} else {
		err = d.LoadKernels(ptx.Text)
	}
	if err != nil {
		return err
	}
	if err := e.bus.open(e, cfg.Slots, true); err != nil {
		return err
	}
	if err := e.exit.open(e, 2, false); err != nil {
		return err
	}
	for range mostSnapshots {
		event, err := d.NewEvent()
		if err != nil {
			return err
		}
		e.shots = append(e.shots, &shot{event: event})
	}
	return nil
}

// Name returns the names of the GPU and of the Set:
// "cuda:0 (NVIDIA H100 80GB HBM3, one-pass kernels)".
func (e *Engine) Name() string { return e.name }

// Err returns nil, or the first error of the driver, wrapped with what was attempted.
// That there was no room for a vector is not kept as an error.
func (e *Engine) Err() error { return e.gpu.failure() }

// Close implements [kernels.Backend]. Its error is the first that the driver returns;
// everything is given back all the same, as far as the driver can.
func (e *Engine) Close() error {
	e.making.Lock()
	defer e.making.Unlock()
	e.mu.Lock()
	vectors, closed := e.vectors, e.closed
	e.vectors, e.closed = nil, true
	clear(e.idle)
	e.mu.Unlock()
	if closed {
		return nil
	}
	errs := []error{e.gpu.driver.Synchronize()}
	for _, v := range vectors {
		backend.Unsettle(v.floats)
		errs = append(errs, e.gpu.driver.Free(v.address))
	}
	for _, err := range append(errs, e.gpu.driver.Close()) {
		if err != nil {
			return fmt.Errorf("%s: close: %w", e.gpu.name, err)
		}
	}
	return nil
}
