// Command bench measures the kernels of this library on the machine it runs on, by
// its own memory bandwidth and beside the straightforward ways to do the same, and
// prints what it found as Markdown.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

type flags struct {
	Sizes   []string `default:"64KiB,512KiB,2MiB,16MiB,256MiB,1GiB" placeholder:"SIZE,..." help:"Sizes of one float32 vector (${default}). A kernel works on up to six of them."`
	Servers bool     `help:"Measure the servers of package halos too: some minutes more."`
	Torch   string   `placeholder:"PYTHON" help:"A Python that has PyTorch, as python3: measure the published server's form in it too."`
	Rounds  int      `default:"7" help:"Rounds of each measurement (${default})."`
	Quick   bool     `help:"A few seconds of everything, on little data: shows that the program works, says nothing about speed."`
	JSON    string   `name:"json" placeholder:"FILE" help:"Write all that is measured to FILE as JSON."`
}

func main() {
	var f flags
	parser := kong.Must(&f, kong.Name("bench"),
		kong.Description("Measure the kernels beside the roofline of this machine, and print Markdown."))
	_, err := parser.Parse(longFlags(os.Args[1:]))
	parser.FatalIfErrorf(err)
	parser.FatalIfErrorf(run(f, os.Stdout, os.Stderr))
}

// longFlags gives a word behind one dash the second that the parser wants.
func longFlags(args []string) []string {
	long := slices.Clone(args)
	for i, arg := range long {
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			long[i] = "-" + arg
		}
	}
	return long
}

// A bench is the measurement, and the report that grows out of it.
type bench struct {
	method
	threads []int // 1, 2 and all
	shapes  []shape
	models  []model
	logger  io.Writer

	report
}

// run measures, reports to out and tells log what it is at.
func run(f flags, out, log io.Writer) error {
	b, sizes, err := newBench(f, log)
	if err != nil {
		return err
	}
	for _, s := range sizes {
		b.benchKernels(s)
	}
	if err := b.benchRivals(f.Torch); err != nil {
		return err
	}
	if f.Servers {
		if err := b.benchServers(); err != nil {
			return err
		}
	}
	b.judge()
	if err := b.print(out); err != nil || f.JSON == "" {
		return err
	}
	return b.writeJSON(f.JSON)
}

func newBench(f flags, log io.Writer) (*bench, []int, error) {
	b := &bench{
		method:  method{rounds: f.Rounds, sample: 20 * time.Millisecond},
		threads: threadCounts(runtime.GOMAXPROCS(0)),
		shapes:  pythia70M(1),
		models:  []model{{"70 M", 70_426_624}, {"160 M", 162_322_944}},
		logger:  log,
	}
	if f.Quick {
		f.Sizes = []string{"64KiB", "512KiB"}
		b.method = method{rounds: 3, sample: time.Millisecond}
		b.shapes = pythia70M(16)
		b.models = []model{{"0.3 M", 300_000}}
	}
	if f.Rounds < 1 {
		return nil, nil, fmt.Errorf("bench: -rounds is %d: want at least 1", f.Rounds)
	}
	var sizes []int
	for _, s := range f.Sizes {
		n, err := parseSize(s)
		if err != nil {
			return nil, nil, err
		}
		sizes = append(sizes, n)
	}
	b.Machine = thisMachine(time.Now())
	b.Rounds, b.SampleMS = b.rounds, float64(b.sample)/float64(time.Millisecond)
	return b, sizes, nil
}

// threadCounts are 1, 2 and all.
func threadCounts(all int) []int {
	return slices.Compact([]int{1, min(2, all), all})
}

func (b *bench) log(format string, a ...any) {
	fmt.Fprintf(b.logger, "bench: "+format+"\n", a...)
}

var units = []struct {
	name  string
	bytes int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// parseSize reads a size such as 2MiB.
func parseSize(s string) (int, error) {
	for _, u := range units {
		if n, err := strconv.Atoi(strings.TrimSuffix(s, u.name)); err == nil && strings.HasSuffix(s, u.name) && n > 0 {
			return n * u.bytes, nil
		}
	}
	return 0, fmt.Errorf("bench: -sizes has %q: want whole KiB, MiB or GiB, as 2MiB", s)
}

// size writes a size as parseSize reads it.
func size(bytes int) string {
	for _, u := range units {
		if bytes%u.bytes == 0 {
			return strconv.Itoa(bytes/u.bytes) + " " + u.name
		}
	}
	return strconv.Itoa(bytes) + " B"
}

func (b *bench) writeJSON(name string) error {
	text, err := json.Marshal(b.report)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return os.WriteFile(name, append(text, '\n'), 0o666)
}
