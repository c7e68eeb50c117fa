package bytelm

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestHeldOutIsNotInTraining looks for the windows of the source text of Go, of which a
// third is copies, in the training text, byte for byte.
func TestHeldOutIsNotInTraining(t *testing.T) {
	c, err := LoadGoSource(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	var training []byte
	for d := range c.docs.count() {
		if !c.docs.heldOut(d) {
			training = append(training, c.tokens[c.docs.start(d):c.docs.start(d+1)]...)
		}
	}
	for _, window := range []int{33, 150} {
		for _, of := range []Windows{Test, Validation} {
			tokens, err := c.HeldOut(of, 32, window)
			if err != nil {
				t.Fatal(err)
			}
			for w := range slices.Chunk(tokens, window) {
				text := decode(w)
				for at := 0; at < window; at += pieceTokens {
					if piece := text[at:min(at+pieceTokens, window)]; len(piece) == min(window, pieceTokens) && bytes.Contains(training, []byte(piece)) {
						t.Errorf("%s window %q has %q, as the training text", of, text, piece)
					}
				}
			}
		}
	}
}

func decode(tokens []uint16) string {
	var b []byte
	for _, id := range tokens {
		b = append(b, byte(id))
	}
	return string(b)
}

// novel is text, by number, that is nowhere else.
func novel(number, bytes int) string {
	var b strings.Builder
	for i := uint64(0); b.Len() < bytes; i++ {
		fmt.Fprintf(&b, "%x ", hash(uint64(number), i))
	}
	return b.String()[:bytes]
}

// TestCopiesAreNotHeldOut has held-out documents that are, whole or in part, somewhere in the
// training documents: no window is of them, and each is of one kind only.
func TestCopiesAreNotHeldOut(t *testing.T) {
	const size = 4000
	texts := []string{
		novel(0, size),
		novel(1, size),
		novel(0, size), // held out: a vendored copy
		"Copyright\n" + novel(1, size)[17:size-500] + "end", // held out: a copy from elsewhere on
		novel(2, size),
		novel(3, size),                           // held out, and the only new text
		novel(4, 10) + novel(2, size)[1000:1200], // held out: a piece
	}
	c := corpusOf(texts, 2, 3, 5, 6)
	drawn := map[string]bool{}
	for _, of := range []Windows{Test, Validation} {
		tokens, err := c.HeldOut(of, 30, 50)
		if err != nil {
			t.Fatal(err)
		}
		for w := range slices.Chunk(tokens, 50) {
			text := decode(w)
			if strings.Contains(texts[0]+texts[1]+texts[4], text) {
				t.Errorf("%s window %q is in the training text", of, text)
			}
			if drawn[text] {
				t.Errorf("window %q is drawn twice", text)
			}
			drawn[text] = true
		}
	}
	// 4000 new bytes have 40 windows of each kind, and the seams some.
	_, err := c.HeldOut(Test, 100, 50)
	want := " test windows of 50 tokens that are not in the training text, of "
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), ": want 100") {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

// corpusOf is documents, those of the numbers held out.
func corpusOf(texts []string, held ...int) *Corpus {
	docs := &textDocs{starts: []int64{0}, held: make([]bool, len(texts))}
	for _, text := range texts {
		docs.starts = append(docs.starts, docs.starts[len(docs.starts)-1]+int64(len(text)))
	}
	for _, d := range held {
		docs.held[d] = true
	}
	return newCorpus([]byte(strings.Join(texts, "")), 1, 256, docs, nil)
}

// TestPieces: training text is seen across the ends of blocks and documents, and round.
func TestPieces(t *testing.T) {
	long := novel(7, 40000)
	for name, held := range map[string]string{
		"end of a block":    long[1<<14-10:][:20],
		"end of a document": long[len(long)-10:] + "0123456789",
		"held-out between":  "abcdefghijzyxwvutsrq",
		"round":             "zyxwvutsrqponmlkjihg"[10:] + long[:10],
		"beginning":         long[:20],
	} {
		c := corpusOf([]string{long, "0123456789abcdefghij", held + strings.Repeat("!", 20), "zyxwvutsrqponmlkjihg"}, 2)
		if got, err := c.HeldOut(Test, 1, 20); err == nil {
			t.Errorf("%s: %q is taken for new", name, decode(got))
		}
		if got, err := c.HeldOut(Validation, 1, 20); err != nil || decode(got) != strings.Repeat("!", 20) {
			t.Errorf("%s: validation window %q, %v", name, decode(got), err)
		}
	}
}

func TestTooLittleHeldOut(t *testing.T) {
	c := corpusOf([]string{"training", "0123456789"}, 1)
	for _, test := range []struct {
		of     Windows
		window int
		want   string
	}{
		{Test, 11, "bytelm: held-out text has 10 tokens: want at least 11, a test window"},
		{Validation, 6, "bytelm: held-out text has 10 tokens: want at least 12, a validation window"},
		{Validation, 5, "bytelm: held-out text has 1 validation windows of 5 tokens that are not in the training text, of 1: want 2"},
	} {
		if _, err := c.HeldOut(test.of, 2, test.window); err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

// BenchmarkHeldOut is the search of the training text for the windows of a run file.
func BenchmarkHeldOut(b *testing.B) {
	c, err := LoadGoSource(64 << 20)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(c.TrainTokens())
	for b.Loop() {
		if _, err := c.HeldOut(Test, 256, 33); err != nil {
			b.Fatal(err)
		}
	}
}
