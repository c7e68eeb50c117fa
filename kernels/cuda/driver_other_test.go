//go:build !(linux && cgo && (amd64 || arm64))

package cuda

import (
	"runtime"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// Elsewhere there is no device, and everything says why.
func TestNotHere(t *testing.T) {
	t.Setenv("HALOS_BACKEND", "")
	want := "cuda: not on " + runtime.GOOS
	if runtime.GOOS == "linux" {
		want += "/" + runtime.GOARCH
		if runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" {
			want = "cuda: built without cgo"
		}
	}
	_, open := Open(0)
	all, devices := Devices()
	_, _, named := Select("cuda")
	for i, err := range []error{open, devices, named} {
		if err == nil || err.Error() != want {
			t.Errorf("call %d: got %v, want %s", i, err, want)
		}
	}
	b, why, err := Select("auto")
	if b != (kernels.CPU{}) || why != "cpu: "+want || err != nil || all != nil {
		t.Error(b, why, err, all)
	}
}
