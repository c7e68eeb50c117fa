//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCommand lets the test binary be the command itself, in a process of its own.
const asCommand = "HALOS_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	progressAfter = 30 * time.Second
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is the command in a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe, args...)
	c.Env = append(os.Environ(), asCommand+"=1")
	return c
}

func endlessRun(t *testing.T) string {
	return runFileWith(t, "total_local_steps: 200", "total_local_steps: 100000000000, eval_every: 100000000000")
}

// growing waits until there is something in a temporary file of dir.
func growing(t *testing.T, dir string, size int64) {
	t.Helper()
	for t.Context().Err() == nil {
		files, _ := filepath.Glob(filepath.Join(dir, ".halos.*"))
		for _, f := range files {
			if s, err := os.Stat(f); err == nil && s.Size() >= size {
				return
			}
		}
	}
}

func TestSignalsEndARunInOrder(t *testing.T) {
	t.Parallel()
	run := endlessRun(t)
	for sig, want := range map[syscall.Signal]struct {
		status int
		text   string
	}{
		syscall.SIGINT:  {130, "halos: interrupted\n"},
		syscall.SIGTERM: {143, "halos: interrupted: terminated\n"},
		syscall.SIGHUP:  {129, "halos: interrupted: hangup\n"},
	} {
		if sig == syscall.SIGHUP && signal.Ignored(sig) {
			continue // these tests run under nohup
		}
		dir := t.TempDir()
		trace, result := filepath.Join(dir, "t"), filepath.Join(dir, "r")
		c := process(t, "sim", run, "--trace", trace, "--result", result)
		var out, errs bytes.Buffer
		c.Stdout, c.Stderr = &out, &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		growing(t, dir, 1)
		_ = c.Process.Signal(sig)
		_ = c.Wait() // the status says it
		if code := c.ProcessState.ExitCode(); code != want.status || errs.String() != want.text || !strings.Contains(out.String(), " local steps: interrupted\nloss evaluated at 4 local steps\n") {
			t.Errorf("%v: status %d, %q, %q: want %d", sig, code, out.String(), errs.String(), want.status)
		}
		var res struct{ Steps uint64 }
		if readJSON(t, result, &res); res.Steps == 0 {
			t.Errorf("%v: the result has no steps: want those that were done", sig)
		}
		if text, _ := os.ReadFile(trace); !bytes.HasSuffix(text, []byte("}\n")) {
			t.Errorf("%v: the trace does not end with a whole line", sig)
		}
		if files, _ := os.ReadDir(dir); len(files) != 2 {
			t.Errorf("%v: files %v: want trace and result alone", sig, files)
		}
	}
}

// The trace goes to a pipe that nobody opens: the run does not begin, and the
// first signal changes nothing.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	dir, fifo := t.TempDir(), filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	c := process(t, "sim", endlessRun(t), "--trace", fifo, "--result", filepath.Join(dir, "r"))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	growing(t, dir, 0)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // the status says it
	}()
	for running := true; running; {
		select {
		case <-ended:
			running = false
		default:
			_ = c.Process.Signal(syscall.SIGTERM) // two of them may arrive as one
		}
	}
	files, _ := os.ReadDir(dir)
	if code := c.ProcessState.ExitCode(); code != 143 || len(files) > 0 {
		t.Errorf("status %d, files %v: want 143 and none", code, files)
	}
}

// TestHangupIgnoredByNohup: what nohup asks for is kept.
func TestHangupIgnoredByNohup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := process(t, "sim", endlessRun(t), "--trace", filepath.Join(dir, "t"), "--result", filepath.Join(dir, "r"))
	shell := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `trap "" HUP; exec "$@"`, "sh"}, c.Args...)...)
	shell.Env = c.Env
	var errs bytes.Buffer
	shell.Stderr = &errs
	if err := shell.Start(); err != nil {
		t.Skip(err)
	}
	growing(t, dir, 1)
	_ = shell.Process.Signal(syscall.SIGHUP)
	_ = shell.Process.Signal(syscall.SIGINT)
	_ = shell.Wait() // the status says it
	if code := shell.ProcessState.ExitCode(); code != 130 || errs.String() != "halos: interrupted\n" {
		t.Errorf("status %d, %q: want 130, of the interrupt", code, errs.String())
	}
}

// TestReaderGoesAway closes standard output after one line of the trace.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	result := filepath.Join(t.TempDir(), "r")
	long := runFileWith(t, "total_local_steps: 200", "total_local_steps: 20000")
	for _, args := range [][]string{{endlessRun(t)}, {long, "--result", result}} {
		c := process(t, append([]string{"sim", "--trace", "-"}, args...)...)
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(io.LimitReader(out, 1<<10)).ReadBytes('\n')
		if err != nil || !json.Valid(line) {
			t.Errorf("%q, %v: want a line of the trace", line, err)
		}
		_ = out.Close()
		_ = c.Wait() // the status says it
		if code := c.ProcessState.ExitCode(); code != exitPipe || !strings.Contains(errs.String(), "trace: write /dev/stdout: broken pipe\n") {
			t.Errorf("sim %v: status %d, %q: want %d", args, code, errs.String(), exitPipe)
		}
	}
	var res struct{ Steps uint64 }
	if readJSON(t, result, &res); res.Steps < 20000 {
		t.Errorf("the result has %d steps: want all, as it was asked for", res.Steps)
	}
}
