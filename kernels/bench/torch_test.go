package main

import (
	"strings"
	"testing"
)

// A Python without PyTorch, and none at all, are errors and not missing rows.
func TestNoTorch(t *testing.T) {
	for _, python := range []string{"false", "no-such-python"} {
		_, err := startTorch(python, pythia70M(64))
		if err == nil || !strings.Contains(err.Error(), "-torch") {
			t.Errorf("%s: error %v", python, err)
		}
	}
}

// Where there is PyTorch, it does all operations on any number of threads.
func TestTorch(t *testing.T) {
	p, err := startTorch("python3", pythia70M(64))
	if err != nil {
		t.Skip("no PyTorch here: ", err)
	}
	for _, o := range operations {
		p.step(o, 1)()
		p.step(o, 2)()
	}
	if err := p.close(); err != nil || p.version == "" {
		t.Errorf("version %q, error %v", p.version, err)
	}
}
