//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"math"
	"runtime"
	"testing"

	"github.com/halos-go/sdk/kernels/internal/gpu"
)

var half float32 = 0.5

// A library that lets its thread take denormal numbers for zero, as the fake does in
// its constructor and in every call, changes nothing for Go.
func TestFloatModeIsKept(t *testing.T) {
	tr := fake(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	kept := func(after string) {
		t.Helper()
		denormal := math.Float32frombits(2)
		if got := denormal * half; math.Float32bits(got) != 1 {
			t.Fatalf("after %s half of %g is %g", after, denormal, got)
		}
	}
	for _, set := range []gpu.Set{gpu.OnePass, gpu.BLAS} {
		d := must[*Device](t)(open(0, set))
		kept("opening a device")
		v := must[[]float32](t)(d.Backend().Make(1000))
		kept("Make")
		d.Backend().Dot(v, v)
		kept("Dot")
		_, _, err := d.Memory()
		succeed(t, err, d.Close())
		kept("Close")
	}
	tr.empty()
}
