package cuda

import (
	"math"
	"unsafe"
)

// Pinned is memory of the host that the device reads and writes by itself, so that a
// copy runs beside other work, and at the speed of the bus.
type Pinned struct {
	r     *resource
	bytes []byte
}

// AllocPinned returns n bytes, at least 1, with anything in them. They lie at the
// beginning of a page and are taken from the memory that the system can move: get few
// and reuse them. The caller frees them.
func (d *Device) AllocPinned(n int) (*Pinned, error) {
	if n < 1 {
		panic(ranges)
	}
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.end()
	p, err := d.driver.allocPinned(uint64(n))
	if err != nil {
		return nil, d.note(err)
	}
	r := d.own(uint64(uintptr(p)), driver.freePinned)
	return &Pinned{r, unsafe.Slice((*byte)(p), n)}, nil
}

// Bytes returns the memory. It is C memory: the slice, and any slice of it, must not
// be touched after Free, nor while a queued copy uses that part.
func (p *Pinned) Bytes() []byte { return p.bytes }

// Float32s returns the same memory, up to three bytes at its end left out, as float32
// in the byte order of the machine, which is also that of the device.
func (p *Pinned) Float32s() []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(&p.bytes[0])), len(p.bytes)/4)
}

// Free waits for all streams and gives the memory back.
func (p *Pinned) Free() { p.r.close() }

// part returns the address of n elements from lo on.
func (p *Pinned) part(lo, n int) unsafe.Pointer {
	if lo < 0 || lo > len(p.bytes)/4-n {
		panic(ranges)
	}
	return unsafe.Pointer(unsafe.SliceData(p.bytes[4*lo:]))
}

// A Vector is memory of the device, or a range of it, as float32.
type Vector struct {
	r       *resource
	address uint64
	n       int
	whole   bool // not a slice of another
}

// Alloc returns n zeros, n from 0 on, at an address that is a multiple of 256. The
// caller frees them.
func (d *Device) Alloc(n int) (*Vector, error) {
	if n < 0 || n > math.MaxInt/4 {
		panic(ranges)
	}
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.end()
	p, err := d.driver.alloc(4 * uint64(max(n, 1)))
	if err != nil {
		return nil, d.note(err)
	}
	return &Vector{d.own(p, driver.free), p, n, true}, nil
}

// Len returns the number of elements.
func (v *Vector) Len() int { return v.n }

// Address returns where v begins in the memory of the device. It means nothing after
// Free.
func (v *Vector) Address() uint64 { return v.address }

// Slice returns the elements from lo up to hi, in the same memory. It cannot be freed
// and is closed when the vector from Alloc is. Kernels that ask for 16 bytes at once
// need an lo that is a multiple of 4.
func (v *Vector) Slice(lo, hi int) *Vector {
	if lo < 0 || hi < lo || hi > v.n {
		panic(ranges)
	}
	return &Vector{r: v.r, address: v.address + 4*uint64(lo), n: hi - lo}
}

// Free waits for the work that is queued and gives the memory back. It panics if v is
// a slice of another vector.
func (v *Vector) Free() {
	if !v.whole {
		panic("cuda: a slice of a vector cannot be freed")
	}
	v.r.close()
}

// CopyIn sets v to src, which is as long, after all that was queued on any stream and
// before all that will be. It returns when src may be changed.
func (v *Vector) CopyIn(src []float32) error {
	if len(src) != v.n {
		panic(lengths)
	}
	d := v.r.device
	if err := d.begin(v.r); err != nil {
		return err
	}
	defer d.end(v.r)
	if v.n == 0 {
		return nil
	}
	return d.note(d.driver.copyIn(v.address, src))
}

// CopyOut sets dst, which is as long, to v as it is after all that was queued on any
// stream.
func (v *Vector) CopyOut(dst []float32) error {
	if len(dst) != v.n {
		panic(lengths)
	}
	d := v.r.device
	if err := d.begin(v.r); err != nil {
		return err
	}
	defer d.end(v.r)
	if v.n == 0 {
		return nil
	}
	return d.note(d.driver.copyOut(dst, v.address))
}

// CopyIn queues a copy to all of dst from the elements of src that begin with element
// at. It returns at once; that part of src must stay as it is until the copy is done.
func (s *Stream) CopyIn(dst *Vector, src *Pinned, at int) error {
	from := src.part(at, dst.n)
	d := s.r.device
	if err := d.begin(s.r, dst.r, src.r); err != nil {
		return err
	}
	defer d.end(s.r, dst.r, src.r)
	if dst.n == 0 {
		return nil
	}
	return d.note(d.driver.queueIn(s.r.id, dst.address, from, 4*uint64(dst.n)))
}

// CopyOut queues a copy of all of src to the elements of dst that begin with element
// at. It returns at once; that part of dst must be left alone until the copy is done.
func (s *Stream) CopyOut(dst *Pinned, at int, src *Vector) error {
	to := dst.part(at, src.n)
	d := s.r.device
	if err := d.begin(s.r, dst.r, src.r); err != nil {
		return err
	}
	defer d.end(s.r, dst.r, src.r)
	if src.n == 0 {
		return nil
	}
	return d.note(d.driver.queueOut(s.r.id, to, src.address, 4*uint64(src.n)))
}
