package state

import (
	"bytes"
	"errors"
	"io"
	"math"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

func TestOnce(t *testing.T) {
	var o Once
	broken, calls := errors.New("broken"), 0
	if err := o.Do("x: Plug", func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v: want %v", err, broken)
	}
	for i, want := range []string{"", "x: Plug is in use already: want a new one for each server; read its state after the server is made"} {
		err := o.Do("x: Plug", func() error { calls++; return nil })
		if calls != 1 || (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("call %d: error %v after %d calls of init: want %q and 1", i, err, calls, want)
		}
	}
}

func TestZero(t *testing.T) {
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	const n = len(zeros) + 3
	bad := make([]float32, n)
	for i := range bad {
		bad[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), 7}[i%3]
	}
	there, err := b.Make(n)
	if err != nil {
		t.Fatal(err)
	}
	kernels.Copy(there, bad)
	Zero(bad, nil, there)
	if allocs := testing.AllocsPerRun(1, func() { Zero(bad) }); allocs != 0 {
		t.Errorf("it allocates %v times", allocs)
	}
	want := make([]byte, 4*n)
	if !bytes.Equal(kernels.Bytes(bad), want) || !bytes.Equal(kernels.Bytes(kernels.Ordinary(there)), want) {
		t.Error("something else than 0 is left")
	}
}

// Zero of a large vector lets others have their turn, also on one processor.
func TestZeroIsInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of a gigabyte, as the scheduler looks for long calls every 10 ms")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	v := make([]float32, 1<<26)
	for range 100 {
		var turn atomic.Bool
		go turn.Store(true)
		Zero(v)
		if turn.Load() {
			return
		}
		for !turn.Load() {
			runtime.Gosched()
		}
	}
	t.Errorf("in 100 calls on %d elements another goroutine that was ready has not run once", len(v))
}

func TestStateless(t *testing.T) {
	var s Stateless
	if err := s.Init(nil, 0); err == nil || err.Error() != "state: n is 0: want at least 1" {
		t.Errorf("Init(0): %v", err)
	}
	var b bytes.Buffer
	n, err := s.WriteTo(&b)
	if n != 0 || err != nil || b.Len() != 0 || s.Init(nil, 1) != nil || s.Init(nil, 1) != nil {
		t.Errorf("WriteTo: %d, %v, %d bytes", n, err, b.Len())
	}
	if n, err := s.ReadFrom(bytes.NewReader([]byte("next"))); n != 0 || err != nil {
		t.Errorf("ReadFrom: %d, %v", n, err)
	}
}

// What a caller may get wrong is an error, and a nil Backend is ordinary memory.
func TestMakeRefuses(t *testing.T) {
	v := []float32{1}
	if err := Make(kernels.CPU{}, -1, &v); err == nil || err.Error() != "state: n is -1: want at least 1" || v != nil {
		t.Errorf("Make(-1): %v", err)
	}
	if err := Make(nil, 2, &v); err != nil || len(v) != 2 || OnlyCPU("x", nil) != nil {
		t.Errorf("nil Backend: %v, vector %v", err, v)
	}
}

// short takes all but the last byte and says nothing.
type short struct{}

func (short) Write(b []byte) (int, error) { return len(b) - 1, nil }

func TestShortWrite(t *testing.T) {
	if _, err := Write(short{}, "x", nil); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v: want %v", err, io.ErrShortWrite)
	}
}
