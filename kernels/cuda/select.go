package cuda

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// Select returns the Backend of a name, which is
//
//	auto      the best there is, see below
//	cpu       ordinary memory: [kernels.CPU]
//	cuda:N    the device N, from 0, with kernels that go over their vectors once
//	cuda      cuda:0
//	cublas:N  the device N with the calls of NVIDIA's library cuBLAS
//	cublas    cublas:0
//
// and in a line for a log what it is. The caller closes b. What is asked for by its
// name is what b is, or there is an error that says what it lacks.
//
// auto is the name in the environment variable HALOS_BACKEND, if that is set and not
// empty. Else it is cuda, if there is a driver, a device, and the driver takes the
// kernels; cublas, if it refuses them alone; else cpu, and why says what was in the
// way. It is an error only if HALOS_BACKEND is.
//
// Prefer cuda to cublas: it gives the bits of package kernels, goes over the vectors
// fewer times, and needs nothing but the driver.
//
// It may be called from any goroutine. A device costs what the driver takes for a
// process, on the device and of start-up time; 48 MiB more of its memory; and 80 MiB of
// the host's, which the system cannot page out. The kernels are compiled when it is
// opened, if the driver does not remember having done so.
func Select(name string) (b kernels.Backend, why string, err error) {
	if name != "auto" {
		return named(name, "auto, cpu")
	}
	name = os.Getenv("HALOS_BACKEND")
	if name == "" {
		b, why = best()
		return b, why, nil
	}
	if b, why, err = named(name, "cpu"); err != nil {
		return nil, "", fmt.Errorf("HALOS_BACKEND: %w", err)
	}
	return b, why + ", by HALOS_BACKEND", nil
}

// named is any name but auto. others are those that are no devices.
func named(name, others string) (b kernels.Backend, why string, err error) {
	if name == "cpu" {
		return kernels.CPU{}, "cpu: asked for", nil
	}
	set, ordinal, ok := parse(name)
	if !ok {
		return nil, "", fmt.Errorf("cuda: backend %q, want %s, cuda, cuda:N, cublas or cublas:N", name, others)
	}
	d, err := open(ordinal, set)
	if err != nil {
		return nil, "", err
	}
	return d.engine, d.why(set), nil
}

// parse reads the names of devices.
func parse(name string) (set gpu.Set, ordinal int, ok bool) {
	kind, number, several := strings.Cut(name, ":")
	switch kind {
	case "cuda":
		set = gpu.OnePass
	case "cublas":
		set = gpu.BLAS
	default:
		return 0, 0, false
	}
	if !several {
		return set, 0, true
	}
	n, err := strconv.Atoi(number)
	return set, n, err == nil && n >= 0 && strconv.Itoa(n) == number
}

// best is auto.
func best() (b kernels.Backend, why string) {
	d, err := open(0, gpu.OnePass)
	if err == nil {
		return d.engine, d.why(gpu.OnePass)
	}
	if refused(err) {
		d, other := open(0, gpu.BLAS)
		if other == nil {
			return d.engine, d.why(gpu.BLAS) + ", without the kernels: " + line(err)
		}
		err = fmt.Errorf("%w; %w", err, other)
	}
	return kernels.CPU{}, "cpu: " + line(err)
}

// refused tells whether the driver has something against the kernels.
func refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && strings.HasPrefix(e.Call, "cuModule")
}

func (d *Device) why(set gpu.Set) string {
	how := "one-pass kernels"
	if set == gpu.BLAS {
		how = "cuBLAS"
	}
	return d.name + ": " + d.card.info.Name + ", " + how
}

// line is an error in one line; what a compiler says has several.
func line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
