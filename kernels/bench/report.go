package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

// A report is all that was measured: the JSON, and the Markdown that print makes of it.
type report struct {
	Machine  machine     `json:"machine"`
	Rounds   int         `json:"rounds"`
	SampleMS float64     `json:"sample_ms"`
	Tensors  string      `json:"tensors"`         // the list of the rivals
	Torch    string      `json:"torch,omitempty"` // version of PyTorch
	Roofline []roofRow   `json:"roofline"`
	Kernels  []kernelRow `json:"kernels"`
	Rivals   []rivalRow  `json:"rivals"`
	Servers  []serverRow `json:"servers,omitempty"`
	Targets  []target    `json:"targets"`
}

func (r *report) print(w io.Writer) error {
	var text strings.Builder
	r.head(&text)
	r.rooflineTable(&text)
	for _, vector := range r.vectors() {
		r.kernelTable(&text, vector)
	}
	r.passTable(&text)
	r.rivalTable(&text)
	r.serverTable(&text)
	r.targetTable(&text)
	_, err := io.WriteString(w, text.String())
	return err
}

func (r *report) head(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "# Kernels, measured\n\n")
	table(w, []string{"", ""}, [][]string{
		{"machine", fmt.Sprintf("%s, %d cores, GOMAXPROCS %d", known(m.CPU), m.Cores, m.GOMAXPROCS)},
		{"memory", fmt.Sprintf("%s; %s; transparent huge pages: %s", known(m.Memory), known(strings.Join(m.Caches, ", ")), known(m.HugePages))},
		{"instruction sets", strings.Join(m.Levels, ", ")},
		{"software", fmt.Sprintf("%s, %s, commit %s", m.Go, m.System, known(m.Commit))},
		{"date", m.Date},
		{"method", fmt.Sprintf("%d rounds, in each of which everything that is compared runs once, for at least %g ms or one call", r.Rounds, r.SampleMS)},
	})
	fmt.Fprintf(w, `
A number is a median over the rounds, and behind it, in percent of it, half the distance of the quartiles.
A ratio is the median of the ratios of each round. GB/s count the bytes that the operation must read and write,
and not what the cache fetches besides; 1 GB is 1e9 bytes.
`)
}

func known(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func (r *report) rooflineTable(w io.Writer) {
	fmt.Fprintf(w, `
## Roofline

GB/s of this machine in this run. Go's copy is cut among the goroutines and knows nothing of this library; the triad
y += a*x is kernels.SGD. The best of the three by its median is the in-place roofline, measured anew with each group of kernels.

`)
	var rows [][]string
	for _, row := range r.Roofline {
		cells := []string{size(row.Vector), fmt.Sprint(row.Threads)}
		for _, name := range moverNames {
			cells = append(cells, spread(row.GBs[name], "%.1f"))
		}
		rows = append(rows, append(cells, row.Best))
	}
	table(w, slices.Concat([]string{"vector", "threads"}, moverNames[:], []string{"best"}), rows)
}

// vectors are the sizes, in the order of measurement.
func (r *report) vectors() (sizes []int) {
	for _, row := range r.Roofline {
		if !slices.Contains(sizes, row.Vector) {
			sizes = append(sizes, row.Vector)
		}
	}
	return sizes
}

// find returns the row of a kernel, or nil.
func (r *report) find(kernel string, vector int, level string, threads int) *kernelRow {
	i := slices.IndexFunc(r.Kernels, func(row kernelRow) bool {
		return row.Kernel == kernel && row.Vector == vector && row.Level == level && row.Threads == threads
	})
	if i < 0 {
		return nil
	}
	return &r.Kernels[i]
}

// threads are the numbers of threads, in the order of measurement.
func (r *report) threads() (all []int) {
	for _, row := range r.Roofline {
		if !slices.Contains(all, row.Threads) {
			all = append(all, row.Threads)
		}
	}
	return all
}

func (r *report) kernelTable(w io.Writer, vector int) {
	fmt.Fprintf(w, "\n## Vectors of %s\n\n", size(vector))
	fmt.Fprintf(w, "B: least bytes per element. ns: per element. loop: times as fast as the plain Go loop on one thread. roof: part of the in-place roofline.\n\n")
	heads := []string{"kernel", "B"}
	for _, l := range isa.All() {
		heads = append(heads, "ns "+l.String())
	}
	heads = append(heads, "loop")
	for _, t := range r.threads() {
		heads = append(heads, fmt.Sprintf("ns x%d", t), "GB/s", "roof")
	}
	var rows [][]string
	for _, k := range works {
		cells := []string{k.name, fmt.Sprintf("%.4g", k.bytes)}
		for _, l := range isa.All() {
			cells = append(cells, cell(r.find(k.name, vector, l.String(), 1), nanoseconds))
		}
		cells = append(cells, cell(r.find(k.name, vector, best().String(), 1), overLoop))
		for _, t := range r.threads() {
			row := r.find(k.name, vector, best().String(), t)
			cells = append(cells, cell(row, nanoseconds), cell(row, func(row *kernelRow) string { return fmt.Sprintf("%.1f", row.GBs.Median) }),
				cell(row, func(row *kernelRow) string { return spread(row.OfRoof, "%.2f") }))
		}
		rows = append(rows, cells)
	}
	table(w, heads, rows)
}

func nanoseconds(row *kernelRow) string { return spread(row.NS, "%.3g") }

func overLoop(row *kernelRow) string {
	if row.OverLoop == nil {
		return "-"
	}
	return spread(*row.OverLoop, "%.2f")
}

// cell is f of the row, if that was measured.
func cell(row *kernelRow, f func(row *kernelRow) string) string {
	if row == nil {
		return "-"
	}
	return f(row)
}

func (r *report) passTable(w io.Writer) {
	fmt.Fprintf(w, "\n## Four pseudo-gradients in one pass\n\nTimes as fast as four calls, one for each.\n\n")
	heads := []string{"vector"}
	for _, t := range r.threads() {
		heads = append(heads, fmt.Sprintf("x%d", t))
	}
	var rows [][]string
	for _, v := range r.vectors() {
		cells := []string{size(v)}
		for _, t := range r.threads() {
			cells = append(cells, cell(r.find(onePass, v, best().String(), t), func(row *kernelRow) string { return spread(*row.OverCalls, "%.2f") }))
		}
		rows = append(rows, cells)
	}
	table(w, heads, rows)
}

func (r *report) rivalTable(w io.Writer) {
	fmt.Fprintf(w, `
## Beside the straightforward alternatives

A model of %s, shaped like Pythia-70M. ns per parameter, and times the time of this library.
%s "%s" imitates in Go the memory that the published server moves: the same operations in
the same order, tensor by tensor, each out of place into storage that is used again, with AVX2 where this machine has it, and each operation
on all threads, in pieces handed out as threads become free; its memory is that of make, as PyTorch's is that of malloc. What PyTorch costs besides is not imitated. "%s" is what a good
rewrite with add_, mul_, lerp_, zero_ and copy_ would move, by this library's own loops. "%s" is one flat vector in place, cut among the threads in each call.
"%s" on more than one thread is the library's own generic code, cut likewise.

`, r.Tensors, r.torchText(), published, inPlace, gonum, plainLoop)
	var rows [][]string
	for _, row := range r.Rivals {
		rows = append(rows, []string{row.Operation, fmt.Sprint(row.Threads), row.Way, spread(row.NS, "%.3g"), spread(row.Over, "%.2f")})
	}
	table(w, []string{"operation", "threads", "way", "ns", "times"}, rows)
}

func (r *report) torchText() string {
	if r.Torch == "" {
		return "PyTorch was not measured (-torch)."
	}
	return fmt.Sprintf(`"%s" is the published form in PyTorch %s, its C library told to keep its heap (%s); "%s" is the same with the heap as it comes.`,
		torchReused, r.Torch, strings.Join(reuse, " "), torchAsIs)
}

func (r *report) serverTable(w io.Writer) {
	if len(r.Servers) == 0 {
		return
	}
	fmt.Fprintf(w, `
## Servers

In process, without a network: one worker pushes, and the model of each answer is copied out as a driver must. The LPS has delayed Nesterov with a window
of %d, an exchange every %d updates that is answered at once, and Mix with %g; the GPS a window of %d. Before: the plain Go loop on one thread. After: %s on all cores.
Allowed: the in-place roofline of the same rounds, divided by the bytes of an update. Model copies: what the server itself holds, its parameters included, and the most that it held at any time of a cycle; what came and the copy that goes,
one of each at a time, are the driver's and come on top.

`, lpsWindow, exchange, mixed, gpsWindow, best())
	var rows [][]string
	for _, s := range r.Servers {
		rows = append(rows, []string{s.Server, s.Model, spread(s.Before, "%.2f"), spread(s.After, "%.1f"), spread(s.Speedup, "%.1f"),
			fmt.Sprintf("%.2f", s.Bytes), spread(s.Roofline, "%.1f"), spread(s.Allowed, "%.1f"), spread(s.OfRoof, "%.2f"),
			fmt.Sprintf("%.1f, %.0f B", s.Allocs, s.AllocBytes), fmt.Sprintf("%.2f", s.Persistent), fmt.Sprintf("%.2f", s.Peak)})
	}
	table(w, []string{"server", "parameters", "updates/s before", "after", "times", "B", "GB/s", "allowed", "of it",
		"allocated per update", "model copies", "peak"}, rows)
	fmt.Fprintln(w)
	for _, role := range roles {
		i := slices.IndexFunc(r.Servers, func(s serverRow) bool { return s.Server == role.name })
		if i >= 0 {
			fmt.Fprintf(w, "- %s: B = %s = %.2f bytes per parameter\n", role.name, r.Servers[i].Formula, r.Servers[i].Bytes)
		}
	}
}

func (r *report) targetTable(w io.Writer) {
	fmt.Fprintf(w, "\n## Targets\n\nA measurement, no test: MISS may be the machine's doing. Where several kernels are judged, the worst is shown.\n"+
		"Other kernels only read, or write what they do not read: what they move is not what the in-place roofline moves.\n\n")
	var rows [][]string
	for _, t := range r.Targets {
		rows = append(rows, []string{t.What, t.Want, t.Measured, t.Detail, t.Verdict})
	}
	table(w, []string{"what", "want", "measured", "", ""}, rows)
}

// spread writes a median with half the distance of the quartiles.
func spread(s stat, format string) string {
	percent := 0.0
	if s.Median != 0 {
		percent = 50 * (s.Q3 - s.Q1) / s.Median
	}
	return fmt.Sprintf(format+" ±%.0f%%", s.Median, percent)
}

// table writes a Markdown table.
func table(w io.Writer, heads []string, rows [][]string) {
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	line(heads)
	fmt.Fprintln(w, strings.Repeat("|---", len(heads))+"|")
	for _, row := range rows {
		line(row)
	}
}
