//go:build cuda && cgo

package gorgoniacu_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

var half float32 = 0.5

// A driver that lets its thread take denormal numbers for zero changes nothing for Go.
// What the program itself calls of cu is the program's affair.
func TestFloatModeIsKept(t *testing.T) {
	wantFake(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, w := range ways {
		b, err := w.open(primary(t, device(t, 0)))
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("FAKECUDA_FLUSH", "1")
		v, err := b.Make(1000)
		if err != nil {
			t.Fatal(err)
		}
		kernels.Scale(v, 2)
		kernels.Dot(v, v)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		denormal := math.Float32frombits(2)
		if got := denormal * half; math.Float32bits(got) != 1 {
			t.Errorf("%s: half of %g is %g", w.name, denormal, got)
		}
		t.Setenv("FAKECUDA_FLUSH", "")
	}
}
