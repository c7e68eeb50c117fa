package ptx

import (
	_ "embed"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
)

// Text is the module with all kernels, in PTX. The driver wants a zero byte behind it.
//
//go:embed kernels.ptx
var Text string

// A Kernel is an entry of the module that does the same with all elements.
type Kernel struct {
	// Name is that of a [backend.Op], or encodeDelta or decode; behind it stands
	// BFloat16 or Int8 if the kernel has a Form.
	Name    string
	Vectors []string // in order; they are float32, but see Form
	Changed int      // so many of them are written, the first ones
	Numbers []string // float32, behind the number of elements

	// Form is that of the one vector that is bytes: dst where the kernel encodes,
	// else the last one; and 0 if there is none.
	Form kernels.Form
}

// Kernels returns what the module has: a kernel for each [backend.Op] but copies and
// means, with its vectors and numbers, for some also one whose last vector is in a
// Form, and those that encode and decode.
func Kernels() []Kernel {
	var list []Kernel
	for _, op := range backend.Ops() {
		switch op {
		case backend.OpCopy, backend.OpMean2, backend.OpMean3, backend.OpMean4:
			continue
		}
		list = append(list, kernel(op, 0))
	}
	return append(append(list, coded(kernels.BFloat16)...), coded(kernels.Int8)...)
}

// coded is the kernels of a form.
func coded(f kernels.Form) []Kernel {
	return []Kernel{
		kernel(backend.OpDelayedFirst, f),
		kernel(backend.OpDelayedFirstC, f),
		kernel(backend.OpDelayedPlain, f),
		kernel(backend.OpDelayedPlainC, f),
		kernel(backend.OpDelayedStep, f),
		{Name: "encodeDelta" + suffix(f), Vectors: []string{"dst", "residual", "x", "y"}, Changed: 2, Form: f},
		{Name: "decode" + suffix(f), Vectors: []string{"dst", "src"}, Changed: 1, Form: f},
	}
}

func kernel(op backend.Op, f kernels.Form) Kernel {
	return Kernel{Name: op.String() + suffix(f), Vectors: op.Vectors(), Changed: op.Changed(), Numbers: op.Numbers(), Form: f}
}

func suffix(f kernels.Form) string {
	switch f {
	case kernels.BFloat16:
		return "BFloat16"
	case kernels.Int8:
		return "Int8"
	}
	return ""
}
