// Package optuna_test runs the example with two processes at once.
package optuna_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
)

// TestTwoProcesses needs a Python that has Optuna: $HALOS_PYTHON, or python3.
func TestTwoProcesses(t *testing.T) {
	python := os.Getenv("HALOS_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import optuna.storages.journal").Run(); err != nil {
		t.Skipf("%s has no Optuna: %v", python, err)
	}
	dir := t.TempDir()
	halos, study := filepath.Join(dir, "halos"), filepath.Join(dir, "study.log")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", halos, ".")
	build.Dir = filepath.Join("..", "..", "cmd", "halos")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	search := func(args ...string) string {
		c := exec.CommandContext(t.Context(), python, append([]string{"search.py", "--halos", halos, "--study", study}, args...)...)
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil {
			t.Errorf("%v\n%s", err, errs.Bytes())
		}
		return string(out)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { search("--trials", "6") })
	}
	both.Wait()
	if out := search("--show"); !regexp.MustCompile(`^best of 12: trial \d+, loss [0-9.e-]+, \{`).MatchString(out) {
		t.Errorf("%q: want the best of 12 trials", out)
	}
}
