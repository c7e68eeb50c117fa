package statetest

import (
	"bytes"
	"runtime/debug"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
	"github.com/halos-go/sdk/kernels/state"
)

// Elsewhere checks a plug in a Backend where nobody can touch an element. Init may
// refuse it: then there is nothing to check. use is to do the same with two plugs, there
// with vectors of b and here with ordinary ones, and to compare what they did; then
// their records must be the same.
func Elsewhere[S state.State](t *testing.T, n int, fresh func() S, use func(t *testing.T, b kernels.Backend, there, here S)) {
	t.Helper()
	Law(t, "elsewhere", func(t *testing.T) {
		b := new(kerneltest.Untouchable)
		defer func() { _ = b.Close() }()
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() {
			if r := recover(); r != nil {
				if _, fault := r.(interface{ Addr() uintptr }); !fault {
					panic(r)
				}
				t.Errorf("%v\nA plug that touches elements must refuse the Backend in Init: see state.OnlyCPU.\n%s", r, debug.Stack())
			}
		}()
		there, here := fresh(), fresh()
		if err := there.Init(b, n); err != nil {
			t.Skipf("only in ordinary memory: %v", err)
		}
		if err := here.Init(kernels.CPU{}, n); err != nil {
			t.Fatal(err)
		}
		unused := record(t, here)
		use(t, b, there, here)
		if !bytes.Equal(record(t, there), record(t, here)) {
			t.Error("it writes another record than in ordinary memory")
		}
		again := fresh()
		if err := again.Init(b, n); err != nil {
			t.Fatal(err)
		}
		if _, err := again.ReadFrom(bytes.NewReader(record(t, here))); err != nil {
			t.Errorf("ReadFrom: %v", err)
		}
		if !bytes.Equal(record(t, again), record(t, here)) {
			t.Error("ReadFrom and WriteTo do not give the same record")
		}
		resetElsewhere(t, there, unused)
	})
}

// resetElsewhere wants s, which has been used elsewhere, to be after Reset as unused is.
func resetElsewhere[S state.State](t *testing.T, s S, unused []byte) {
	t.Helper()
	if bad, ok := poisoned(record(t, s)); ok {
		_, _ = s.ReadFrom(bytes.NewReader(bad)) // or it refuses such a state
	}
	s.Reset()
	if !bytes.Equal(record(t, s), unused) {
		t.Error("Reset leaves something")
	}
}

// Move returns a copy of v in b.
func Move(t *testing.T, b kernels.Backend, v []float32) []float32 {
	t.Helper()
	m, err := b.Make(len(v))
	if err != nil {
		t.Fatal(err)
	}
	kernels.Copy(m, v)
	return m
}
