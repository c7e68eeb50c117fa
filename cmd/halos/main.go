package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit statuses beside 0 and those of signals.
const (
	exitFailure = 1
	exitUsage   = 2
	exitPipe    = 128 + int(syscall.SIGPIPE)
)

// about is what help says first.
const about = `Train one model in many regions, on a virtual clock.

"halos help COMMAND" explains a command.

Exit status:

  0    done
  1    it failed
  2    a flag or a run file makes no sense
  129  ended by SIGHUP
  130  ended by SIGINT (Ctrl-C)
  141  standard output was closed
  143  ended by SIGTERM

What was done until it failed or ended is written to the files that flags name.

To begin: "halos init", then "halos sim run.yaml".`

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	files    *outputs
}

type commands struct {
	Init    initCmd    `cmd:"" help:"Write a run file to begin with, with every key explained."`
	Sim     simCmd     `cmd:"" help:"Simulate one run file."`
	Compare compareCmd `cmd:"" help:"Compare run files: simulated time to the same loss."`
	Tune    tuneCmd    `cmd:"" help:"Search every method's hyper-parameters with equal effort."`
	Sweep   sweepCmd   `cmd:"" help:"Compare HALoS with Async-Local-SGD over run length, link speed and batch."`
	Version versionCmd `cmd:"" help:"Print what this program is built from."`
}

// A usageError is a mistake in a flag or a run file.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// A path is a flag that is a path.
type path string

// UnmarshalText implements [encoding.TextUnmarshaler]. An empty path is what a
// shell makes of a variable that is not set.
func (p *path) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New(`is "": want a path`)
	}
	*p = path(text)
	return nil
}

func main() {
	files := new(outputs)
	ctx := interruptible(files.abandon)
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, files}))
}

// run runs the command in args and returns the exit status. The cause of the
// end of ctx is an [interruption].
func run(ctx context.Context, args []string, s streams) int {
	var c commands
	helped, help, status := false, s.out, 0
	switch {
	case len(args) == 0:
		args, help, status = []string{"--help"}, s.err, exitUsage
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	parser, err := kong.New(&c,
		kong.Name("halos"),
		kong.Description(about),
		kong.Writers(help, s.err),
		kong.Exit(func(int) { helped = true }),
		kong.Bind(s),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return report(ctx, s.err, err)
	}
	command, err := parser.Parse(longFlags(args))
	if helped {
		return status
	}
	if err != nil {
		return report(ctx, s.err, usageError{err})
	}
	return report(ctx, s.err, command.Run())
}

// report prints err, if it is one, and returns the exit status.
func report(ctx context.Context, w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	for _, line := range linesOf(err) {
		fmt.Fprintln(w, "halos: "+line)
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if signal, ok := errors.AsType[interruption](context.Cause(ctx)); ok {
		return signal.status()
	}
	if errors.Is(err, syscall.EPIPE) {
		return exitPipe
	}
	return exitFailure
}

// linesOf gives a line to each of the errors that are joined in err.
func linesOf(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{strings.Join(strings.Fields(err.Error()), " ")}
	}
	var all []string
	for _, e := range joined.Unwrap() {
		all = append(all, linesOf(e)...)
	}
	return all
}

// longFlags gives a word behind one dash the second that the parser wants, and
// joins a flag with a lone dash behind it, its value, which the parser would
// take for a flag.
func longFlags(args []string) []string {
	var long []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(long, args[i:]...)
		}
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			arg = "-" + arg
		}
		if strings.HasPrefix(arg, "--") && !strings.Contains(arg, "=") && i+1 < len(args) && args[i+1] == "-" {
			arg += "=-"
			i++
		}
		long = append(long, arg)
	}
	return long
}
