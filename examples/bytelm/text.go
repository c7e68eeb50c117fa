package bytelm

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"
)

// heldOutShare is the part of documents held out: one in so many.
const heldOutShare = 16

// LoadText reads a folder or a file of text, at most maxBytes of it.
//
// Of a folder it takes every regular file, however deep, that is text: UTF-8
// without a NUL byte; [Corpus.LeftOut] says how many were not. Names that begin
// with a dot are left out. A link to a file counts as that file, unless the
// folder has the file already; a link to a folder is not followed. The one file
// in 16 (at least one) whose path, relative to the folder, has the lowest hash
// is held out. If the folder is larger than maxBytes, files are taken in the
// order of another hash of their paths while they fit. So the same folder gives
// the same corpus on every machine.
//
// Of a single file it takes the first maxBytes and holds the last 16th out. A
// pipe or a device is refused: its length is not known.
func LoadText(path string, maxBytes int64) (*Corpus, error) {
	return loadText(path, "", maxBytes)
}

// LoadGoSource is LoadText of the .go files of the Go installation, found with
// "go env GOROOT": some 90 MB of text on every machine that builds this.
// Another Go version has another text, and so another loss.
func LoadGoSource(maxBytes int64) (*Corpus, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	root := strings.TrimSpace(string(out))
	if err != nil {
		root = runtime.GOROOT() //nolint:staticcheck // the command is not in the path; this may still be right
	}
	if root == "" {
		return nil, fmt.Errorf("bytelm: no Go installation found for its source text: name a folder or file of text instead")
	}
	return loadText(filepath.Join(root, "src"), ".go", maxBytes)
}

// A textFile is a file of a folder, before it is read.
type textFile struct {
	path string // relative, with slashes
	size int64
	hash uint64
}

func loadText(path, suffix string, maxBytes int64) (*Corpus, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("bytelm: text: %w", err)
	}
	if !info.IsDir() {
		if err := regular(path, info); err != nil {
			return nil, fmt.Errorf("bytelm: text: %w", err)
		}
		return loadFile(path, min(info.Size(), maxBytes))
	}
	root, err := filepath.EvalSymlinks(path) // a walk does not follow its root
	if err != nil {
		return nil, fmt.Errorf("bytelm: text: %w", err)
	}
	files, leftOut, err := list(root, suffix)
	if err != nil {
		return nil, fmt.Errorf("bytelm: text: %w", err)
	}
	docs, text, err := readAll(root, limit(files, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("bytelm: text: %w", err)
	}
	docs.leftOut = append(docs.leftOut, leftOut...)
	slices.Sort(docs.leftOut)
	if docs.count() < 2 {
		return nil, fmt.Errorf("bytelm: folder %s has %d text files within %d bytes: want at least 2, one to hold out%s",
			path, docs.count(), maxBytes, others(docs.leftOut))
	}
	docs.holdOut()
	c := newCorpus(text, 1, 256, docs, nil)
	c.leftOut = docs.leftOut
	return c, nil
}

// regular wants a regular file: opening a pipe waits for whoever writes to it.
func regular(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("%s is not a regular file", path)
}

// loadFile makes one file two documents.
func loadFile(path string, size int64) (*Corpus, error) {
	text := make([]byte, size)
	n, err := readFile(path, text)
	if err != nil {
		return nil, fmt.Errorf("bytelm: text: %w", err)
	}
	text = trimRune(text[:n])
	if !isText(text) {
		return nil, fmt.Errorf("bytelm: %s is not text: want UTF-8 without NUL bytes, or a dataset of .idx and .bin", path)
	}
	n = len(text)
	cut := int64(n - n/heldOutShare)
	return newCorpus(text, 1, 256, &textDocs{starts: []int64{0, cut, int64(n)}, held: []bool{false, true}}, nil), nil
}

// list walks a folder. It returns its files in the order of their names, and
// the names of what is neither file nor folder, nor a link to a file.
func list(root, suffix string) (files []textFile, leftOut []string, err error) {
	var links []string
	there := make(map[string]bool) // files by their path without links
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".")
		switch {
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir() || hidden || !strings.HasSuffix(path, suffix):
			return nil
		case !entry.Type().IsRegular():
			links = append(links, path)
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		there[path] = true
		files = append(files, newTextFile(root, path, info.Size()))
		return nil
	})
	for _, link := range links {
		file, _ := filepath.EvalSymlinks(link)
		if there[file] {
			continue
		}
		info, err := os.Stat(link)
		if err != nil || !info.Mode().IsRegular() {
			leftOut = append(leftOut, relative(root, link))
			continue
		}
		there[file] = true
		files = append(files, newTextFile(root, link, info.Size()))
	}
	slices.SortFunc(files, func(a, b textFile) int { return strings.Compare(a.path, b.path) })
	return files, leftOut, err
}

func newTextFile(root, path string, size int64) textFile {
	rel := relative(root, path)
	return textFile{path: rel, size: size, hash: hashString(rel)}
}

// relative is the path of what is under root, with slashes.
func relative(root, path string) string {
	rel, _ := filepath.Rel(root, path) // never fails: the walk has joined both
	return filepath.ToSlash(rel)
}

// others says in an error what of a folder was left out.
func others(leftOut []string) string {
	if len(leftOut) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d other files, %q for one, are not UTF-8 text without NUL bytes", len(leftOut), leftOut[0])
}

// limit keeps files, in their order, of at most maxBytes together.
func limit(files []textFile, maxBytes int64) []textFile {
	order := slices.Clone(files)
	slices.SortFunc(order, func(a, b textFile) int {
		return cmp.Or(cmp.Compare(splitmix64(a.hash), splitmix64(b.hash)), strings.Compare(a.path, b.path))
	})
	taken := make(map[string]bool, len(files))
	for _, f := range order {
		if f.size <= maxBytes {
			maxBytes -= f.size
			taken[f.path] = true
		}
	}
	return slices.DeleteFunc(files, func(f textFile) bool { return !taken[f.path] })
}

// readAll reads files, one after another, to one slice, without those that are
// empty or no text.
func readAll(root string, files []textFile) (*textDocs, []byte, error) {
	var size int64
	for _, f := range files {
		size += f.size
	}
	text := make([]byte, size)
	docs := &textDocs{starts: []int64{0}}
	at := int64(0)
	for _, f := range files {
		n, err := readFile(filepath.Join(root, filepath.FromSlash(f.path)), text[at:at+f.size])
		if err != nil {
			return nil, nil, err
		}
		if !isText(text[at : at+int64(n)]) {
			docs.leftOut = append(docs.leftOut, f.path)
			continue
		}
		if n == 0 {
			continue
		}
		at += int64(n)
		docs.starts = append(docs.starts, at)
		docs.hashes = append(docs.hashes, f.hash)
	}
	return docs, text[:at], nil
}

// readFile reads the beginning of a file to dst, or all if that is less.
func readFile(path string, dst []byte) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n, err := io.ReadFull(f, dst)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

func isText(b []byte) bool { return bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) }

// trimRune drops the beginning of a character that a cut has left at the end.
func trimRune(b []byte) []byte {
	for k := 1; k <= min(3, len(b)); k++ {
		if tail := b[len(b)-k:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-k]
			}
			break
		}
	}
	return b
}

// textDocs are files, or the two parts of one.
type textDocs struct {
	starts []int64
	hashes []uint64
	held   []bool

	leftOut []string // files that are no text
}

func (t *textDocs) count() int         { return len(t.starts) - 1 }
func (t *textDocs) start(d int) int64  { return t.starts[d] }
func (t *textDocs) heldOut(d int) bool { return t.held[d] }

// holdOut holds the documents of hashes in the lowest 16th out, but at least
// the lowest, and never the highest.
func (t *textDocs) holdOut() {
	lowest, highest := slices.Min(t.hashes), slices.Max(t.hashes)
	t.held = make([]bool, len(t.hashes))
	for d, h := range t.hashes {
		t.held[d] = h == lowest || h < 1<<64/heldOutShare && h != highest
	}
}
