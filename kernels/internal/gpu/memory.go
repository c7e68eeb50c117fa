package gpu

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

var errInUse = errors.New("the driver has given memory that is a vector already")

// A vector is memory of the GPU. All are known to package kernels until they are freed.
type vector struct {
	address uint64
	floats  []float32 // the address as a slice; nobody touches elements
	idle    bool
	latest  *shot // of a part of it as it is now, or nil
}

// Make implements [kernels.Backend]. If the GPU has no room, even without what is
// recycled, the error wraps [ErrNoRoom], and the Engine works as before.
func (e *Engine) Make(n int) ([]float32, error) {
	if n < 0 {
		panic("gpu: vector of a negative length")
	}
	if n == 0 {
		return []float32{}, nil
	}
	if n > math.MaxInt/4 {
		return nil, fmt.Errorf("%s: vector of %d elements: %w", e.gpu.name, n, ErrNoRoom)
	}
	v, err := e.take(n)
	if err != nil {
		return nil, err
	}
	e.gpu.zero(e.work, v.address, 4*uint64(n))
	if err := e.Err(); err != nil {
		e.put(v)
		return nil, err
	}
	return v.floats, nil
}

// Recycle implements [kernels.Backend]. The memory is kept for vectors of the same
// length, until there is no room for others. Anything but what Make has returned is
// left alone. It panics if v is recycled already.
func (e *Engine) Recycle(v []float32) {
	e.mu.Lock()
	o := e.owner(v)
	e.mu.Unlock()
	if o == nil || o.address != address(v) || len(o.floats) != len(v) {
		return
	}
	e.put(o)
}

// take returns a vector of n elements, at least 1, with anything in them.
func (e *Engine) take(n int) (*vector, error) {
	if v := e.reuse(n); v != nil {
		return v, nil
	}
	e.making.Lock()
	defer e.making.Unlock()
	if err := e.unusable(); err != nil {
		return nil, err
	}
	at, err := e.gpu.driver.Alloc(4 * uint64(n))
	if errors.Is(err, ErrNoRoom) && e.freeIdle() {
		at, err = e.gpu.driver.Alloc(4 * uint64(n))
	}
	if errors.Is(err, ErrNoRoom) {
		return nil, fmt.Errorf("%s: vector of %d bytes: %w", e.gpu.name, 4*uint64(n), err)
	}
	e.gpu.keep("get memory", err)
	if err := e.Err(); err != nil {
		return nil, err
	}
	v := &vector{address: at, floats: Elements(at, n)}
	e.mu.Lock()
	i, _ := slices.BinarySearchFunc(e.vectors, at, byAddress)
	e.vectors = slices.Insert(e.vectors, i, v)
	e.mu.Unlock()
	if !backend.Settle(v.floats, e) {
		e.gpu.keep("get memory", errInUse)
	}
	return v, nil
}

// unusable returns why nothing can be made.
func (e *Engine) unusable() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("%s: closed", e.gpu.name)
	}
	return e.Err()
}

// reuse returns the vector of n elements that was recycled last, or nil.
func (e *Engine) reuse(n int) *vector {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.idle[n]
	if len(list) == 0 {
		return nil
	}
	v := list[len(list)-1]
	e.idle[n] = list[:len(list)-1]
	v.idle = false
	return v
}

// put keeps v for take. Work with it may still be queued: what comes next to its
// memory comes behind that on the same stream.
func (e *Engine) put(v *vector) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v.idle {
		panic("gpu: vector recycled twice")
	}
	v.idle, v.latest = true, nil
	n := len(v.floats)
	e.idle[n] = append(e.idle[n], v)
}

// freeIdle frees what is kept for reuse and reports whether that was anything. Work
// with it may still be queued. The caller holds making: without it another Make would
// find neither the idle vectors nor their memory.
func (e *Engine) freeIdle() bool {
	e.mu.Lock()
	clear(e.idle)
	var idle []*vector
	e.vectors = slices.DeleteFunc(e.vectors, func(v *vector) bool {
		if v.idle {
			idle = append(idle, v)
		}
		return v.idle
	})
	e.mu.Unlock()
	if len(idle) > 0 {
		e.gpu.synchronize()
	}
	for _, v := range idle {
		backend.Unsettle(v.floats)
		e.gpu.free(v.address)
	}
	return len(idle) > 0
}

// owner returns the vector that v is, or is a part of; nil if v is not of this Engine
// or is empty. The caller holds mu.
func (e *Engine) owner(v []float32) *vector {
	if len(v) == 0 {
		return nil
	}
	at := address(v)
	i, found := slices.BinarySearchFunc(e.vectors, at, byAddress)
	if !found {
		i--
	}
	if i < 0 || at >= e.vectors[i].address+4*uint64(len(e.vectors[i].floats)) {
		return e.view(v)
	}
	return e.vectors[i]
}

// live is owner of a vector that is to be used. It panics if that is recycled and not
// made again.
func (e *Engine) live(v []float32) *vector {
	o := e.owner(v)
	if o != nil && o.idle {
		panic("gpu: vector is recycled")
	}
	return o
}

// view returns a vector for v if somebody else has made it and backend.Settle says
// that it is here: nothing is remembered of it, and it is never freed.
func (e *Engine) view(v []float32) *vector {
	if kernels.Where(v) == kernels.Backend(e) {
		return &vector{}
	}
	return nil
}

func byAddress(v *vector, at uint64) int {
	switch {
	case v.address < at:
		return -1
	case v.address > at:
		return 1
	}
	return 0
}

func address(v []float32) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(v)))) }

// Elements returns n elements at an address of a GPU. The garbage collector ignores the
// pointer, as it is not to memory of Go. The number is read as a pointer because vet
// rejects a conversion.
func Elements(at uint64, n int) []float32 {
	p := uintptr(at)
	return unsafe.Slice(*(**float32)(unsafe.Pointer(&p)), n)
}

// floats is memory of the host, at a multiple of 4, as float32 in the order of the
// machine, which is that of the GPU.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}
