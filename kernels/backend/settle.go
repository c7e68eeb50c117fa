package backend

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Settle tells the functions of package kernels that from now on v, all of it, is in b.
// It reports whether it could: not if an element of v is in a Backend already.
func Settle(v []float32, b Backend) bool {
	if len(v) == 0 {
		return true
	}
	settling.Lock()
	defer settling.Unlock()
	lo, hi := address(v), address(v)+4*uintptr(len(v))
	all := settled()
	i, _ := slices.BinarySearchFunc(all, lo, byAddress)
	if i > 0 && all[i-1].hi > lo || i < len(all) && all[i].lo < hi {
		return false
	}
	now := slices.Insert(slices.Clone(all), i, place{lo, hi, b})
	places.Store(&now)
	return true
}

// Unsettle takes back what was said to [Settle] about v, all of it. Call it before the
// memory of v is freed.
func Unsettle(v []float32) {
	if len(v) == 0 {
		return
	}
	settling.Lock()
	defer settling.Unlock()
	lo := address(v)
	now := slices.DeleteFunc(slices.Clone(settled()), func(p place) bool { return p.lo == lo })
	if len(now) == 0 {
		places.Store(nil)
		return
	}
	places.Store(&now)
}

// Of returns the Backend of the first of vs that is settled, or nil if none is. A vector
// may be a part of what was settled; one without elements is nowhere.
func Of(vs ...[]float32) Backend {
	if places.Load() == nil { // so short that it is inlined
		return nil
	}
	return find(vs)
}

// A place is a range of addresses that are settled.
type place struct {
	lo, hi  uintptr
	backend Backend
}

// places are all of them, by address; nil if there are none. Addresses are the same
// for all packages of a process, and so this is a variable of the package. Who
// changes the list replaces it, and holds settling.
var (
	places   atomic.Pointer[[]place]
	settling sync.Mutex
)

// settled returns places.
func settled() []place {
	if all := places.Load(); all != nil {
		return *all
	}
	return nil
}

func byAddress(p place, at uintptr) int {
	switch {
	case p.lo < at:
		return -1
	case p.lo > at:
		return 1
	}
	return 0
}

func find(vs [][]float32) Backend {
	all := settled()
	for _, v := range vs {
		if len(v) == 0 {
			continue
		}
		at := address(v)
		i, found := slices.BinarySearchFunc(all, at, byAddress)
		if !found {
			i--
		}
		if i >= 0 && at < all[i].hi {
			return all[i].backend
		}
	}
	return nil
}

func address(v []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(v))) }
