package bytelm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

// OpenIndexed maps the dataset prefix.idx and prefix.bin, as written by the
// preprocessing of Megatron-LM and GPT-NeoX, of uint16 or int32 tokens below
// vocab. The index is checked whole, the tokens when they are read. A document
// is held out if a hash of its number is in the lowest 16th. Where files cannot
// be mapped (not a Unix system) both are read to memory. A pipe or a device in
// the place of a file is refused. Close the corpus when done.
func OpenIndexed(prefix string, vocab int) (*Corpus, error) {
	prefix = strings.TrimSuffix(strings.TrimSuffix(prefix, ".idx"), ".bin")
	index, closeIndex, err := mapRegular(prefix + ".idx")
	if err != nil {
		return nil, fmt.Errorf("bytelm: index: %w", err)
	}
	tokens, closeTokens, err := mapRegular(prefix + ".bin")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bytelm: tokens: %w", err), closeIndex())
	}
	both := func() error { return errors.Join(closeIndex(), closeTokens()) }
	docs, err := parseIndex(index, int64(len(tokens)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bytelm: %s.idx: %w", prefix, err), both())
	}
	return newCorpus(tokens, docs.width, vocab, docs, both), nil
}

// mapRegular maps a file that is a regular one.
func mapRegular(path string) (data []byte, release func() error, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if err := regular(path, info); err != nil {
		return nil, nil, err
	}
	return mapFile(path)
}

// The index file, little-endian and without padding: magic, version, type of
// token, number of sequences n, number of document bounds b; then n lengths in
// tokens, n offsets in bytes of the .bin file, and b bounds: document d is the
// sequences bounds[d] to bounds[d+1].
const (
	indexMagic   = "MMIDIDX\x00\x00"
	indexVersion = 1
	indexHeader  = len(indexMagic) + 8 + 1 + 8 + 8
	typeInt32    = 4
	typeUint16   = 8
)

// indexedDocs is an index as it lies in the file.
type indexedDocs struct {
	width   int // bytes of a token
	tokens  int64
	offsets []byte // int64 each
	bounds  []byte // int64 each
}

func (x *indexedDocs) count() int { return len(x.bounds)/8 - 1 }

func (x *indexedDocs) start(d int) int64 {
	s := int64At(x.bounds, d)
	if s == int64(len(x.offsets)/8) {
		return x.tokens
	}
	return int64At(x.offsets, int(s)) / int64(x.width)
}

func (x *indexedDocs) heldOut(d int) bool { return hash(uint64(d)) < 1<<64/heldOutShare }

// parseIndex checks an index against the size of its .bin file: sequences must
// fill it without gaps, and documents must be all sequences, in order.
func parseIndex(b []byte, binBytes int64) (*indexedDocs, error) {
	if len(b) < indexHeader || string(b[:len(indexMagic)]) != indexMagic {
		return nil, fmt.Errorf("not a Megatron index: %d bytes that do not begin with %q", len(b), indexMagic)
	}
	h := b[len(indexMagic):indexHeader]
	if v := binary.LittleEndian.Uint64(h); v != indexVersion {
		return nil, fmt.Errorf("version is %d: want %d", v, indexVersion)
	}
	x := &indexedDocs{}
	switch h[8] {
	case typeUint16:
		x.width = 2
	case typeInt32:
		x.width = 4
	default:
		return nil, fmt.Errorf("token type is %d: want %d (uint16) or %d (int32)", h[8], typeUint16, typeInt32)
	}
	n, bounds := binary.LittleEndian.Uint64(h[9:]), binary.LittleEndian.Uint64(h[17:])
	rest := uint64(len(b) - indexHeader)
	if n > rest/12 || bounds > rest/8 || n*12+bounds*8 != rest {
		return nil, fmt.Errorf("index of %d sequences and %d document bounds has %d bytes after its header: want 12 and 8 bytes for each", n, bounds, rest)
	}
	if bounds < 2 {
		return nil, fmt.Errorf("number of document bounds is %d: want at least 2", bounds)
	}
	lengths := b[indexHeader : indexHeader+int(4*n)]
	x.offsets = b[indexHeader+int(4*n) : indexHeader+int(12*n)]
	x.bounds = b[indexHeader+int(12*n):]
	x.tokens = binBytes / int64(x.width)
	if err := x.checkSequences(lengths, binBytes); err != nil {
		return nil, err
	}
	return x, x.checkBounds(int64(n))
}

func (x *indexedDocs) checkSequences(lengths []byte, binBytes int64) error {
	var end int64
	for i := range len(lengths) / 4 {
		if at := int64At(x.offsets, i); at != end {
			return fmt.Errorf("sequence %d begins at byte %d: want %d, the end of the one before", i, at, end)
		}
		length := int32(binary.LittleEndian.Uint32(lengths[4*i:]))
		if length < 0 {
			return fmt.Errorf("length of sequence %d is %d: want 0 or more", i, length)
		}
		end += int64(length) * int64(x.width)
	}
	if end != binBytes {
		return fmt.Errorf("sequences end at byte %d: want %d, the size of the .bin file", end, binBytes)
	}
	return nil
}

func (x *indexedDocs) checkBounds(sequences int64) error {
	var last int64
	for d := range x.count() + 1 {
		s := int64At(x.bounds, d)
		if s < last || s > sequences || d == 0 && s != 0 {
			return fmt.Errorf("document bound %d is %d: want them to rise from 0 to %d", d, s, sequences)
		}
		last = s
	}
	if last != sequences {
		return fmt.Errorf("last document bound is %d: want %d, the number of sequences", last, sequences)
	}
	return nil
}

func int64At(b []byte, i int) int64 { return int64(binary.LittleEndian.Uint64(b[8*i:])) }
