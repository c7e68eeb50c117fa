//go:build !(linux && cgo && (amd64 || arm64))

package cuda_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels/cuda"
)

func TestNotHere(t *testing.T) {
	want := "cuda: not on " + runtime.GOOS
	if runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") {
		want = "cuda: built without cgo"
	}
	if _, err := cuda.Open(0); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if n, err := cuda.Devices(); n != 0 || err == nil {
		t.Error(n, err)
	}
}
