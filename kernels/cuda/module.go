package cuda

import (
	"fmt"
	"math"
	"strings"
)

// A Module is PTX text that the driver has compiled for the device.
type Module struct{ r *resource }

// A Kernel is an entry of a module and lives as long as that.
type Kernel struct {
	m      *Module
	id     uint64
	name   string
	params int // -1 if the driver cannot tell
}

// An Arg is an argument of a kernel: [Float32], [Uint64] or [Vector.Arg].
type Arg struct {
	bits uint64
	r    *resource // whose memory bits is the address of, or nil
}

// Float32 is for a parameter of type .f32.
func Float32(x float32) Arg { return Arg{bits: uint64(math.Float32bits(x))} }

// Uint64 is for a parameter of type .u64. One of .u32 gets the lower half.
func Uint64(x uint64) Arg { return Arg{bits: x} }

// Arg is the address of v, for a parameter of type .u64. The kernel must know the
// length from elsewhere: nothing checks what it touches.
func (v *Vector) Arg() Arg { return Arg{v.address, v.r} }

// Load compiles ptx, which may take some tenths of a second if the driver has not
// compiled it before. The caller closes the module. If the driver refuses the text the
// error is an [*Error] with its compiler's log.
func (d *Device) Load(ptx string) (*Module, error) {
	if strings.IndexByte(ptx, 0) >= 0 {
		return nil, fmt.Errorf("cuda: PTX is text, this has a zero byte at %d", strings.IndexByte(ptx, 0))
	}
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.end()
	id, err := d.driver.loadModule(ptx)
	if err != nil {
		return nil, d.note(err)
	}
	return &Module{d.own(id, driver.unloadModule)}, nil
}

// Kernel returns the entry of this name, which may have up to 32 parameters of up to
// 8 bytes.
func (m *Module) Kernel(name string) (*Kernel, error) {
	d := m.r.device
	if err := d.begin(m.r); err != nil {
		return nil, err
	}
	defer d.end(m.r)
	f, params, widest, err := d.driver.function(m.r.id, name)
	if err != nil {
		return nil, fmt.Errorf("cuda: kernel %q: %w", name, d.note(err))
	}
	if params > maxArgs || widest > 8 {
		return nil, fmt.Errorf("cuda: kernel %q: %d parameters of up to %d bytes, want at most %d of 8", name, params, widest, maxArgs)
	}
	return &Kernel{m, f, name, params}, nil
}

// Close waits for all streams and gives the module back, with its kernels.
func (m *Module) Close() { m.r.close() }

// Launch queues a run of the kernel by grid blocks of block threads, in one dimension
// and without dynamic shared memory. There must be as many arguments as parameters;
// a driver older than CUDA 12.4 cannot tell, and takes zeros for those left out.
// Launch returns at once and does not allocate.
func (k *Kernel) Launch(s *Stream, grid, block int, args ...Arg) error {
	if len(args) > maxArgs || k.params >= 0 && len(args) != k.params {
		return fmt.Errorf("cuda: kernel %q: %d arguments, want %d", k.name, len(args), k.params)
	}
	if grid < 1 || grid > math.MaxInt32 || block < 1 || block > 1024 {
		return fmt.Errorf("cuda: kernel %q: %d blocks of %d threads, want 1 to 2147483647 of 1 to 1024", k.name, grid, block)
	}
	var bits [maxArgs]uint64
	var all [2 + maxArgs]*resource
	rs := append(all[:0], k.m.r, s.r)
	for i, a := range args {
		bits[i] = a.bits
		if a.r != nil {
			rs = append(rs, a.r)
		}
	}
	d := s.r.device
	if err := d.begin(rs...); err != nil {
		return err
	}
	defer d.end(rs...)
	return d.note(d.driver.launch(s.r.id, k.id, uint32(grid), uint32(block), bits))
}
