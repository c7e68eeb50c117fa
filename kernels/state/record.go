package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/halos-go/sdk/kernels"
)

var (
	// ErrCorrupt is returned (wrapped) for a record that is damaged, cut off, or
	// no record at all. Another copy may be whole.
	ErrCorrupt = errors.New("corrupt record")
	// ErrMismatch is returned (wrapped) for a whole record of something else:
	// another name, another number of counters or vectors, other lengths, a
	// format this version does not know.
	ErrMismatch = errors.New("record of something else")
)

const (
	magic   = "hlsr"
	version = 1
	fixed   = 12      // bytes before the name
	piece   = 1 << 16 // bytes of vectors handled at once, while they are in cache
	far     = 1 << 24 // and of those in another Backend, where each piece is a journey
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write writes one record and returns the bytes written. Nothing is kept. The
// vectors may be in any Backend. The error is w's, or that of the Backend, or says that
// the name or a list is longer than 65535.
func Write(w io.Writer, name string, counters []uint64, vectors ...[]float32) (int64, error) {
	if max(len(name), len(counters), len(vectors)) > math.MaxUint16 {
		return 0, fmt.Errorf("state: record %.80q has a name of %d bytes, %d counters, %d vectors: want at most 65535 of each",
			name, len(name), len(counters), len(vectors))
	}
	out := writer{w: w}
	out.write(appendHead(nil, name, counters, vectors))
	sum := uint32(0)
	for _, v := range vectors {
		if kernels.Where(v) == (kernels.CPU{}) {
			sum = out.vector(v, sum)
		} else {
			sum = out.distant(v, sum)
		}
	}
	out.write(binary.LittleEndian.AppendUint32(nil, sum))
	if out.err != nil {
		return out.n, fmt.Errorf("state: writing %.80q: %w", name, out.err)
	}
	return out.n, nil
}

// Read reads one record, exactly its bytes, and overwrites counters and vectors
// with what is in it. It returns the bytes read. The record must have been written
// with the same name, as many counters and vectors, and vectors as long. After an
// error, which wraps [ErrCorrupt], [ErrMismatch] or r's error, counters and
// vectors are untouched. It may also be the error of a Backend that vectors are in: then
// counters are untouched, and the vectors may be anything. Vectors may be large: Read
// holds a second copy of them until the record has been checked.
func Read(r io.Reader, name string, counters []uint64, vectors ...[]float32) (int64, error) {
	in := reader{r: r}
	h, err := in.head()
	if err == nil {
		err = h.fits(name, counters, vectors)
	}
	var staged [][]float32
	if err == nil {
		staged, err = in.vectors(h.lengths)
	}
	if err != nil {
		return in.n, fmt.Errorf("state: reading %.80q: %w", name, err)
	}
	for i, v := range staged {
		kernels.Copy(vectors[i], v)
		if err := kernels.Where(vectors[i]).Err(); err != nil {
			return in.n, fmt.Errorf("state: reading %.80q: %w", name, err)
		}
	}
	copy(counters, h.counters)
	return in.n, nil
}

// A head is all of a record before the vectors.
type head struct {
	name     string
	counters []uint64
	lengths  []uint64
}

func appendHead(b []byte, name string, counters []uint64, vectors [][]float32) []byte {
	le := binary.LittleEndian
	b = append(b, magic...)
	for _, v := range []int{version, len(name), len(counters), len(vectors)} {
		b = le.AppendUint16(b, uint16(v))
	}
	b = append(b, name...)
	for _, c := range counters {
		b = le.AppendUint64(b, c)
	}
	for _, v := range vectors {
		b = le.AppendUint64(b, uint64(len(v)))
	}
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// fits compares what was found with what was wanted.
func (h head) fits(name string, counters []uint64, vectors [][]float32) error {
	switch {
	case h.name != name:
		return fmt.Errorf("%w: name is %.80q: want %.80q", ErrMismatch, h.name, name)
	case len(h.counters) != len(counters):
		return fmt.Errorf("%w: %d counters: want %d", ErrMismatch, len(h.counters), len(counters))
	case len(h.lengths) != len(vectors):
		return fmt.Errorf("%w: %d vectors: want %d", ErrMismatch, len(h.lengths), len(vectors))
	}
	for i, v := range vectors {
		if h.lengths[i] != uint64(len(v)) {
			return fmt.Errorf("%w: vector %d has %d elements: want %d", ErrMismatch, i, h.lengths[i], len(v))
		}
	}
	return nil
}

// writer counts, and stops at the first error.
type writer struct {
	w   io.Writer
	n   int64
	err error
}

func (w *writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.w.Write(b)
	w.n += int64(n)
	if err == nil && n != len(b) {
		err = io.ErrShortWrite
	}
	w.err = err
}

// vector writes v, which is in ordinary memory, and returns the checksum with it.
func (w *writer) vector(v []float32, sum uint32) uint32 {
	for len(v) > 0 && w.err == nil {
		n := min(len(v), piece/4)
		b := kernels.Bytes(v[:n])
		sum = crc32.Update(sum, castagnoli, b)
		w.write(b)
		v = v[n:]
	}
	return sum
}

// distant writes v, which is in another Backend, by way of one buffer: a copy of each
// piece would be garbage of the size of the model for each record.
func (w *writer) distant(v []float32, sum uint32) uint32 {
	place, buf := kernels.Where(v), kernels.Make(min(len(v), far/4))
	defer kernels.Recycle(buf)
	for len(v) > 0 && w.err == nil {
		n := min(len(v), len(buf))
		kernels.Copy(buf[:n], v[:n])
		if w.err = place.Err(); w.err != nil {
			break // buf may be anything
		}
		sum = w.vector(buf[:n], sum)
		v = v[n:]
	}
	return sum
}

// reader counts, and calls an early end by its name.
type reader struct {
	r io.Reader
	n int64
}

func (r *reader) full(b []byte, what string) error {
	n, err := io.ReadFull(r.r, b)
	r.n += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: it ends in its %s, after %d bytes: %w", ErrCorrupt, what, r.n, io.ErrUnexpectedEOF)
	}
	return err
}

func (r *reader) head() (head, error) {
	le := binary.LittleEndian
	b := make([]byte, fixed)
	if err := r.full(b, "head"); err != nil {
		return head{}, err
	}
	if string(b[:4]) != magic {
		return head{}, fmt.Errorf("%w: it begins with %q: want %q", ErrCorrupt, b[:4], magic)
	}
	if v := le.Uint16(b[4:]); v != version {
		return head{}, fmt.Errorf("%w: format version is %d: want %d", ErrMismatch, v, version)
	}
	names, counters, vectors := int(le.Uint16(b[6:])), int(le.Uint16(b[8:])), int(le.Uint16(b[10:]))
	b = append(b, make([]byte, names+8*counters+8*vectors+4)...)
	if err := r.full(b[fixed:], "head"); err != nil {
		return head{}, err
	}
	rest := b[fixed:]
	if found, want := le.Uint32(b[len(b)-4:]), crc32.Checksum(b[:len(b)-4], castagnoli); found != want {
		return head{}, fmt.Errorf("%w: checksum of its head is %08x: want %08x", ErrCorrupt, found, want)
	}
	return head{
		name:     string(rest[:names]),
		counters: uint64s(rest[names:], counters),
		lengths:  uint64s(rest[names+8*counters:], vectors),
	}, nil
}

// vectors reads vectors of the given lengths, which have been found right.
func (r *reader) vectors(lengths []uint64) ([][]float32, error) {
	vs, buf, sum := make([][]float32, len(lengths)), make([]byte, piece), uint32(0)
	for i, n := range lengths {
		vs[i] = make([]float32, n)
		for v := vs[i]; len(v) > 0; {
			b := buf[:min(piece, 4*len(v))]
			if err := r.full(b, "vectors"); err != nil {
				return nil, err
			}
			sum = crc32.Update(sum, castagnoli, b)
			f, _ := kernels.Floats(b)
			v = v[copy(v, f):]
		}
	}
	var end [4]byte
	if err := r.full(end[:], "checksum"); err != nil {
		return nil, err
	}
	if found := binary.LittleEndian.Uint32(end[:]); found != sum {
		return nil, fmt.Errorf("%w: checksum of its vectors is %08x: want %08x", ErrCorrupt, found, sum)
	}
	return vs, nil
}

func uint64s(b []byte, n int) []uint64 {
	v := make([]uint64, n)
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return v
}
