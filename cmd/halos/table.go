package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// lineWidth is the characters in a line of what compare prints.
const lineWidth = 80

// writeTables prints the rows for people: which method is ahead, then why. A > or <
// marks a bound: see [row].
func writeTables(w io.Writer, base string, rows []row) error {
	if err := writeColumns(w, fit(aheadTable(base, rows))); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := writeColumns(w, fit(whyTable(rows))); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, `
Tokens are counted when an update of the global model has them. Staleness is in
updates. The last column is the share of the workers' updates that are in the
global model, by region.
`)
	return err
}

// aheadTable is a line for each row, and two more for what differs between seeds.
func aheadTable(base string, rows []row) [][]string {
	x := shorten(base, 9)
	lines := [][]string{{"", "", "time to", "x", "tokens", "x"}, {"method", "reached", "target", x, "counted", x}}
	several := slices.ContainsFunc(rows, func(r row) bool { return r.Seeds > 1 })
	for i, r := range rows {
		if r.Reference && (i == 0 || !rows[i-1].Reference) {
			lines = append(lines, []string{"reference", "", "", "", "", ""})
		}
		lines = append(lines, []string{r.Method, r.reached(several), r.TimeMS.Median.show(virtual), r.TimeRatio.Median.show(digits3),
			r.Tokens.Median.show(count), r.TokenRatio.Median.show(digits3)})
		if r.Seeds > 1 {
			lines = append(lines, r.ends("  smallest", func(s spread) number { return s.Min })...)
			lines = append(lines, r.ends("  largest", func(s spread) number { return s.Max })...)
		}
	}
	return lines
}

// ends is the line of one end of each spread, and no line if none is known.
func (r row) ends(name string, end func(spread) number) [][]string {
	show := func(s spread, unit func(float64) string) string { return bounded{"", end(s)}.show(unit) }
	cells := []string{show(r.TimeMS, virtual), show(r.TimeRatio, digits3), show(r.Tokens, count), show(r.TokenRatio, digits3)}
	if !slices.ContainsFunc(cells, func(c string) bool { return c != "-" }) {
		return nil
	}
	return [][]string{append([]string{name, ""}, cells...)}
}

func whyTable(rows []row) [][]string {
	lines := [][]string{{"", "compute", "wait", "network", "between", "staleness", "", "updates in"},
		{"method", "%", "%", "%", "regions", "local", "global", "model, %"}}
	for i, r := range rows {
		if r.Reference && (i == 0 || !rows[i-1].Reference) {
			lines = append(lines, []string{"reference", "", "", "", "", "", "", ""})
		}
		lines = append(lines, []string{r.Method, percent(r.Compute), percent(r.Wait), percent(r.Communicate),
			bounded{"", r.InterRegionBytes}.show(func(x float64) string { return count(x) + "B" }), digits3(float64(r.LocalStaleness)), digits3(float64(r.GlobalStaleness)), r.shares()})
	}
	return lines
}

// reached says whether it reached the target, or with how many seeds if some row has
// several.
func (r row) reached(several bool) string {
	switch {
	case r.Baseline && r.Failed == 0:
		return "sets it"
	case several:
		return fmt.Sprintf("%d of %d", r.Reached, r.Seeds)
	case r.Reached == 1:
		return "yes"
	case r.Failed == 1:
		return "failed"
	}
	return "no: " + strconv.FormatFloat(float64(r.Loss), 'g', 4, 64)
}

// shares is the share of updates of each region, or the range if that is long.
func (r row) shares() string {
	var all []string
	var known []number
	for _, s := range r.ReachedShare {
		all = append(all, percent(s))
		if s.finite() {
			known = append(known, s)
		}
	}
	text := strings.Join(all, " ")
	switch {
	case len(known) == 0:
		return "-"
	case len(text) <= 11:
		return text
	}
	least, most := percent(slices.Min(known)), percent(slices.Max(known))
	if least == most {
		return least
	}
	return least + ".." + most
}

// fit shortens the first column so that the lines have lineWidth.
func fit(lines [][]string) [][]string {
	others := 0
	for i := range lines[0][1:] {
		widest := 0
		for _, cells := range lines {
			widest = max(widest, utf8.RuneCountInString(cells[i+1]))
		}
		others += 2 + widest
	}
	for _, cells := range lines {
		cells[0] = shorten(cells[0], max(8, lineWidth-others))
	}
	return lines
}

// writeColumns prints cells in columns, the first flush left, the others right.
func writeColumns(w io.Writer, lines [][]string) error {
	width := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, cells := range lines {
		var line strings.Builder
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i == 0 {
				line.WriteString(c + pad)
			} else {
				line.WriteString("  " + pad + c)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// shorten is text, or its beginning and its end with an ellipsis between them if it
// has more than n characters: names of run files often differ at the end.
func shorten(text string, n int) string {
	all := []rune(text)
	if len(all) <= n {
		return text
	}
	end := (n - 1) / 2
	return string(all[:n-1-end]) + "…" + string(all[len(all)-end:])
}

func percent(x number) string {
	if !x.finite() {
		return "-"
	}
	return fmt.Sprintf("%.0f", 100*float64(x))
}
