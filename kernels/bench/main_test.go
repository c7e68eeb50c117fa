package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

// tiny is a measurement of next to nothing.
func tiny() *bench {
	b := &bench{
		method:  method{rounds: 2, sample: time.Microsecond},
		threads: []int{1, 2},
		shapes:  pythia70M(128),
		models:  []model{{"tiny", 5000}},
		logger:  io.Discard,
	}
	b.Machine = thisMachine(time.Unix(1e9, 0))
	return b
}

// Everything is measured, printed and judged.
func TestAll(t *testing.T) {
	b := tiny()
	b.benchKernels(4 << 10)
	if err := b.benchRivals(""); err != nil {
		t.Fatal(err)
	}
	if err := b.benchServers(); err != nil {
		t.Fatal(err)
	}
	b.judge()
	if got, want := len(b.Kernels), len(works)*(len(isa.All())+1); got != want {
		t.Errorf("%d rows of kernels, want %d", got, want)
	}
	if got, want := len(b.Rivals), 2*len(operations)*(len(ways)-2); got != want {
		t.Errorf("%d rows of rivals, want %d", got, want)
	}
	if got, want := len(b.Servers), len(roles); got != want {
		t.Errorf("%d servers, want %d", got, want)
	}
	for _, s := range b.Servers {
		if s.Allocs > 8 {
			t.Errorf("%s: %v allocations an update", s.Server, s.Allocs)
		}
	}
	text, err := json.Marshal(b.report) // fails for NaN and infinities: what was not measured must not be there
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(text, &back); err != nil || len(back.Kernels) != len(b.Kernels) {
		t.Errorf("JSON reads back with %v, %d rows", err, len(back.Kernels))
	}
	var out strings.Builder
	if err := b.print(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## Roofline", "## Vectors of 4 KiB", "| DelayedPlain |", "| EncodeDelta int8 |", published, "| LPS |", "## Targets"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	wellFormed(t, out.String())
}

// wellFormed wants as many cells in each row of a table as in its head.
func wellFormed(t *testing.T, markdown string) {
	cells := 0
	for line := range strings.Lines(markdown) {
		n := strings.Count(line, "|")
		if n > 0 && cells > 0 && n != cells {
			t.Errorf("%d bars, above %d: %s", n, cells, line)
		}
		cells = n
	}
}

func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("TestAll does the same with less")
	}
	file := filepath.Join(t.TempDir(), "bench.json")
	var out, log bytes.Buffer
	if err := run(flags{Quick: true, Rounds: 7, JSON: file}, &out, &log); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); err != nil || !json.Valid(text) {
		t.Errorf("JSON: %v, %d bytes", err, len(text))
	}
	if !strings.Contains(out.String(), "not measured") {
		t.Error("no target is said not to be measured, without servers")
	}
}

func TestFlagsRefused(t *testing.T) {
	for want, f := range map[string]flags{
		`bench: -sizes has "3": want whole KiB, MiB or GiB, as 2MiB`:    {Rounds: 1, Sizes: []string{"1MiB", "3"}},
		`bench: -sizes has "0MiB": want whole KiB, MiB or GiB, as 2MiB`: {Rounds: 1, Sizes: []string{"0MiB"}},
		`bench: -rounds is 0: want at least 1`:                          {Sizes: []string{"1MiB"}},
	} {
		if err := run(f, io.Discard, io.Discard); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestLongFlags(t *testing.T) {
	got := longFlags([]string{"-quick", "--servers", "-h", "-json=x", "-sizes", "1MiB"})
	if want := []string{"--quick", "--servers", "-h", "--json=x", "--sizes", "1MiB"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int{"64KiB": 1 << 16, "2MiB": 2 << 20, "1GiB": 1 << 30} {
		n, err := parseSize(text)
		if err != nil || n != want || strings.ReplaceAll(size(n), " ", "") != text {
			t.Errorf("%s is %d, %v, written %s; want %d", text, n, err, size(n), want)
		}
	}
}

func TestThreadCounts(t *testing.T) {
	for all, want := range map[int][]int{1: {1}, 2: {1, 2}, 4: {1, 2, 4}} {
		if got := threadCounts(all); !slices.Equal(got, want) {
			t.Errorf("of %d: %v, want %v", all, got, want)
		}
	}
}

// One kernel at nine tenths of the roofline holds the threshold; another below it
// is named and fails the target.
func TestJudge(t *testing.T) {
	b := tiny()
	b.report = report{Roofline: []roofRow{{Vector: large, Threads: 1}}}
	row := func(kernel string, part float64) {
		b.Kernels = append(b.Kernels, kernelRow{Kernel: kernel, Vector: large, Level: best().String(), Threads: 1,
			OfRoof: stat{Median: part, Q1: part, Q3: part}})
	}
	judged := func() target {
		b.Targets = nil
		b.judge()
		return b.Targets[0]
	}
	row("SGD", 0.90)
	row(fourCalls, 0.1) // a rival is not judged
	if got := judged(); got.Verdict != "PASS" || got.Measured != "0.90 ±0%" {
		t.Errorf("0.90 of the roofline: %+v", got)
	}
	row("Mix", 0.89)
	row("Scale", 0.5)
	row("Delta", 0.1) // of another kind
	if got := judged(); got.Verdict != "MISS" || got.Detail != "3 kernels; short: Mix 0.89, Scale 0.50" {
		t.Errorf("two below: %+v", got)
	}
}

// At 10 GB/s of float32 an element takes 0.4 ns.
func TestFloatSpeed(t *testing.T) {
	if got := floatSpeed(&kernelRow{NS: stat{Median: 0.4, Q1: 0.2, Q3: 0.8}}).Median; math.Abs(got-10) > 1e-9 {
		t.Errorf("%v GB/s, want 10", got)
	}
}

// The bytes of an update, by hand.
func TestServerBytes(t *testing.T) {
	for i, want := range []float64{4 + 320./16 + 8 + 48./32, 4 + 40./2 + 8} {
		if got := roles[i].bytes(); got != want {
			t.Errorf("%s: %v bytes, want %v", roles[i].name, got, want)
		}
	}
}
