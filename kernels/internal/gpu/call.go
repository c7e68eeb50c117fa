package gpu

import (
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/backend"
	"github.com/halos-go/sdk/kernels/cuda/ptx"
)

// A shape is what there is to know of an Op.
type shape struct {
	vectors int
	changed int
	numbers int
	unread  [6]bool   // vectors that are changed and not read
	kernel  [4]string // its kernels, by the Form of the last vector; empty if there is none
}

// suffixes are how the name of a kernel ends, by Form.
var suffixes = [4]string{kernels.BFloat16: "BFloat16", kernels.Float16: "Float16", kernels.Int8: "Int8"}

// lookUp fills in what the kernels can do. With BLAS there are none.
func (e *Engine) lookUp() {
	there := make(map[string]string)
	if e.set == OnePass {
		for _, k := range ptx.Kernels() {
			there[k.Name] = k.Name
		}
	}
	for _, op := range backend.Ops() {
		names := op.Vectors()
		s := shape{vectors: len(names), changed: op.Changed(), numbers: len(op.Numbers())}
		for i := range names {
			s.unread[i] = !op.Reads(i)
		}
		name := op.String()
		for f, suffix := range suffixes {
			s.kernel[f] = there[name+suffix]
			if op == backend.OpCopy {
				s.kernel[f] = there["decode"+suffix]
			}
		}
		e.shapes = append(e.shapes, s)
	}
	for f, suffix := range suffixes {
		e.encode[f] = there["encodeDelta"+suffix]
	}
}

// A call is a backend.Call with its vectors found.
type call struct {
	*shape
	op      backend.Op
	n       int
	scalars [8]float32
	form    kernels.Form
	packed  []byte // the last vector, if form is not 0

	at     [6]uint64    // vectors on the GPU; 0 if not there
	host   [6][]float32 // those in ordinary memory
	offset uint64       // bytes from a multiple of 16 to the vectors on the GPU
	uneven bool         // these begin at different offsets
}

// find checks c and finds its vectors. Those that c changes no longer share the copy of
// a snapshot.
func (e *Engine) find(c *backend.Call) call {
	if int(c.Op) >= len(e.shapes) {
		panic("gpu: no such op")
	}
	f := call{shape: &e.shapes[c.Op], op: c.Op, n: len(c.Vectors[0]), scalars: c.Numbers, form: c.Form, packed: c.Packed}
	vectors := c.Vectors[:f.vectors]
	if c.Form != 0 {
		vectors = vectors[:f.vectors-1]
		if len(vectors) == 0 {
			panic("gpu: the only vector of a call is packed")
		}
		if len(c.Packed) != c.Form.Size(f.n) {
			panic("gpu: bytes differ from the size of the form")
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, v := range vectors {
		same(f.n, len(v))
		f.add(e, i, v, i < f.changed)
	}
	return f
}

// add notes where vector i is. The caller holds mu.
func (f *call) add(e *Engine, i int, v []float32, changed bool) {
	o := e.live(v)
	if o == nil {
		if kernels.Where(v) != (kernels.CPU{}) {
			panic("gpu: vectors of one call are in two backends")
		}
		f.host[i] = v
		return
	}
	at := address(v)
	f.uneven = f.uneven || f.resident() && at%16 != f.offset
	f.at[i], f.offset = at, at%16
	if changed {
		o.latest = nil
	}
}

// resident reports whether any vector found so far is on the GPU.
func (f *call) resident() bool { return f.at != [6]uint64{} }

// mixed reports whether any vector is in ordinary memory.
func (f *call) mixed() bool {
	for _, v := range f.host {
		if v != nil {
			return true
		}
	}
	return f.form != 0
}

func same(a, b int) {
	if a != b {
		panic("gpu: vectors differ in length")
	}
}
