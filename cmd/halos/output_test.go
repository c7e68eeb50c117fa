package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputsAreRefusedBeforeTheRun gives every output of every command paths
// that cannot be written. The run would never end.
func TestOutputsAreRefusedBeforeTheRun(t *testing.T) {
	dir := t.TempDir()
	run := runFileWith(t, "total_local_steps: 200", "total_local_steps: 100000000000")
	file := filepath.Join(dir, "file")
	locked, readOnly := filepath.Join(dir, "locked"), filepath.Join(dir, "readonly")
	for _, err := range []error{
		os.WriteFile(file, []byte("here"), 0o600), os.WriteFile(readOnly, []byte("here"), 0o400), os.Mkdir(locked, 0o500),
		os.MkdirAll(filepath.Join(dir, "taken", "points.csv"), 0o700), os.MkdirAll(filepath.Join(dir, "taken", "tune.csv"), 0o700),
		os.MkdirAll(filepath.Join(dir, "taken", boardFile), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	type wrong struct{ path, why string }
	files := []wrong{
		{filepath.Join(dir, "missing", "x"), "no such file"}, {filepath.Join(file, "x"), "not a directory"},
		{filepath.Join(dir, strings.Repeat("n", 256)), "name too long"}, {dir, "it is a folder"}, {dir + "/new/", "it is a folder"},
	}
	folders := []wrong{{file, "not a directory"}, {filepath.Join(dir, strings.Repeat("n", 256)), "name too long"}, {filepath.Join(dir, "taken"), "it is a folder"}}
	boards := []wrong{folders[0], folders[1], {filepath.Join(dir, "taken"), "is a directory"}}
	if os.Geteuid() != 0 { // who may write everywhere
		files = append(files, wrong{filepath.Join(locked, "x"), "permission denied"}, wrong{readOnly, "permission denied"})
		folders = append(folders, wrong{locked, "permission denied"}, wrong{filepath.Join(locked, "x"), "permission denied"})
	}
	for _, c := range []struct {
		args, flag string
		wrong      []wrong
	}{
		{"sim " + run, "--trace", files}, {"sim " + run, "--result", files}, {"sim " + run, "--model", files}, {"sim " + run, "--tensorboard", boards},
		{"compare " + tiny, "--out", folders}, {"tune " + tiny, "--out", folders},
	} {
		for _, w := range c.wrong {
			code, out, err := command(t, append(strings.Fields(c.args), c.flag, w.path)...)
			if code != 1 || out != "" || !strings.HasPrefix(err, "halos: "+c.flag+` is "`+w.path+`": want `) || !strings.Contains(err, w.why) || strings.Count(err, "\n") != 1 {
				t.Errorf("%s %s %s: status %d, %q, %q: want 1 and %q", c.args, c.flag, w.path, code, out, err, w.why)
			}
		}
	}
	if text, _ := os.ReadFile(file); string(text) != "here" {
		t.Errorf("a file that was there is %q", text)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 4 {
		t.Errorf("%v: want what was there before", files)
	}
}

// TestOutputsAreDistinct names one file twice, also by links.
func TestOutputsAreDistinct(t *testing.T) {
	run, old := runFileWith(t), changedMethods(t, "*")
	dir := filepath.Dir(run)
	in := func(name string) string { return filepath.Join(dir, name) }
	env := "num_regions: 2\nnetwork_bandwidths: [[100, 0.5], [0.5, 100]]\nworker_speeds: [[0.5, 1], [0.6]]\n"
	withEnv := strings.Replace(quadraticRun, "{network_bandwidths: [[100, 0.5], [0.5, 100]], worker_speeds: [[0.5, 1], [0.6]]}", "{env: env.yaml}", 1)
	withData := strings.Replace(quadraticRun, "{name: quadratic, dim: 4}", "{name: bytelm, data: text}", 1)
	for name, text := range map[string]string{"env.yaml": env, "withenv.yaml": withEnv, "withdata.yaml": withData, "text": strings.Repeat("text", 1000)} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("new", in("tonew")), os.Symlink(run, in("torun")), os.Symlink(dir, in("todir"))); err != nil {
		t.Skip(err)
	}
	t.Chdir(dir)
	for args, want := range map[string]string{
		"sim run.yaml -result new -trace new":         "--result",
		"sim run.yaml -result new -trace tonew":       "--result",
		"sim run.yaml -result todir/new -trace ./new": "--result",
		"sim run.yaml -result run.yaml":               "the run file",
		"sim run.yaml -result new -model new":         "--result",
		"sim run.yaml -model run.yaml":                "the run file",
		"sim run.yaml -trace torun":                   "the run file",
		"sim torun -result run.yaml":                  "the run file",
		"sim withenv.yaml -result env.yaml":           "topology.env",
		"sim withdata.yaml -trace text":               "the data",
		"tune OLD -out OLD":                           "the run file",
		"compare OLD -data points.csv -out .":         "the data",
	} {
		code, out, err := command(t, strings.Fields(strings.ReplaceAll(args, "OLD", old))...)
		if code != 2 || out != "" || !strings.HasSuffix(err, ": want another file than that of "+want+"\n") {
			t.Errorf("%s: status %d, %q, %q: want 2 and %q", args, code, out, err, want)
		}
	}
	if files, _ := filepath.Glob(in("*")); len(files) != 8 {
		t.Errorf("files %v: want those that were there", files)
	}
	for _, args := range []string{"sim run.yaml -trace - -result -", "sim run.yaml -trace /dev/null -result /dev/null", "sim run.yaml -result tonew"} {
		if code, _, err := command(t, strings.Fields(args)...); code != 0 {
			t.Errorf("%s: status %d, %q", args, code, err)
		}
	}
	if s, err := os.Lstat(in("new")); err != nil || !s.Mode().IsRegular() {
		t.Errorf("%v: want the result where the link points to", err)
	}
}

func TestOutputAppearsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, strings.Repeat("n", 255)) // as long as names can be
	files := new(outputs)
	write := func(text string, err error) error {
		return files.write(path, func(w io.Writer) error {
			_, _ = io.WriteString(w, text) // commit says if it failed
			return err
		})
	}
	failed := errors.New("failed")
	if err := write("half", failed); !errors.Is(err, failed) {
		t.Errorf("error %v, want %v", err, failed)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left of a file that failed", left)
	}
	if err := errors.Join(write("old", nil), write("new", nil)); err != nil {
		t.Fatal(err)
	}
	if err := write("half", failed); err == nil {
		t.Error("no error")
	}
	if text, _ := os.ReadFile(path); string(text) != "new" {
		t.Errorf("the file is %q, want new", text)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || len(files.unfinished) > 0 {
		t.Errorf("%v, %v unfinished: want the file alone", left, files.unfinished)
	}
}
