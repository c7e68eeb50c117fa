package state

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/kerneltest"
)

func written(t testing.TB, name string, counters []uint64, vectors ...[]float32) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := Write(&b, name, counters, vectors...)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("Write: %d, %v: want %d and no error", n, err, b.Len())
	}
	return b.Bytes()
}

// The bytes of one record pin the format.
func TestRecordBytes(t *testing.T) {
	got := hex.EncodeToString(written(t, "ab", []uint64{1, 0x0203}, []float32{1, -2}, nil))
	want := "686c7372" + "0100" + "0200" + "0200" + "0200" + "6162" +
		"0100000000000000" + "0302000000000000" + // counters
		"0200000000000000" + "0000000000000000" + // lengths
		"cf415c0e" + // checksum
		"0000803f" + "000000c0" +
		"c9f236aa"
	if got != want {
		t.Errorf("record is\n%s, want\n%s", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	long := make([]float32, 100_003)
	for i := range long {
		long[i] = float32(i) / 3
	}
	long[7] = math.Float32frombits(0x7fc12345) // a NaN keeps its pattern
	for _, c := range []struct {
		name     string
		counters []uint64
		vectors  [][]float32
	}{
		{"", nil, nil},
		{"counter", []uint64{math.MaxUint64}, nil},
		{"vectors", nil, [][]float32{{1}, {}, long, {2, 3}}},
		{strings.Repeat("n", 65535), []uint64{1, 2, 3}, [][]float32{long[:16384], long[:16385]}},
	} {
		b := written(t, c.name, c.counters, c.vectors...)
		counters := make([]uint64, len(c.counters))
		vectors := make([][]float32, len(c.vectors))
		for i := range vectors {
			vectors[i] = make([]float32, len(c.vectors[i]))
		}
		r := bytes.NewReader(append(slices.Clone(b), 1, 2, 3))
		n, err := Read(iotest.HalfReader(r), c.name, counters, vectors...)
		if err != nil || n != int64(len(b)) || r.Len() != 3 {
			t.Fatalf("%.10q: read %d bytes, left %d, error %v: want %d, 3 and none", c.name, n, r.Len(), err, len(b))
		}
		if !slices.Equal(counters, c.counters) {
			t.Errorf("%.10q: counters %v, want %v", c.name, counters, c.counters)
		}
		for i := range vectors {
			if !bytes.Equal(kernels.Bytes(vectors[i]), kernels.Bytes(c.vectors[i])) {
				t.Errorf("%.10q: vector %d differs", c.name, i)
			}
		}
	}
}

// A reader that wants something else is told what was found and what was wanted.
func TestRefusals(t *testing.T) {
	good := written(t, "momentum", []uint64{3}, []float32{1, 2}, []float32{4})
	change := func(at int, b byte) []byte {
		c := slices.Clone(good)
		c[at] ^= b
		return c
	}
	for _, c := range []struct {
		what     string
		record   []byte
		name     string
		counters int
		lengths  []int
		is       error
		says     string
	}{
		{"other name", good, "adamw", 1, []int{2, 1}, ErrMismatch, `reading "adamw": record of something else: name is "momentum": want "adamw"`},
		{"other counters", good, "momentum", 2, []int{2, 1}, ErrMismatch, "1 counters: want 2"},
		{"fewer vectors", good, "momentum", 1, []int{2}, ErrMismatch, "2 vectors: want 1"},
		{"longer vector", good, "momentum", 1, []int{2, 5}, ErrMismatch, "vector 1 has 1 elements: want 5"},
		{"nothing", nil, "momentum", 1, []int{2, 1}, ErrCorrupt, "it ends in its head, after 0 bytes"},
		{"end in the head", good[:30], "momentum", 1, []int{2, 1}, ErrCorrupt, "it ends in its head, after 30 bytes"},
		{"end in a vector", good[:55], "momentum", 1, []int{2, 1}, ErrCorrupt, "it ends in its vectors, after 55 bytes"},
		{"end in the checksum", good[:len(good)-1], "momentum", 1, []int{2, 1}, ErrCorrupt, "it ends in its checksum"},
		{"not a record", []byte("PK\x03\x04 and so on"), "momentum", 1, []int{2, 1}, ErrCorrupt, `it begins with "PK\x03\x04": want "hlsr"`},
		{"later version", change(4, 3), "momentum", 1, []int{2, 1}, ErrMismatch, "format version is 2: want 1"},
		{"bit in the name", change(13, 1), "momentum", 1, []int{2, 1}, ErrCorrupt, "checksum of its head is"},
		{"bit in a vector", change(len(good)-6, 1), "momentum", 1, []int{2, 1}, ErrCorrupt, "checksum of its vectors is"},
	} {
		counters, vectors := untouched(c.counters, c.lengths)
		n, err := Read(bytes.NewReader(c.record), c.name, counters, vectors...)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %q: want one that is %q and says %q", c.what, err, c.is, c.says)
		}
		if n > int64(len(c.record)) {
			t.Errorf("%s: %d bytes read of %d", c.what, n, len(c.record))
		}
		if touched(counters, vectors) {
			t.Errorf("%s: something was overwritten", c.what)
		}
	}
}

func TestErrorsOfOthers(t *testing.T) {
	broken := errors.New("broken")
	good := written(t, "x", nil, []float32{1, 2})
	_, err := Read(io.MultiReader(bytes.NewReader(good[:30]), iotest.ErrReader(broken)), "x", nil, make([]float32, 2))
	if !errors.Is(err, broken) {
		t.Errorf("Read from a broken reader: %v", err)
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if _, err := Write(w, "x", nil); !errors.Is(err, broken) {
		t.Errorf("Write to a broken writer: %v", err)
	}
	if n, err := Write(io.Discard, strings.Repeat("n", 65536), nil); n != 0 || err == nil {
		t.Errorf("Write of a name too long: %d, %v", n, err)
	}
}

// A record that claims to be large does not make the reader allocate.
func TestHostileLengths(t *testing.T) {
	b := appendHead(nil, "x", nil, [][]float32{{}})
	binary.LittleEndian.PutUint64(b[len(b)-12:], 1<<40)
	binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Read(bytes.NewReader(b), "x", nil, make([]float32, 8))
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrMismatch) {
		t.Errorf("error %v: want %v", err, ErrMismatch)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// Vectors may be anywhere, and where they are lost nothing is written that looks whole.
func TestElsewhere(t *testing.T) {
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	const n = 100_003
	v, err := b.Make(n)
	if err != nil {
		t.Fatal(err)
	}
	here := make([]float32, n)
	for i := range here {
		here[i] = float32(i)
	}
	want := written(t, "x", nil, here)
	if _, err := Read(bytes.NewReader(want), "x", nil, v); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, "x", nil, v), want) {
		t.Error("what was read there is not written again")
	}
	lost := errors.New("lost")
	b.Fail(0, lost)
	var out bytes.Buffer
	if _, err := Write(&out, "x", nil, v); !errors.Is(err, lost) || out.Len() == len(want) {
		t.Errorf("lost, it wrote %d of %d bytes, error %v", out.Len(), len(want), err)
	}
	counters := []uint64{77}
	if _, err := Read(bytes.NewReader(written(t, "x", []uint64{1}, here)), "x", counters, v); !errors.Is(err, lost) || counters[0] != 77 {
		t.Errorf("lost, Read: %v, counter %d", err, counters[0])
	}
}

// A record of large vectors that are elsewhere takes one buffer, which the next record
// takes again.
func TestWriteFromElsewhere(t *testing.T) {
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	v, err := b.Make(far + 1) // five pieces
	if err != nil {
		t.Fatal(err)
	}
	before := fresh()
	for range 2 {
		if _, err := Write(io.Discard, "x", nil, v, v); err != nil {
			t.Fatal(err)
		}
	}
	if n := fresh() - before; n > 1 {
		t.Errorf("memory for %d vectors: want 1", n)
	}
}

// fresh is the number of large vectors in ordinary memory that were made in new memory.
func fresh() (n uint64) {
	for name, value := range kernels.Metrics() {
		switch name {
		case "/halos/vectors/made:vectors":
			n += value
		case "/halos/vectors/reused:vectors":
			n -= value
		}
	}
	return n
}

// Make gives back what was there before, and after an error all; but on the CPU nothing,
// as a copy of the plug may still have it.
func TestMake(t *testing.T) {
	b := new(kerneltest.Untouchable)
	defer func() { _ = b.Close() }()
	var v, w []float32
	for range 2 {
		if err := Make(b, 10, &v, &w); err != nil || len(v) != 10 || len(w) != 10 || b.Live() != 2 {
			t.Fatalf("%v: vectors of %d and %d, %d in all", err, len(v), len(w), b.Live())
		}
	}
	full := errors.New("full")
	b.Fail(1, full)
	if err := Make(b, 10, &v, &w); !errors.Is(err, full) || v != nil || w != nil || b.Live() != 0 {
		t.Errorf("%v: vectors %v and %v, %d in all", err, v, w, b.Live())
	}

	const large = 1 << 20 // of which memory is reused
	if err := Make(kernels.CPU{}, large, &v); err != nil {
		t.Fatal(err)
	}
	other := v
	if err := Make(kernels.CPU{}, large, &v); err != nil || &v[0] == &other[0] {
		t.Errorf("%v: or two plugs have one vector", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, "name", []uint64{1, 2}, []float32{1, 2, 3}, []float32{4}))
	f.Add(written(f, "other", []uint64{1, 2}, []float32{1, 2, 3}, []float32{4}))
	f.Add([]byte("hlsr\x01\x00\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		counters, vectors := untouched(2, []int{3, 1})
		n, err := Read(bytes.NewReader(b), "name", counters, vectors...)
		if err != nil {
			if touched(counters, vectors) {
				t.Errorf("error %v, but something was overwritten", err)
			}
			return
		}
		if again := written(t, "name", counters, vectors...); !bytes.Equal(again, b[:n]) {
			t.Errorf("read %x, which is written %x", b[:n], again)
		}
	})
}

func untouched(counters int, lengths []int) (c []uint64, v [][]float32) {
	c = slices.Repeat([]uint64{77}, counters)
	for _, n := range lengths {
		v = append(v, slices.Repeat([]float32{77}, n))
	}
	return c, v
}

func touched(counters []uint64, vectors [][]float32) bool {
	return slices.ContainsFunc(counters, func(c uint64) bool { return c != 77 }) ||
		slices.ContainsFunc(slices.Concat(vectors...), func(x float32) bool { return x != 77 })
}
