package bytelm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// writeIndex is an index of sequences of so many tokens, document d of which is
// the sequences bounds[d] to bounds[d+1].
func writeIndex(kind byte, lengths []int32, bounds []int64) []byte {
	b := []byte(indexMagic)
	b = binary.LittleEndian.AppendUint64(b, 1)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(lengths)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(bounds)))
	for _, n := range lengths {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	width := map[byte]int64{typeUint16: 2, typeInt32: 4}[kind]
	var at int64
	for _, n := range lengths {
		b = binary.LittleEndian.AppendUint64(b, uint64(at))
		at += int64(n) * width
	}
	for _, s := range bounds {
		b = binary.LittleEndian.AppendUint64(b, uint64(s))
	}
	return b
}

// writeDataset writes documents of two sequences each, n tokens in all, whose
// tokens are the number of their document, and returns its prefix.
func writeDataset(t testing.TB, kind byte, documents int) string {
	t.Helper()
	var lengths []int32
	var tokens []byte
	bounds := []int64{0}
	for d := range documents {
		lengths = append(lengths, int32(d%5), 9)
		bounds = append(bounds, int64(len(lengths)))
		for range d%5 + 9 {
			if kind == typeUint16 {
				tokens = binary.LittleEndian.AppendUint16(tokens, uint16(d))
			} else {
				tokens = binary.LittleEndian.AppendUint32(tokens, uint32(d))
			}
		}
	}
	dir := t.TempDir()
	write(t, dir, "data.idx", string(writeIndex(kind, lengths, bounds)))
	write(t, dir, "data.bin", string(tokens))
	return filepath.Join(dir, "data")
}

func TestIndexedDataset(t *testing.T) {
	for _, kind := range []byte{typeUint16, typeInt32} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			const documents = 300
			c, err := OpenIndexed(writeDataset(t, kind, documents)+".bin", documents)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if n := c.TrainTokens() + c.HeldOutTokens(); c.Documents() != documents || n != documents*11 {
				t.Errorf("%d documents and %d tokens", c.Documents(), n)
			}
			held := letters(t, c)
			if len(held) < documents/32 || len(held) > documents/8 {
				t.Errorf("%d documents held out of %d", len(held), documents)
			}
			window := make([]uint16, 50)
			for s := range uint64(200) {
				if err := c.Train(window, 1, s); err != nil {
					t.Fatal(err)
				}
				for _, id := range window {
					if held[id] {
						t.Fatalf("sample %d has a token of held-out document %d", s, id)
					}
				}
			}
		})
	}
}

func TestTokenBeyondVocabulary(t *testing.T) {
	c, err := OpenIndexed(writeDataset(t, typeInt32, 40), 39)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	window := make([]uint16, c.TrainTokens())
	if err := c.Train(window, 1, 1); err == nil || !strings.HasSuffix(err.Error(), " of the data is 39: want below the vocabulary, 39") {
		t.Errorf("error %v", err)
	}
}

func TestIndexErrors(t *testing.T) {
	good := writeIndex(typeUint16, []int32{3, 4}, []int64{0, 1, 2})
	put64 := func(at int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at:], v); return b }
	}
	for _, c := range []struct {
		change func(b []byte) []byte
		want   string
	}{
		{func(b []byte) []byte { return b }, ""},
		{func(b []byte) []byte { return b[:33] }, "not a Megatron index: 33 bytes"},
		{func(b []byte) []byte { b[0] = 'm'; return b }, "not a Megatron index: 82 bytes"},
		{put64(9, 2), "version is 2: want 1"},
		{func(b []byte) []byte { b[17] = 7; return b }, "token type is 7: want 8 (uint16) or 4 (int32)"},
		{put64(18, 3), "index of 3 sequences and 3 document bounds has 48 bytes after its header"},
		{put64(18, 1<<63), "index of 9223372036854775808 sequences"},
		{func(b []byte) []byte { return put64(18, 1<<62)(put64(26, 6)(b)) }, "index of 4611686018427387904 sequences"}, // 12 times which is 0
		{func(b []byte) []byte { return append(b, 0) }, "has 49 bytes after its header"},
		{func(b []byte) []byte { return writeIndex(typeUint16, []int32{7}, []int64{0}) }, "number of document bounds is 1: want at least 2"},
		{func(b []byte) []byte { return writeIndex(typeUint16, []int32{3, 5}, []int64{0, 1, 2}) }, "sequences end at byte 16: want 14, the size of the .bin file"},
		{func(b []byte) []byte { return writeIndex(typeUint16, []int32{3, 3}, []int64{0, 1, 2}) }, "sequences end at byte 12: want 14, the size of the .bin file"},
		{func(b []byte) []byte { return writeIndex(typeUint16, []int32{3, 4}, []int64{0, 2, 1, 2}) }, "document bound 2 is 1: want them to rise from 0 to 2"},
		{func(b []byte) []byte { return writeIndex(typeUint16, []int32{-3, 10}, []int64{0, 1, 2}) }, "length of sequence 0 is -3: want 0 or more"},
		{put64(50, 8), "sequence 1 begins at byte 8: want 6, the end of the one before"},
		{put64(58, 1), "document bound 0 is 1: want them to rise from 0 to 2"},
		{put64(66, 3), "document bound 1 is 3: want them to rise from 0 to 2"},
		{put64(74, 1), "last document bound is 1: want 2, the number of sequences"},
	} {
		_, err := parseIndex(c.change([]byte(string(good))), 14)
		if c.want == "" && err == nil {
			continue
		}
		if c.want == "" || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	if _, err := OpenIndexed(filepath.Join(t.TempDir(), "no"), 9); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that of a missing file", err)
	}
}

// FuzzIndex: an index that is accepted can be read from end to end.
func FuzzIndex(f *testing.F) {
	f.Add(writeIndex(typeUint16, []int32{3, 4}, []int64{0, 1, 2}), uint16(14))
	f.Add(writeIndex(typeInt32, []int32{0, 2, 0}, []int64{0, 0, 1, 3}), uint16(8))
	f.Add([]byte(indexMagic), uint16(0))
	f.Fuzz(func(t *testing.T, index []byte, size uint16) {
		docs, err := parseIndex(index, int64(size))
		if err != nil {
			return
		}
		c := newCorpus(make([]byte, size), docs.width, 1, docs, nil)
		if n := c.TrainTokens() + c.HeldOutTokens(); n != int64(size)/int64(docs.width) {
			t.Fatalf("%d tokens in %d bytes", n, size)
		}
		for d := range docs.count() {
			if docs.start(d) > docs.start(d+1) {
				t.Fatalf("document %d ends before it begins", d)
			}
		}
		if n := c.TrainTokens(); n > 0 {
			if err := c.Train(make([]uint16, n), 1, 1); err != nil {
				t.Fatal(err)
			}
		}
		if n := c.HeldOutTokens(); n > 0 {
			_ = heldOutText(t, c)
			_, _ = c.HeldOut(Validation, 3, int(n+1)/2) // may be in the training text
		}
	})
}
