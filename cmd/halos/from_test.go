package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompareFromItsOwnFolder(t *testing.T) {
	t.Parallel()
	dir, want := compareTiny(t)
	files := make(map[string][]byte)
	for _, name := range comparisonFiles {
		files[name], _ = os.ReadFile(filepath.Join(dir, name))
	}
	for _, name := range comparisonFigures {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := command(t, "compare", "--from", dir)
	if code != 0 || out != want {
		t.Errorf("status %d, %s, tables\n%s\nwant\n%s", code, errs, out, want)
	}
	for _, name := range comparisonFiles {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, files[name]) {
			t.Errorf("%s: %v: it is not what compare wrote", name, err)
		}
	}
}

func TestCompareFromAFileIntoAFolder(t *testing.T) {
	t.Parallel()
	from, _ := compareTiny(t)
	dir := filepath.Join(t.TempDir(), "out")
	if code, _, errs := command(t, "compare", "--from", filepath.Join(from, "compare.json"), "--out", dir); code != 0 {
		t.Fatalf("status %d: %s", code, errs)
	}
	if files, _ := os.ReadDir(dir); len(files) != len(comparisonFigures) {
		t.Errorf("files %v: want the figures", files)
	}
}

func TestCompareFromWhatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.json")
	if err := os.WriteFile(empty, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{dir: "compare.json: no such file", empty: "no methods or no runs"} {
		code, _, errs := command(t, "compare", "--from", from)
		if code != exitUsage || !strings.HasPrefix(errs, "halos: --from: ") || !strings.Contains(errs, want) {
			t.Errorf("status %d: %s", code, errs)
		}
	}
}
