package ptx

import (
	"math"
	"testing"
	"unsafe"

	"github.com/halos-go/sdk/kernels/cuda/ptx/internal/ptxi"
)

// A machine runs a kernel by so many blocks of so many threads. Its arguments are
// buffers, of which nil has the address 0, and one may be given twice; the number of
// elements, and numbers. If it knows, it returns how many bytes of each are written.
type machine func(t *testing.T, name string, grid, block int, buffers [][]byte, n int, numbers []float32) (written []int)

// interpreter runs the kernels of Text.
func interpreter(t *testing.T, name string, grid, block int, buffers [][]byte, n int, numbers []float32) (written []int) {
	t.Helper()
	var m ptxi.Memory
	var arguments []uint64
	for i, b := range buffers {
		switch j := before(buffers[:i], b); {
		case b == nil:
			arguments = append(arguments, 0)
		case j >= 0:
			arguments = append(arguments, arguments[j])
		default:
			arguments = append(arguments, m.Add(b))
		}
	}
	vectors := arguments
	arguments = append(arguments, uint64(n))
	for _, x := range numbers {
		arguments = append(arguments, uint64(math.Float32bits(x)))
	}
	k := parsed(t)[name]
	if k == nil {
		t.Fatalf("%s is not in the text", name)
	}
	if err := k.Launch(&m, grid, block, arguments...); err != nil {
		t.Fatalf("%s, %d elements: %v", name, n, err)
	}
	for _, a := range vectors {
		written = append(written, m.Written(a))
	}
	return written
}

// before returns which of the buffers is b, or -1.
func before(buffers [][]byte, b []byte) int {
	for i, earlier := range buffers {
		if len(b) > 0 && unsafe.SliceData(earlier) == unsafe.SliceData(b) {
			return i
		}
	}
	return -1
}
