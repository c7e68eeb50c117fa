package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const byteLM = "{name: bytelm, data: text, context: 8, width: 8, layers: 1, heads: 1, heldout_windows: 4}"

// corpusBeside writes a folder of text, of which some is in Latin-1, and a run
// file that names it, and returns the run file.
func corpusBeside(t *testing.T, latin1 int) string {
	t.Helper()
	run := runFileWith(t, "{name: quadratic, dim: 4}", byteLM, "total_local_steps: 200", "total_local_steps: 8")
	dir := filepath.Join(filepath.Dir(run), "text")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		text := prose(uint64(i), 400)
		if i < latin1 {
			text += "caf\xe9"
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return run
}

// prose is words, by number, that no other has: held-out windows are not in the training text.
func prose(number uint64, bytes int) string {
	letters := make([]byte, bytes)
	chance := rand.New(rand.NewPCG(number, 1))
	for i := range letters {
		letters[i] = "etaoin shrdlu"[chance.IntN(13)]
	}
	return string(letters)
}

func TestDataIsRelativeToTheRunFile(t *testing.T) {
	file := corpusBeside(t, 0)
	t.Chdir(t.TempDir())
	_, beside, err := command(t, "sim", file)
	if !strings.HasPrefix(beside, "loss ") || err != "" {
		t.Fatalf("%q, %q: want the data beside the run file", beside, err)
	}
	text, _ := os.ReadFile(file)
	fromStdin := func() (code int, out, err string) {
		var stdout, stderr bytes.Buffer
		code = run(t.Context(), []string{"sim", "-"}, streams{bytes.NewReader(text), &stdout, &stderr, new(outputs)})
		return code, stdout.String(), stderr.String()
	}
	if code, _, err := fromStdin(); code != 2 || !strings.Contains(err, "workload.problem.data: ") {
		t.Errorf("status %d, %q: want no data in the working folder", code, err)
	}
	t.Chdir(filepath.Dir(file))
	if code, out, err := fromStdin(); code != 0 || out != beside {
		t.Errorf("status %d, %q, %q: want %q", code, out, err, beside)
	}
}

// A winner of tune is in another folder than the run file it comes from.
func TestDataOfAWinnerIsFound(t *testing.T) {
	file := corpusBeside(t, 0)
	m, err := readMethod(file)
	if err != nil {
		t.Fatal(err)
	}
	if m.text, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	f, err := newRunFile(m)
	if err != nil {
		t.Fatal(err)
	}
	if data := f.find("workload.problem.data").Value; data != filepath.Join(filepath.Dir(file), "text") {
		t.Errorf("data is %q: want the folder beside the first run file", data)
	}
}

func TestDataLeftOutIsTold(t *testing.T) {
	code, out, err := command(t, "sim", corpusBeside(t, 3))
	if want := "halos: workload.problem.data: 17 files are read and 3 left out, \"00\" for one: want UTF-8 text without NUL bytes\n"; code != 0 || out == "" || err != want {
		t.Errorf("status %d, %q, %q: want %q", code, out, err, want)
	}
	if code, _, err := command(t, "sim", corpusBeside(t, 20)); code != 2 || !strings.Contains(err, "workload.problem.data: ") || !strings.Contains(err, `20 other files, "00" for one`) {
		t.Errorf("status %d, %q: want an error", code, err)
	}
}

func TestDataFlagIsNamed(t *testing.T) {
	methods := changedMethods(t, "*", "{name: quadratic, dim: 12, noise: 0.3}", byteLM)
	for _, args := range [][]string{{"compare"}, {"tune"}} {
		out := filepath.Join(t.TempDir(), "out")
		code, _, err := command(t, append(args, methods, "--data", "nowhere", "--out", out)...)
		if code != 2 || !strings.HasPrefix(err, "halos: --data: ") && !strings.Contains(err, ": --data: ") {
			t.Errorf("%s: status %d, %q: want the flag", args, code, err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s has left its folder", args)
		}
	}
}
