package bytelm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTextFolder puts files of one letter each, and some that are no text, in a
// folder: the letter of every token tells which file it is from.
func TestTextFolder(t *testing.T) {
	dir := t.TempDir()
	for i := range 26 {
		write(t, dir, fmt.Sprintf("sub%d/%c.txt", i%3, 'a'+i), strings.Repeat(string(rune('a'+i)), 40+i))
	}
	write(t, dir, "nul.txt", "A\x00B")
	write(t, dir, "latin1.txt", "caf\xe9")
	write(t, dir, "empty.txt", "")
	write(t, dir, ".git/config", "HIDDEN")
	write(t, dir, ".hidden", "HIDDEN")
	c := mustLoad(t, dir, 1<<20)
	if c.Documents() != 26 {
		t.Fatalf("%d documents, want 26", c.Documents())
	}
	held := letters(t, c)
	if n := c.TrainTokens() + c.HeldOutTokens(); n != 26*40+25*26/2 {
		t.Errorf("%d tokens in all", n)
	}

	// Every training position is drawn sooner or later, and no held-out one.
	seen := map[uint16]bool{}
	window := make([]uint16, 30)
	for s := range uint64(2000) {
		if err := c.Train(window, 7, s); err != nil {
			t.Fatal(err)
		}
		for _, id := range window {
			seen[id] = true
			if held[id] {
				t.Fatalf("sample %d has held-out text %q", s, rune(id))
			}
		}
	}
	if len(seen)+len(held) != 26 {
		t.Errorf("letters in training %d, held out %d, want 26 in all", len(seen), len(held))
	}
}

// letters is what the held-out text is made of.
func letters(t *testing.T, c *Corpus) map[uint16]bool {
	held := map[uint16]bool{}
	for _, id := range heldOutText(t, c) {
		held[id] = true
	}
	return held
}

func heldOutText(t *testing.T, c *Corpus) []uint16 {
	t.Helper()
	text := make([]uint16, c.HeldOutTokens())
	if err := c.read(text, 0, 0, true); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestHoldOut: whatever the hashes are, both sides have a document.
func TestHoldOut(t *testing.T) {
	const low, high = 1 << 59, 1 << 61 // of a bound of 1 << 60
	for _, c := range []struct {
		hashes []uint64
		want   []bool
	}{
		{[]uint64{high, low, high + 1, low + 1}, []bool{false, true, false, true}},
		{[]uint64{high + 1, high}, []bool{false, true}},
		{[]uint64{low, low + 1}, []bool{true, false}},
	} {
		docs := &textDocs{hashes: c.hashes}
		docs.holdOut()
		if !slices.Equal(docs.held, c.want) {
			t.Errorf("hashes %x: held out %v, want %v", c.hashes, docs.held, c.want)
		}
	}
}

func TestSampleIsAFunctionOfSeedAndNumber(t *testing.T) {
	c := mustLoad(t, ".", 1<<20)
	draw := func(seed, s uint64) string {
		window := make([]uint16, 33)
		if err := c.Train(window, seed, s); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(window)
	}
	if draw(1, 2) != draw(1, 2) {
		t.Error("a sample differs from itself")
	}
	if draw(1, 2) == draw(1, 3) || draw(1, 2) == draw(2, 2) || draw(1, 2) == draw(2, 1) {
		t.Error("two samples are one")
	}
}

// TestSamplesAreEven: every training position begins a sample as often as any
// other, also the one behind a long held-out document.
func TestSamplesAreEven(t *testing.T) {
	docs := &textDocs{starts: []int64{0, 40, 50}, held: []bool{true, false}}
	c := newCorpus([]byte(strings.Repeat("-", 40)+"0123456789"), 1, 256, docs, nil)
	count := map[uint16]int{}
	first := make([]uint16, 1)
	for s := range uint64(10000) {
		if err := c.Train(first, 1, s); err != nil {
			t.Fatal(err)
		}
		count[first[0]]++
	}
	for id := uint16('0'); id <= '9'; id++ {
		if count[id] < 850 || count[id] > 1150 { // five standard deviations
			t.Errorf("%q begins %d of 10000 samples, want about 1000", rune(id), count[id])
		}
	}
}

// TestWindowGoesOn: a window that reaches the end of a document goes on in the next of its
// side.
func TestWindowGoesOn(t *testing.T) {
	docs := &textDocs{starts: []int64{0, 2, 3, 6, 12}, held: []bool{false, true, false, true}}
	c := newCorpus([]byte("ab0cde123456"), 1, 256, docs, nil)
	window := make([]uint16, 7)
	if err := c.read(window, 2, 4, false); err != nil || !slices.Equal(window, encode("deabcde")) {
		t.Errorf("training window %d, %v", window, err)
	}
	if err := c.read(window, 1, 2, true); err != nil || !slices.Equal(window, encode("0123456")) {
		t.Errorf("held-out window %d, %v", window, err)
	}
}

func TestSingleFileHoldsItsEndOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "one", strings.Repeat("t", 150)+strings.Repeat("h", 10)+"é")
	c := mustLoad(t, filepath.Join(dir, "one"), 161) // cuts the last character in half
	if c.TrainTokens() != 150 || c.HeldOutTokens() != 10 {
		t.Errorf("%d and %d tokens, want 150 and 10", c.TrainTokens(), c.HeldOutTokens())
	}
	if held, err := c.HeldOut(Test, 1, 10); err != nil || !slices.Equal(held, encode("hhhhhhhhhh")) {
		t.Errorf("held out %d, %v", held, err)
	}
}

func TestMaxBytes(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		write(t, dir, fmt.Sprint(i), "0123456789")
	}
	c := mustLoad(t, dir, 205)
	if c.Documents() != 20 {
		t.Errorf("%d documents, want 20", c.Documents())
	}
	// A link to a file of the folder adds nothing.
	if err := os.Symlink(filepath.Join(dir, "1"), filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if n := mustLoad(t, dir, 1<<20).Documents(); n != 40 {
		t.Errorf("%d documents, want 40", n)
	}
	// But the folder itself may be named by one.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if n := mustLoad(t, link, 1<<20).Documents(); n != 40 {
		t.Errorf("%d documents by way of a link, want 40", n)
	}
}

// TestFolderOfLinks lays files out as a Hugging Face cache does: the text in one
// folder, links to it in another.
func TestFolderOfLinks(t *testing.T) {
	dir := t.TempDir()
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "snapshot", name)); err != nil {
			t.Skip(err)
		}
	}
	for i := range 30 {
		name := string(rune('a' + i))
		write(t, dir, "blobs/"+name, strings.Repeat(name, 40))
		write(t, dir, "plain/"+name+".txt", strings.Repeat(name, 40))
		write(t, dir, "snapshot/.keep", "")
		link("../blobs/"+name, name+".txt")
	}
	c, plain := mustLoad(t, filepath.Join(dir, "snapshot"), 1<<20), mustLoad(t, filepath.Join(dir, "plain"), 1<<20)
	if c.Documents() != 30 || fmt.Sprint(letters(t, c)) != fmt.Sprint(letters(t, plain)) || len(c.LeftOut()) != 0 {
		t.Errorf("%d documents, %v left out: want those of a folder with the files themselves", c.Documents(), c.LeftOut())
	}
	link(".", "loop")
	link("../blobs", "folder")
	link("../blobs/a", "again")
	link("nowhere", "broken")
	c = mustLoad(t, filepath.Join(dir, "snapshot"), 1<<20)
	if want := []string{"broken", "folder", "loop"}; c.Documents() != 30 || !slices.Equal(c.LeftOut(), want) {
		t.Errorf("%d documents, %v left out: want 30 and %v", c.Documents(), c.LeftOut(), want)
	}
}

func TestLeftOut(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		write(t, dir, fmt.Sprintf("sub/%02d", i), "text")
	}
	write(t, dir, "sub/nul", "a\x00b")
	write(t, dir, "latin1", "caf\xe9")
	write(t, dir, "empty", "")
	if c := mustLoad(t, dir, 1<<20); c.Documents() != 20 || !slices.Equal(c.LeftOut(), []string{"latin1", "sub/nul"}) {
		t.Errorf("%d documents, %v left out: want 20, and latin1 and sub/nul", c.Documents(), c.LeftOut())
	}
}

func TestTextErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "alone/a", "text")
	write(t, dir, "binary", "a\x00b")
	write(t, dir, "latin1/a", "caf\xe9")
	write(t, dir, "latin1/b", "na\xefve")
	for _, c := range []struct{ path, want string }{
		{"missing", "bytelm: text: "},
		{"alone", "has 1 text files within 1000 bytes: want at least 2, one to hold out"},
		{"binary", "is not text: want UTF-8 without NUL bytes, or a dataset of .idx and .bin"},
		{"latin1", `has 0 text files within 1000 bytes: want at least 2, one to hold out; 2 other files, "a" for one, are not UTF-8 text without NUL bytes`},
	} {
		_, err := LoadText(filepath.Join(dir, c.path), 1000)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "bytelm: ") {
			t.Errorf("%s: error %v, want %q", c.path, err, c.want)
		}
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func mustLoad(t testing.TB, path string, maxBytes int64) *Corpus {
	t.Helper()
	c, err := LoadText(path, maxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
