//go:build linux && cgo && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// G1: the driver takes the kernels, and says why if it does not take a text.
func TestGPULoad(t *testing.T) {
	onGPU(t)
	d := opened(t)
	begin := time.Now()
	if err := d.LoadKernels(ptx.Text); err != nil {
		t.Fatal(err)
	}
	say("G1", "load", "ms", 1e3*time.Since(begin).Seconds(), "kernels", len(ptx.Kernels()))
	err := opened(t).LoadKernels(".version 7.0\n.target sm_70\n.address_size 64\nnonsense\n")
	if e, ok := errors.AsType[*Error](err); !ok || e.Log == "" {
		t.Errorf("of nonsense the driver says %v, want an error with the log of its compiler", err)
	}
	b, why, err := Select("auto")
	if err != nil {
		t.Fatal(err)
	}
	succeed(t, b.Close())
	say("G1", "auto", "is", strings.ReplaceAll(why, "\t", " "))
}

// G7: with no device to see, auto is the CPU; with no cuBLAS to find, the one-pass
// kernels work and cublas is an error.
func TestGPUHidden(t *testing.T) {
	onGPU(t)
	for _, c := range []struct{ what, env string }{
		{"none", "CUDA_VISIBLE_DEVICES="},
		{"noblas", "HALOS_LIBCUBLAS=/nowhere/libcublas.so"},
	} {
		if os.Getenv("HALOS_TEST_GPU") == "fake" && c.what == "none" {
			c.env = "FAKECUDA_DEVICES=0"
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestHidden$", "-test.v")
		cmd.Env = append(os.Environ(), "HALOS_BACKEND=", "HALOS_TEST_HIDDEN="+c.what, c.env)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestHidden") {
			t.Errorf("%s: %v\n%s", c.env, err, out)
		}
		say("G7", c.what, "ok", err == nil)
	}
}

// TestHidden is what TestGPUHidden runs in another process.
func TestHidden(t *testing.T) {
	hidden := os.Getenv("HALOS_TEST_HIDDEN")
	var wrong []string
	switch hidden {
	case "":
		t.Skip("only TestGPUHidden runs this")
	case "none":
		wrong = []string{"cuda", "cuda:0", "cublas"}
	case "noblas":
		wrong = []string{"cublas"}
	}
	for _, name := range wrong {
		if b, _, err := Select(name); err == nil {
			t.Errorf("there is a Backend %s: %s", name, b.Name())
		}
	}
	b, why, err := Select("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	t.Log(why)
	if cpu := b == kernels.Backend(kernels.CPU{}); cpu != (hidden == "none") {
		t.Errorf("auto is %s", b.Name())
	}
	s := newStand(t, b, 1003)
	for _, op := range backend.Ops() {
		if err := s.op(op, resident, 0); err != nil {
			t.Error(fmt.Errorf("%v: %w", op, err))
		}
	}
}
