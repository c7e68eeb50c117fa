// Package statetest checks a [state.State] against the laws of its interface. The
// suites optimtest and mergetest include it; run it by itself for a plug of
// another kind.
package statetest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/state"
)

// uses is how often a plug is used; plugs that do something only every so often
// should do it within half as many.
const uses = 24

// Run checks a plug. fresh returns a new one, always with the same valid
// hyper-parameters, on which Init has not been called; it is called many times.
// use feeds the plug its i-th input, which must depend on i and n only, and
// returns in a slice of its own all that can be seen of what the plug did.
func Run[S state.State](t *testing.T, n int, fresh func() S, use func(s S, i int) []float32) {
	t.Helper()
	start := func(t *testing.T, n int) S {
		t.Helper()
		s := fresh()
		if err := s.Init(kernels.CPU{}, n); err != nil {
			t.Fatalf("Init(%d): %v", n, err)
		}
		return s
	}
	goOn := func(s S, from int) (seen []float32) {
		for i := from; i < uses; i++ {
			seen = append(seen, use(s, i)...)
		}
		return seen
	}

	t.Run("name", func(t *testing.T) {
		s := start(t, n)
		name := s.Name()
		goOn(s, 0)
		if name == "" || s.Name() != name || fresh().Name() != name {
			t.Errorf("names are %q after Init, %q after use, %q before Init: want one, not empty", name, s.Name(), fresh().Name())
		}
	})
	t.Run("length", func(t *testing.T) {
		for _, bad := range []int{0, -1} {
			if fresh().Init(kernels.CPU{}, bad) == nil {
				t.Errorf("Init(%d): no error", bad)
			}
		}
	})
	t.Run("afresh", func(t *testing.T) {
		s := start(t, n)
		first := goOn(s, 0)
		if err := s.Init(kernels.CPU{}, n); err != nil {
			t.Fatalf("second Init: %v", err)
		}
		if !same(goOn(s, 0), first) {
			t.Error("after a second Init the plug does not do again what it did after the first")
		}
	})
	t.Run("continue", func(t *testing.T) {
		for stop := range uses + 1 {
			s, resumed := start(t, n), start(t, n)
			for i := range stop {
				use(s, i)
			}
			for i := range 5 { // something else, to be forgotten
				use(resumed, uses+i)
			}
			from := bytes.NewReader(append(record(t, s), "rest"...))
			read, err := resumed.ReadFrom(from)
			if err != nil {
				t.Fatalf("ReadFrom what WriteTo wrote after %d uses: %v", stop, err)
			}
			if from.Len() != len("rest") || read != from.Size()-int64(from.Len()) {
				t.Fatalf("ReadFrom reported %d bytes and left %d: want %d and %d", read, from.Len(), from.Size()-4, 4)
			}
			if !same(goOn(resumed, stop), goOn(s, stop)) {
				t.Fatalf("written and read after %d uses, the plug does not go on as it would have", stop)
			}
		}
	})
	t.Run("refuse", func(t *testing.T) {
		s, other := start(t, n), start(t, n)
		for i := range uses/2 + 1 {
			use(s, i)
			use(other, i+1)
		}
		before, good := record(t, s), record(t, other)
		refuse := func(what string, b []byte) {
			t.Helper()
			if _, err := s.ReadFrom(bytes.NewReader(b)); err == nil {
				t.Fatalf("ReadFrom a record %s: no error", what)
			}
			if !bytes.Equal(record(t, s), before) {
				t.Fatalf("ReadFrom a record %s changed the plug", what)
			}
		}
		for i := range good {
			refuse("cut off", good[:i])
			damaged := slices.Clone(good)
			damaged[i] ^= 0x10
			refuse("with a wrong bit", damaged)
		}
		refuse("of another name", renamed(good))
		longer := fresh() // which need not be possible, and need not make a difference
		if longer.Init(kernels.CPU{}, n+1) == nil && len(record(t, longer)) != len(good) {
			refuse("of another length", record(t, longer))
		}
	})
	t.Run("errors", func(t *testing.T) {
		s := start(t, n)
		size := len(record(t, s))
		if _, err := s.WriteTo(&full{room: size - 1}); err == nil {
			t.Error("WriteTo a writer that is full: no error")
		}
	})
}

// record is what s writes.
func record(t *testing.T, s state.State) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := s.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("WriteTo reported %d bytes and error %v: want %d and none", n, err, b.Len())
	}
	return b.Bytes()
}

// renamed changes the name in a record and puts its checksum right: see the
// format in package state.
func renamed(record []byte) []byte {
	le, b := binary.LittleEndian, slices.Clone(record)
	b[12] ^= 1
	end := 12 + int(le.Uint16(b[6:])) + 8*int(le.Uint16(b[8:])) + 8*int(le.Uint16(b[10:]))
	le.PutUint32(b[end:], crc32.Checksum(b[:end], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// full is a writer that has room for so many bytes.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}
