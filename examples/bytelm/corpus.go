package bytelm

import (
	"encoding/binary"
	"fmt"
	"sort"
)

// A Corpus is documents of tokens, each document either for training or held
// out. It never changes; any number of goroutines may read it until Close.
//
// A window that reaches the end of its document goes on in the next one of the
// same side, the first after the last: no token is lost to padding, and no
// training window ever sees a held-out token.
type Corpus struct {
	tokens  []byte // little-endian, width bytes each
	width   int    // 1, 2 or 4
	vocab   int
	docs    documents
	train   int64 // tokens
	heldOut int64
	leftOut []string
	release func() error
}

// documents are ranges of tokens, one right after the other.
type documents interface {
	count() int
	start(d int) int64 // first token of document d; of d = count: the number of tokens
	heldOut(d int) bool
}

// newCorpus counts the tokens of both sides.
func newCorpus(tokens []byte, width, vocab int, docs documents, release func() error) *Corpus {
	c := &Corpus{tokens: tokens, width: width, vocab: vocab, docs: docs, release: release}
	for d := range docs.count() {
		if n := docs.start(d+1) - docs.start(d); docs.heldOut(d) {
			c.heldOut += n
		} else {
			c.train += n
		}
	}
	return c
}

// Documents is the number of documents of both sides together.
func (c *Corpus) Documents() int { return c.docs.count() }

// TrainTokens is the number of tokens for training.
func (c *Corpus) TrainTokens() int64 { return c.train }

// HeldOutTokens is the number of tokens held out.
func (c *Corpus) HeldOutTokens() int64 { return c.heldOut }

// LeftOut is the names, relative to the folder and sorted, of what was found in
// a folder of text and is no text: files with a NUL byte or in another encoding
// than UTF-8, links to nothing or to a folder, pipes. The slice stays the
// Corpus's.
func (c *Corpus) LeftOut() []string { return c.leftOut }

// Close releases the files of a mapped corpus, which may not be read after.
func (c *Corpus) Close() error {
	if c.release == nil {
		return nil
	}
	return c.release()
}

// Train overwrites dst, no longer than TrainTokens, with sample s of the
// training stream of a seed: the window at a position that is a hash of both,
// every position as likely as any other. The error names a token that is not in
// the vocabulary.
func (c *Corpus) Train(dst []uint16, seed, s uint64) error {
	if int64(len(dst)) > c.train {
		panic("bytelm: window is longer than the training text")
	}
	start := c.docs.start(0)
	total := uint64(c.docs.start(c.docs.count()) - start)
	var at int64
	var d int
	// A held-out position is drawn again. After 32 draws, which happens only
	// where nearly all is held out, the next training document has to do.
	for draw := range uint64(32) {
		at = start + int64(hash(seed, streamSamples, s, draw)%total)
		d = c.find(at)
		if !c.docs.heldOut(d) {
			return c.read(dst, d, at, false)
		}
	}
	return c.read(dst, d, c.docs.start(d+1), false)
}

// find is the document of a token.
func (c *Corpus) find(at int64) int {
	return sort.Search(c.docs.count(), func(d int) bool { return c.docs.start(d+1) > at })
}

func (c *Corpus) length(d int) int64 { return c.docs.start(d+1) - c.docs.start(d) }

// read fills dst from token at of document d on, within one side.
func (c *Corpus) read(dst []uint16, d int, at int64, heldOut bool) error {
	for len(dst) > 0 {
		if c.docs.heldOut(d) == heldOut && at < c.docs.start(d+1) {
			n := min(int64(len(dst)), c.docs.start(d+1)-at)
			if err := c.copy(dst[:n], at); err != nil {
				return err
			}
			dst = dst[n:]
		}
		d = (d + 1) % c.docs.count()
		at = c.docs.start(d)
	}
	return nil
}

// copy fills dst from token at on.
func (c *Corpus) copy(dst []uint16, at int64) error {
	raw := c.tokens[at*int64(c.width):][:len(dst)*c.width]
	if c.width == 1 && c.vocab >= 256 {
		for i, id := range raw {
			dst[i] = uint16(id)
		}
		return nil
	}
	for i := range dst {
		var id uint32
		switch c.width {
		case 1:
			id = uint32(raw[i])
		case 2:
			id = uint32(binary.LittleEndian.Uint16(raw[2*i:]))
		default:
			id = binary.LittleEndian.Uint32(raw[4*i:])
		}
		if id >= uint32(c.vocab) {
			return fmt.Errorf("bytelm: token %d of the data is %d: want below the vocabulary, %d", at+int64(i), id, c.vocab)
		}
		dst[i] = uint16(id)
	}
	return nil
}
