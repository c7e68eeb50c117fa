package bytelm

import (
	"fmt"

	"github.com/halos-go/sdk/halos/runfile"
)

// Partition says which training text a worker sees. Held-out windows are always of all.
type Partition string

// The partitions. A part is documents that follow each other: for a folder, files in the
// order of their paths, so that a part is a few subfolders, with text of its own kind.
// Four parts of the source text of Go 1.26 begin with archive, cmd/go, compress and os.
const (
	IID      Partition = "iid"    // all text
	ByRegion Partition = "region" // a part for each region
	ByWorker Partition = "worker" // a part for each worker
)

// share is the corpus that a worker trains on.
func (p Partition) share(c *Corpus, of runfile.Place) (*Corpus, error) {
	part, parts := 0, 1
	switch p {
	case ByRegion:
		part, parts = of.Region, of.Regions
	case ByWorker:
		part, parts = of.Worker, of.Workers
	}
	if part < 0 || part >= parts {
		return nil, fmt.Errorf("bytelm: partition is %s: %d is no %s of %d", p, part, p, parts)
	}
	return c.Part(part, parts), nil
}

// Part is one of several parts of a corpus, from 0. They follow each other and have all
// text between them, each as many training tokens as the others, give or take one; a
// document in which one ends is cut. A part is for reading until the Corpus is closed.
func (c *Corpus) Part(part, parts int) *Corpus {
	if parts == 1 {
		return c
	}
	first, lo := c.cut(part, parts)
	last, hi := c.cut(part+1, parts)
	return newCorpus(c.tokens, c.width, c.vocab, someDocs{c.docs, first, last + 1, lo, hi}, nil)
}

// cut is the place where part k begins, and its document.
func (c *Corpus) cut(k, parts int) (d int, at int64) {
	if k == 0 {
		return 0, c.docs.start(0)
	}
	left := c.train/int64(parts)*int64(k) + c.train%int64(parts)*int64(k)/int64(parts) // training tokens before
	for d = range c.docs.count() {
		if c.docs.heldOut(d) {
			continue
		}
		if n := c.length(d); k == parts || left >= n {
			left -= n
			continue
		}
		return d, c.docs.start(d) + left
	}
	return d, c.docs.start(d + 1)
}

// someDocs are the tokens from lo to before hi, which are in the documents from first to
// before end.
type someDocs struct {
	documents
	first, end int
	lo, hi     int64
}

func (s someDocs) count() int         { return s.end - s.first }
func (s someDocs) start(d int) int64  { return min(max(s.documents.start(s.first+d), s.lo), s.hi) }
func (s someDocs) heldOut(d int) bool { return s.documents.heldOut(s.first + d) }
