package kerneltest_test

import (
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

// TestCPU holds the reference to itself, which is about the suite, and to the bound of
// rounded results.
func TestCPU(t *testing.T) {
	for name, p := range map[string]kerneltest.Precision{"Exact": kerneltest.Exact, "Rounded": kerneltest.Rounded} {
		t.Run(name, func(t *testing.T) {
			kerneltest.Run(t, p, func(testing.TB) kernels.Backend { return kernels.CPU{} })
		})
	}
}

func TestUntouchable(t *testing.T) {
	kerneltest.Run(t, kerneltest.Exact, func(testing.TB) kernels.Backend { return new(kerneltest.Untouchable) })
}
