package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

//go:embed published.py
var publishedPy string

// A torch is a Python process that does the operations of the published server with
// PyTorch, one at a time, when asked.
type torch struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	version string
}

// reuse makes the heap of the C library keep what it has: without it each large
// tensor is mapped anew, and most of the time goes to page faults.
var reuse = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=1099511627776", "MALLOC_TOP_PAD_=268435456"}

func startTorch(python string, shapes []shape, env ...string) (*torch, error) {
	t := &torch{cmd: exec.Command(python, "-c", publishedPy)}
	t.cmd.Env = append(os.Environ(), env...)
	t.cmd.Stderr = os.Stderr
	in, err := t.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: -torch: %w", err)
	}
	t.in, t.out = in, bufio.NewScanner(out)
	if err := json.NewEncoder(in).Encode(shapes); err != nil {
		return nil, fmt.Errorf("bench: -torch: %w", err)
	}
	if !t.out.Scan() {
		return nil, fmt.Errorf("bench: -torch: %s has no PyTorch: %w", python, t.cmd.Wait())
	}
	t.version = t.out.Text()
	return t, nil
}

// step returns a function that does an operation on so many threads.
func (t *torch) step(operation string, threads int) func() {
	name := map[string]string{plainStep: "plain", nthStep: "nth", mergeBase: "merge"}[operation]
	return func() {
		if _, err := fmt.Fprintln(t.in, name, threads, 1); err != nil || !t.out.Scan() {
			panic("bench: PyTorch has died")
		}
	}
}

// close ends the process.
func (t *torch) close() error {
	if err := t.in.Close(); err != nil {
		return err
	}
	return t.cmd.Wait()
}
