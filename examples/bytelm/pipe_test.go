//go:build unix

package bytelm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPipeIsNoText: whoever opens a pipe waits until somebody writes to it.
func TestPipeIsNoText(t *testing.T) {
	dir := t.TempDir()
	fifo := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Skip(err)
		}
		return path
	}
	write(t, dir, "half.idx", "")
	for _, data := range []string{os.DevNull, fifo("pipe"), fifo("set.idx"), fifo("half.bin")} {
		if _, err := New(Options{Data: data}); err == nil || !strings.HasSuffix(err.Error(), data+" is not a regular file") {
			t.Errorf("%s: error %v, want that it is not a regular file", data, err)
		}
	}
	write(t, dir, "folder/a", "text")
	write(t, dir, "folder/b", "text")
	fifo("folder/pipe")
	if c := mustLoad(t, filepath.Join(dir, "folder"), 100); c.Documents() != 2 || len(c.LeftOut()) != 1 {
		t.Errorf("%d documents, %v left out: want 2, and the pipe", c.Documents(), c.LeftOut())
	}
}
