package main

import (
	"encoding/csv"
	"io"
	"strconv"
)

var pointColumns = []string{"method", "seed", "time_ms", "version", "steps", "tokens_counted", "loss"}

// writePoints writes the points of all records as CSV with a header. A loss that
// is not finite is NaN or Inf.
func writePoints(w io.Writer, records []record) error {
	out := csv.NewWriter(w)
	_ = out.Write(pointColumns) // Error reports it
	for _, r := range records {
		for _, p := range r.Points {
			_ = out.Write([]string{
				r.Method, whole(r.Seed), exact(p.TimeMS), whole(p.Version), whole(p.Steps), whole(p.Tokens), exact(float64(p.Loss)),
			})
		}
	}
	out.Flush()
	return out.Error()
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
func whole(x uint64) string  { return strconv.FormatUint(x, 10) }
