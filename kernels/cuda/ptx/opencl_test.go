//go:build linux

package ptx

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// Another compiler makes of the same source, for a processor, what gives the same bits.
func TestOpenCL(t *testing.T) {
	run := openCL(t)
	r := rand.New(rand.NewPCG(13, 14))
	for _, k := range Kernels() {
		op, ok := opOf(k)
		if !ok {
			continue
		}
		t.Run(k.Name, func(t *testing.T) {
			for _, n := range []int{1, 7, 509, 1003} {
				check(t, run, k, call(r, k, op, n))
			}
			if k.Name == "delayedStep" || k.Name == "adamW" {
				check(t, run, k, call(r, k, op, 1_000_003))
			}
		})
	}
	for _, f := range []kernels.Form{kernels.BFloat16, kernels.Int8} {
		t.Run("encodeDelta"+suffix(f), func(t *testing.T) {
			for _, n := range []int{1, 7, 509, 1003} {
				encodeAll(t, run, r, f, n)
			}
		})
	}
	t.Run("dot", func(t *testing.T) {
		for _, n := range []int{1, 4095, 4097, 3*4096 + 1003} {
			dotAll(t, run, r, n)
		}
	})
	t.Run("finite", func(t *testing.T) { finiteAll(t, run, r, 131) })
}

// openCL returns a machine that is this processor, with the kernels that its compiler
// makes of kernels.cu. A block of threads is one thread there: none works with others.
func openCL(t *testing.T) machine {
	t.Helper()
	if testing.Short() {
		t.Skip("the kernels are compiled for seconds")
	}
	program := compileOpenCL(t)
	cmd := exec.Command(program, "kernels.cu", "-I. -cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt")
	cmd.Env = append(os.Environ(), "POCL_CACHE_DIR="+t.TempDir())
	var said strings.Builder
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	to, from := bufio.NewWriter(in), bufio.NewReader(out)
	end := func() error {
		_ = in.Close()
		return cmd.Wait()
	}
	if line, err := from.ReadString('\n'); err != nil || line != "ready\n" {
		var exit *exec.ExitError
		if err := end(); errors.As(err, &exit) && exit.ExitCode() == 77 {
			t.Skip("no OpenCL for a processor here: ", said.String())
		}
		t.Fatalf("%q, %v: %s", line, err, said.String())
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("%v: %s", err, said.String())
		}
	})
	return func(t *testing.T, name string, grid, _ int, buffers [][]byte, n int, numbers []float32) []int {
		t.Helper()
		request(to, name, grid, buffers, n, numbers)
		if err := errors.Join(to.Flush(), answer(from, buffers)); err != nil {
			t.Fatalf("%s, %d elements: %v: %s", name, n, err, said.String())
		}
		return nil
	}
}

func compileOpenCL(t *testing.T) (program string) {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no gcc here to compile what calls OpenCL")
	}
	program = filepath.Join(t.TempDir(), "opencl")
	out, err := exec.Command("gcc", "-Wall", "-Wextra", "-Werror", "-o", program, "testdata/opencl.c", "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// request writes what testdata/opencl.c reads.
func request(w io.Writer, name string, grid int, buffers [][]byte, n int, numbers []float32) {
	if other, ok := map[string]string{"mix": "mixed", "dot": "dotted"}[name]; ok {
		name = other // see front.h
	}
	fmt.Fprintf(w, "%s %d 1 %d\n", name, grid, len(buffers)+1+len(numbers))
	for i, b := range buffers {
		switch j := before(buffers[:i], b); {
		case b == nil:
			fmt.Fprintf(w, "null 0\n")
		case j >= 0:
			fmt.Fprintf(w, "same %d\n", j)
		default:
			fmt.Fprintf(w, "buffer %d\n%s", len(b), b)
		}
	}
	fmt.Fprintf(w, "value 8\n%s", binary.LittleEndian.AppendUint64(nil, uint64(n)))
	for _, x := range numbers {
		fmt.Fprintf(w, "value 4\n%s", binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
	}
}

// answer reads the buffers.
func answer(r io.Reader, buffers [][]byte) error {
	for i, b := range buffers {
		if before(buffers[:i], b) >= 0 {
			continue
		}
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
	}
	return nil
}
