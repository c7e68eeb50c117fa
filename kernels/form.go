package kernels

import (
	"sync"

	"github.com/halos-go/sdk/kernels/backend"
)

// A Form is a way to write a vector in fewer bytes than float32 takes, for a wire or a
// file: see [backend.Form] for what holds for all of them.
type Form = backend.Form

// The forms. What each does is said at [backend.BFloat16], [backend.Float16] and
// [backend.Int8].
const (
	BFloat16 = backend.BFloat16
	Float16  = backend.Float16
	Int8     = backend.Int8
)

// Encode writes x to dst, which must have f.Size(len(x)) bytes.
func Encode(dst []byte, f Form, x []float32) {
	if b := backend.Of(x); b != nil {
		b.Encode(checked(dst, f, len(x)), f, x, nil, nil)
		return
	}
	c := newCoding(dst, f, len(x))
	c.x = x
	Split(len(x), c.encode)
	c.release()
}

// EncodeDelta writes the difference of x and y to dst, which must have
// f.Size(len(x)) bytes, and remembers in residual what rounding left out, to be sent
// with the next difference:
//
//	for i := range x { residual[i] = (x[i] - y[i]) + residual[i] }
//	Encode(dst, f, residual)
//	for i := range x { residual[i] -= decoded[i] }
//
// decoded is what [Decode] makes of dst. This is error feedback (Seide et al. 2014;
// Karimireddy et al. 2019, arXiv 1901.09847): over many rounds the sum of what was
// sent differs from the sum of the differences by the last residual only, however
// coarse the form. residual begins as zeros and belongs to one receiver. If a message
// is lost, what it carried is lost too.
//
// Where decoded is a NaN or an infinity, residual becomes 0, as it would spoil all
// later rounds. With a nil residual dst is the form of x - y, and nothing is
// remembered.
func EncodeDelta(dst []byte, f Form, x, y, residual []float32) {
	same(len(x), len(y))
	if residual != nil {
		same(len(x), len(residual))
	}
	if b := backend.Of(x, y, residual); b != nil {
		b.Encode(checked(dst, f, len(x)), f, x, y, residual)
		return
	}
	c := newCoding(dst, f, len(x))
	c.x, c.y, c.residual = x, y, residual
	Split(len(x), c.encode)
	c.release()
}

// Decode reads src, which must have f.Size(len(dst)) bytes, into dst. Any bytes are
// the form of some vector.
func Decode(dst []float32, f Form, src []byte) {
	if b := backend.Of(dst); b != nil {
		b.Run(backend.Call{Op: backend.OpCopy, Vectors: [6][]float32{dst}, Form: f, Packed: checked(src, f, len(dst))})
		return
	}
	c := newCoding(src, f, len(dst))
	c.x = dst
	Split(len(dst), c.decode)
	c.release()
}

// DecodeEach reads a vector of n elements from src, which must have f.Size(n) bytes,
// and hands it on in pieces, which are used in the cache and never written to memory:
// do(lo, hi, g) gets elements lo to hi in g.
//
// The pieces cover 0 to n once. Each begins at a multiple of 1024 and has 1024
// elements, the last one fewer. g is lent until do returns, which may change it.
// Calls come as those of [Split], for large n several at a time and in any order.
func DecodeEach(f Form, src []byte, n int, do func(lo, hi int, g []float32)) {
	c := newCoding(src, f, n)
	c.do = do
	Split(n, c.decodeEach)
	c.release()
}

// formPiece is the number of elements that DecodeEach hands on at a time. They stay in
// the first cache, beside as many elements of the other vectors of an op. It is a multiple
// of int8Block and a divisor of grain.
const formPiece = 1024

var formPieces = sync.Pool{New: func() any { return new([formPiece]float32) }}

// A coding is one call of a function above, with the functions that [Split] takes, as a
// closure would be an allocation. Codings are kept for reuse.
type coding struct {
	bytes          []byte
	form           Form
	x, y, residual []float32
	do             func(lo, hi int, g []float32)

	encode, decode, decodeEach func(lo, hi int)
}

var codings = sync.Pool{New: func() any {
	c := new(coding)
	c.encode = c.encodePiece
	c.decode = c.decodePiece
	c.decodeEach = c.decodePieces
	return c
}}

// newCoding panics unless b has the size of n elements.
func newCoding(b []byte, f Form, n int) *coding {
	c := codings.Get().(*coding)
	c.bytes, c.form = checked(b, f, n), f
	return c
}

// checked returns b. It panics unless that has the size of n elements.
func checked(b []byte, f Form, n int) []byte {
	if len(b) != f.Size(n) {
		panic("kernels: bytes differ from the size of the form")
	}
	return b
}

// release gives the coding back, without the caller's memory.
func (c *coding) release() {
	c.bytes, c.x, c.y, c.residual, c.do = nil, nil, nil, nil, nil
	codings.Put(c)
}

// piece is the bytes of elements lo to hi.
func (c *coding) piece(lo, hi int) []byte { return c.bytes[c.form.Size(lo):c.form.Size(hi)] }

func (c *coding) encodePiece(lo, hi int) {
	encodeForm(c.piece(lo, hi), c.form, c.x[lo:hi], part(c.y, lo, hi), part(c.residual, lo, hi))
}

func (c *coding) decodePiece(lo, hi int) {
	decodeForm(c.x[lo:hi], c.form, c.piece(lo, hi))
}

func (c *coding) decodePieces(lo, hi int) {
	buf := formPieces.Get().(*[formPiece]float32)
	for ; lo < hi; lo += formPiece {
		end := min(lo+formPiece, hi)
		g := buf[:end-lo]
		decodeForm(g, c.form, c.piece(lo, end))
		c.do(lo, end, g)
	}
	formPieces.Put(buf)
}

// part is v[lo:hi], or nil if v is nil.
func part(v []float32, lo, hi int) []float32 {
	if v == nil {
		return nil
	}
	return v[lo:hi]
}

// encodeForm writes x, x-y or (x-y)+residual to dst on this goroutine; y and residual
// are nil where they have no part in it. What rounding leaves out becomes residual.
func encodeForm(dst []byte, f Form, x, y, residual []float32) {
	n := encodeFast(dst, f, x, y, residual)
	end := len(x)
	dst, x, y, residual = dst[f.Size(n):], x[n:], part(y, n, end), part(residual, n, end)
	if y == nil {
		encodeGeneric(dst, f, x, false)
	} else {
		encodeDeltaGeneric(dst, f, x, y, residual)
	}
}

// decodeForm reads src into dst on this goroutine.
func decodeForm(dst []float32, f Form, src []byte) {
	n := decodeFast(dst, f, src)
	decodeGeneric(dst[n:], f, src[f.Size(n):])
}
