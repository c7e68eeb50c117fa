package cuda

import (
	"errors"
	"fmt"
	"strings"

	"github.com/halos-go/sdk/kernels/internal/gpu"
)

// ErrClosed is the error of a call on a [Device] that has been closed.
var ErrClosed = errors.New("cuda: used after Close")

// ErrNoRoom is in the error of Make, or of Select, when the memory of the GPU is full. Err
// of the Backend stays nil, and what is there remains.
var ErrNoRoom = gpu.ErrNoRoom

// outOfMemory is CUDA_ERROR_OUT_OF_MEMORY.
const outOfMemory = 2

// An Error is what a call of the driver, or of cuBLAS, returned instead of success.
type Error struct {
	Call string // "cuMemAlloc_v2"
	Code int    // 2
	Name string // "CUDA_ERROR_OUT_OF_MEMORY", or empty if the library has none for Code
	Text string // "out of memory", likewise
	Log  string // of the driver's compiler, for a module that it refused
}

// Error returns all fields in one text; Log may add lines to it.
func (e *Error) Error() string {
	text := []string{fmt.Sprintf("cuda: %s: error %d", e.Call, e.Code)}
	for _, s := range []string{e.Name, e.Text, e.Log} {
		if s != "" {
			text = append(text, s)
		}
	}
	return strings.Join(text, ": ")
}

// fatal tells whether the driver will answer every later call in this process with
// the same error, or the memory of the device cannot be trusted. The driver's header
// says so of these codes.
func (e *Error) fatal() bool {
	switch e.Code {
	case 214, // CUDA_ERROR_ECC_UNCORRECTABLE
		220, // CUDA_ERROR_NVLINK_UNCORRECTABLE
		226, // CUDA_ERROR_CONTAINED
		700, // CUDA_ERROR_ILLEGAL_ADDRESS
		702, // CUDA_ERROR_LAUNCH_TIMEOUT
		709, // CUDA_ERROR_CONTEXT_IS_DESTROYED
		710, // CUDA_ERROR_ASSERT
		714, // CUDA_ERROR_HARDWARE_STACK_ERROR
		715, // CUDA_ERROR_ILLEGAL_INSTRUCTION
		716, // CUDA_ERROR_MISALIGNED_ADDRESS
		717, // CUDA_ERROR_INVALID_ADDRESS_SPACE
		718, // CUDA_ERROR_INVALID_PC
		719, // CUDA_ERROR_LAUNCH_FAILED
		721, // CUDA_ERROR_TENSOR_MEMORY_LEAK
		810, // CUDA_ERROR_MPS_CLIENT_TERMINATED
		911: // CUDA_ERROR_EXTERNAL_DEVICE
		return true
	}
	return false
}
