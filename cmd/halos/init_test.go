package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// What init writes runs as it is, and learns.
func TestInitRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, out, err := command(t, "init"); code != 0 || out != "" || err != "halos: run.yaml is written; try: halos sim run.yaml\n" {
		t.Fatalf("status %d, %q, %q", code, out, err)
	}
	if code, out, err := command(t, "sim", "run.yaml", "--result", "r"); code != 0 || err != "" || !strings.HasPrefix(out, "loss 0.0") {
		t.Errorf("status %d, %q, %q: want a loss near 0", code, out, err)
	}
	if res := readResult(t, "r"); *res.Points[0].Loss < 10 {
		t.Errorf("the first loss is %v: want a large one", *res.Points[0].Loss)
	}
	if code, out, err := command(t, "init", "-"); code != 0 || out != string(firstRunFile) || err != "" {
		t.Errorf("status %d, %d bytes, %q: want the file", code, len(out), err)
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("here"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{file, link, dir} {
		if code, _, err := command(t, "init", path); code != 1 || !strings.Contains(err, path+" is there already") {
			t.Errorf("%s: status %d, %q", path, code, err)
		}
	}
	text, _ := os.ReadFile(file)
	if files, _ := os.ReadDir(dir); string(text) != "here" || len(files) != 2 {
		t.Errorf("%q, files %v: want what was there", text, files)
	}
}

// The file names every key of a run file and every plug.
func TestInitExplainsEverything(t *testing.T) {
	has := func(word string) bool {
		return regexp.MustCompile(`\b` + regexp.QuoteMeta(word) + `\b`).Match(firstRunFile)
	}
	for _, key := range fieldsOf(reflect.TypeFor[runfile.Config](), "") {
		if word := key[strings.LastIndexByte(key, '.')+1:]; !has(word) {
			t.Errorf("%s is not in the file", key)
		}
	}
	for line := range strings.Lines(runfile.Builtin().String()) {
		plug, keys, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if name := plug[strings.LastIndexByte(plug, ' ')+1:]; !has(name) {
			t.Errorf("%s is not in the file", plug)
		}
		for key := range strings.SplitSeq(keys, "; ") {
			if key, _, _ = strings.Cut(key, " "); key != "" && !has(key) {
				t.Errorf("%s of %s is not in the file", key, plug)
			}
		}
	}
	for i, line := range strings.Split(string(firstRunFile), "\n") {
		if len(line) > 90 {
			t.Errorf("line %d has %d letters: want at most 90", i+1, len(line))
		}
	}
}
