package statetest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/halos-go/sdk/kernels/state"
)

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

// stateless reports whether s has nothing to remember: its record is empty, or it is a
// value, which Init cannot change.
func stateless(t *testing.T, s state.State) bool {
	t.Helper()
	return len(record(t, s)) == 0 || reflect.TypeOf(s).Kind() != reflect.Pointer
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head finds the end of the head at the beginning of b, before its checksum, and the
// number of elements behind it: see the format in package state. It is not ok if b is no
// such record, which a plug need not write.
func head(b []byte) (end, elements int, ok bool) {
	le := binary.LittleEndian
	if len(b) < 12 || string(b[:4]) != "hlsr" {
		return 0, 0, false
	}
	vectors := int(le.Uint16(b[10:]))
	end = 12 + int(le.Uint16(b[6:])) + 8*int(le.Uint16(b[8:])) + 8*vectors
	if len(b) < end+8 {
		return 0, 0, false
	}
	for i := range vectors {
		n := le.Uint64(b[end-8*(vectors-i):])
		if n > uint64(len(b)) {
			return 0, 0, false
		}
		elements += int(n)
	}
	return end, elements, len(b) >= end+8+4*elements
}

// renamed changes the name in a record and puts its checksum right.
func renamed(record []byte) ([]byte, bool) {
	end, _, ok := head(record)
	if !ok || binary.LittleEndian.Uint16(record[6:]) == 0 {
		return nil, false
	}
	b := slices.Clone(record)
	b[12] ^= 1
	binary.LittleEndian.PutUint32(b[end:], crc32.Checksum(b[:end], castagnoli))
	return b, true
}

// poisoned makes all elements in a record, and in those that follow it, NaN, and puts
// the checksums right.
func poisoned(records []byte) ([]byte, bool) {
	le, all := binary.LittleEndian, slices.Clone(records)
	for b := all; len(b) > 0; {
		end, n, ok := head(b)
		if !ok {
			return nil, false
		}
		vectors := b[end+4 : end+4+4*n]
		for i := range n {
			le.PutUint32(vectors[4*i:], math.Float32bits(float32(math.NaN())))
		}
		le.PutUint32(b[end+4+4*n:], crc32.Checksum(vectors, castagnoli))
		b = b[end+8+4*n:]
	}
	return all, true
}
