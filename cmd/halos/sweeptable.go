package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// sweepColumns are the columns of sweep.csv.
var sweepColumns = []string{"method", "length", "links", "batch", "seed", "settings", "end", "time_ms", "steps", "tokens", "loss", "error",
	"target", "target_ms", "ratio", "points"}

// The columns of what a run is known by and of what a row says that is kept.
const (
	columnMethod   = 0
	columnSettings = 5
	columnEnd      = 6
	columnPoints   = 15
)

// writeCSV writes every run that is done, and those of before that are not in this grid.
func (s *sweep) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write(sweepColumns) // Error reports it
	for _, d := range s.duels {
		v := d.verdict()
		for i, r := range d.runs {
			if r.done {
				_ = out.Write(slices.Concat(r.row(s.seed), []string{numberOrNone(v.target), numberOrNone(v.times[i]), numberOrNone(v.ratio), curveText(r.record.Points)}))
			}
		}
	}
	for _, row := range s.kept {
		_ = out.Write(row)
	}
	out.Flush()
	return out.Error()
}

func (r *sweepRun) row(seed uint64) []string {
	return []string{r.method.name, exact(r.at.length), exact(r.at.links), whole(r.at.batch), whole(seed), r.key,
		r.record.End, exact(r.record.TimeMS), whole(r.record.Steps), whole(r.record.Tokens), exact(float64(r.record.Loss)), r.record.Error}
}

func numberOrNone(x float64) string {
	if !number(x).finite() {
		return ""
	}
	return exact(x)
}

// curveText is the points of a run as time_ms:loss, with a space between them.
func curveText(points []point) string {
	var all []string
	for _, p := range points {
		all = append(all, exact(p.TimeMS)+":"+exact(float64(p.Loss)))
	}
	return strings.Join(all, " ")
}

// keep reads the sweep.csv at path, if there is one: its runs with the settings of this
// sweep are done.
func (s *sweep) keep(path string) error {
	rows, err := readKept(path, sweepColumns, "a sweep")
	if err != nil {
		return err
	}
	for i, row := range rows {
		if err := s.keepRow(row); err != nil {
			return unfitTable(path, fmt.Errorf("run %d: %w", i+1, err))
		}
	}
	return nil
}

func (s *sweep) keepRow(row []string) error {
	for _, r := range s.runs() {
		if r.method.name != row[columnMethod] || r.key != row[columnSettings] {
			continue
		}
		r.record.Method, r.record.Seed, r.record.Error = r.method.name, s.seed, row[11]
		if err := r.parse(row); err != nil {
			return err
		}
		if !r.done {
			r.done = true
			s.ended++
		}
		return nil
	}
	s.kept = append(s.kept, row)
	return nil
}

// parse is the inverse of row and curveText.
func (r *sweepRun) parse(row []string) error {
	var loss float64
	for i, into := range []any{&r.record.TimeMS, &r.record.Steps, &r.record.Tokens, &loss} {
		column := columnEnd + 1 + i
		if _, err := fmt.Sscan(row[column], into); err != nil {
			return fmt.Errorf("%s is %q: want a number", sweepColumns[column], row[column])
		}
	}
	r.record.Loss, r.record.End, r.record.Points = number(loss), row[columnEnd], nil
	if r.record.End != endBudget && r.record.End != endFailed {
		return fmt.Errorf("end is %q: want %s or %s", r.record.End, endBudget, endFailed)
	}
	for text := range strings.FieldsSeq(row[columnPoints]) {
		ms, loss, _ := strings.Cut(text, ":")
		x, err := strconv.ParseFloat(ms, 64)
		y, err2 := strconv.ParseFloat(loss, 64)
		if err != nil || err2 != nil {
			return fmt.Errorf("points has %q: want time_ms:loss", text)
		}
		r.record.Points = append(r.record.Points, point{TimeMS: x, Loss: number(y)})
	}
	if len(r.record.Points) == 0 {
		return errors.New("it has no points")
	}
	return nil
}
