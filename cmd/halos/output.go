package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// outputs makes the files of a command, and knows those that are not finished.
type outputs struct {
	mu         sync.Mutex      // guards unfinished
	unfinished map[string]bool // by the path of the temporary file
}

// abandon removes what is unfinished and lets nothing begin after it: the
// process is about to end. Any goroutine may call it.
func (o *outputs) abandon() {
	o.mu.Lock() // to the end of the process
	for path := range o.unfinished {
		_ = os.Remove(path)
	}
}

func (o *outputs) begin(dir string) (*os.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := os.CreateTemp(dir, ".halos.*") // short: the file's own name may be as long as names can be
	if err != nil {
		return nil, err
	}
	if o.unfinished == nil {
		o.unfinished = make(map[string]bool)
	}
	o.unfinished[f.Name()] = true
	return f, nil
}

func (o *outputs) finished(path string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.unfinished, path)
}

// An output is a file that appears at its path, whole, with commit, or never. A
// device or a pipe is written to as it is.
type output struct {
	*bufio.Writer
	file *os.File
	path string   // to appear at; "" for what is not a regular file
	of   *outputs // nil when it is finished
}

// create opens an output. It fails if the file cannot be written when it is
// finished. Either commit or discard must follow.
func (o *outputs) create(path string) (*output, error) {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir() || os.IsPathSeparator(path[len(path)-1]):
		return nil, errors.New("it is a folder")
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &output{bufio.NewWriter(f), f, "", o}, err
	case err == nil:
		f, err := os.OpenFile(path, os.O_WRONLY, 0) // which a file that may not be changed refuses
		if err != nil {
			return nil, err
		}
		_ = f.Close() // nothing was written
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	path, err := target(path)
	if err != nil {
		return nil, err
	}
	f, err := o.begin(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	return &output{bufio.NewWriter(f), f, path, o}, nil
}

// commit lets the file appear. If it cannot, what was written stays where the
// error says.
func (o *output) commit() error {
	err := o.Flush()
	if o.path != "" {
		for _, do := range []func() error{func() error { return o.file.Chmod(0o644) }, o.file.Sync} {
			if e := do(); err == nil {
				err = e
			}
		}
	}
	if e := o.file.Close(); err == nil {
		err = e
	}
	if err != nil || o.path == "" {
		o.remove()
		return err
	}
	if err := os.Rename(o.file.Name(), o.path); err != nil {
		o.finish()
		return fmt.Errorf("%w: it is in %s", err, o.file.Name())
	}
	o.finish()
	return nil
}

// discard leaves no trace of an output, unless commit came first. It may be nil.
func (o *output) discard() {
	if o != nil && o.of != nil {
		_ = o.file.Close()
		o.remove()
	}
}

func (o *output) remove() {
	if o.path != "" {
		_ = os.Remove(o.file.Name())
	}
	o.finish()
}

func (o *output) finish() {
	o.of.finished(o.file.Name())
	o.of = nil
}

// write makes the file at path of what write writes.
func (o *outputs) write(path string, write func(io.Writer) error) error {
	f, err := o.create(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer f.discard()
	if err := write(f); err != nil {
		return err
	}
	return f.commit()
}

// prepare makes the folder of --out, in which files with these names must be
// possible. undo removes it if it was made here and is empty.
func (o *outputs) prepare(dir string, names []string) (undo func(), err error) {
	undo = func() {}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		undo = func() { _ = os.Remove(dir) }
	}
	refused := func(err error) (func(), error) {
		return func() {}, fmt.Errorf("--out is %q: want a folder that can be written to (%w)", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return refused(err)
	}
	for _, name := range names {
		f, err := o.create(filepath.Join(dir, name))
		if err != nil {
			undo()
			return refused(fmt.Errorf("%s: %w", name, err))
		}
		f.discard()
	}
	return undo, nil
}

// target follows the links of path, also of one to a file that is not there yet.
func target(path string) (string, error) {
	for range 40 { // as many as Linux follows
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err == nil {
			dir, err = filepath.Abs(dir)
		}
		if err != nil {
			return "", err
		}
		path = filepath.Join(dir, filepath.Base(path))
		to, err := os.Readlink(path)
		if err != nil { // it is no link
			return path, nil
		}
		if path = to; !filepath.IsAbs(to) {
			path = filepath.Join(dir, to)
		}
	}
	return "", errors.New("too many links")
}

// A namedFile is a file and what names it: a flag or a key.
type namedFile struct{ by, path string }

// distinct reports an output that would take the place of another or of an input.
func distinct(outs, ins []namedFile) error {
	for i, out := range outs {
		for _, other := range slices.Concat(outs[:i], ins) {
			if sameFile(out.path, other.path) {
				return usageError{fmt.Errorf("%s is %q: want another file than that of %s", out.by, out.path, other.by)}
			}
		}
	}
	return nil
}

// sameFile reports whether two paths are one regular file, there or not yet.
func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	if errX == nil && errY == nil {
		return x.Mode().IsRegular() && os.SameFile(x, y)
	}
	a, errX = target(a)
	b, errY = target(b)
	return errX == nil && errY == nil && a == b
}

// standardOutput is what the shell may have sent into a file, by the names that
// Unix gives it.
var standardOutput = []namedFile{{"standard output", "/dev/stdout"}, {"standard error", "/dev/stderr"}}
