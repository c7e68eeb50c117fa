package main

import (
	"cmp"
	"math"
	"slices"
)

// A row is a method in the table. A quantity that differs between seeds is a
// spread or a median over them.
type row struct {
	Method    string `json:"method"`
	Baseline  bool   `json:"baseline"`            // it set the target
	Reference bool   `json:"reference,omitempty"` // made for --references
	Seeds     int    `json:"seeds"`               // that have a result
	Reached   int    `json:"reached"`             // with how many of them it reached the target
	Failed    int    `json:"failed"`              // with how many of them it failed, as when it diverged

	// Where it reached the target. In a seed with which it did not, it would be more
	// than at the end of its budget; in one with which it failed it is never. Ratios
	// are to the base with the same seed. The base may have missed the target as well:
	// then the ratio is less than that to the end of its budget.
	TimeMS     spread `json:"time_ms"`
	TimeRatio  spread `json:"time_ratio"`
	Tokens     spread `json:"tokens_counted"` // in updates of the global model
	TokenRatio spread `json:"token_ratio"`

	Factors factors `json:"factors"`

	// Medians over the seeds with which it did not fail.
	Loss             number   `json:"loss"` // held-out, at the end
	Compute          number   `json:"compute"`
	Wait             number   `json:"wait"`
	Communicate      number   `json:"communicate"`
	InterRegionBytes number   `json:"inter_region_bytes"`
	LocalStaleness   number   `json:"local_staleness"`
	GlobalStaleness  number   `json:"global_staleness"`
	ReachedShare     []number `json:"reached_share"` // of worker updates, by region
}

// Factors are the ratios to the base with one seed, so that
//
//	Time = Tokens * Clock
//
// holds, also where Time and Tokens are bounds. It does not hold between medians.
// The seed is the one with the median time ratio, of an even number of seeds the
// smaller of the middle two.
type factors struct {
	Seed   uint64  `json:"seed"`
	Time   bounded `json:"time"`
	Tokens bounded `json:"tokens"`
	Clock  number  `json:"clock"` // of simulated time per token
}

// summarize makes the table of the races that have a result. base is the name of
// the method to which all are compared.
func summarize(methods []method, base string, records []record) []row {
	reference := make(map[uint64]record) // by seed
	for _, r := range records {
		if r.Method == base && r.End != endInterrupted {
			reference[r.Seed] = r
		}
	}
	var rows []row
	for _, m := range methods {
		of := slices.DeleteFunc(slices.Clone(records), func(r record) bool {
			return r.Method != m.name || r.End == endInterrupted
		})
		if len(of) > 0 {
			rows = append(rows, newRow(m, of, reference))
		}
	}
	return rows
}

func newRow(m method, of []record, reference map[uint64]record) row {
	each := func(value func(record) interval) spread {
		var all []interval
		for _, r := range of {
			all = append(all, value(r))
		}
		return spreadOf(all)
	}
	ratio := func(value func(record) float64) func(record) interval {
		return func(r record) interval { return r.ratio(reference, value) }
	}
	row := row{
		Method:     m.name,
		Reference:  m.reference,
		Baseline:   of[0].baseline(),
		Seeds:      len(of),
		TimeMS:     each(func(r record) interval { return r.toTarget(timeOf) }),
		TimeRatio:  each(ratio(timeOf)),
		Tokens:     each(func(r record) interval { return r.toTarget(tokensOf) }),
		TokenRatio: each(ratio(tokensOf)),
	}
	row.Factors = newFactors(of, reference, row.TimeRatio.Median.Bound)
	for _, r := range of {
		switch r.End {
		case endReached:
			row.Reached++
		case endFailed:
			row.Failed++
		}
	}
	row.account(slices.DeleteFunc(slices.Clone(of), func(r record) bool { return r.End == endFailed }))
	return row
}

// account fills in the medians over runs that did not fail.
func (w *row) account(of []record) {
	middle := func(value func(record) float64) number {
		var all []float64
		for _, r := range of {
			if x := value(r); number(x).finite() {
				all = append(all, x)
			}
		}
		if len(all) == 0 {
			return number(math.NaN())
		}
		return number(median(all))
	}
	w.Loss = middle(func(r record) float64 { return float64(r.Loss) })
	w.Compute = middle(func(r record) float64 { return r.Compute })
	w.Wait = middle(func(r record) float64 { return r.Wait })
	w.Communicate = middle(func(r record) float64 { return r.Communicate })
	w.InterRegionBytes = middle(func(r record) float64 { return r.InterRegionBytes })
	w.LocalStaleness = middle(func(r record) float64 { return r.LocalStaleness })
	w.GlobalStaleness = middle(func(r record) float64 { return r.GlobalStaleness })
	if len(of) == 0 {
		return
	}
	for region := range of[0].Updates {
		w.ReachedShare = append(w.ReachedShare, middle(func(r record) float64 {
			return float64(r.Reached[region]) / float64(r.Updates[region])
		}))
	}
}

// newFactors takes the ratios of the seed that is in the middle. bound is that of
// the median time ratio.
func newFactors(of []record, reference map[uint64]record, bound string) factors {
	of = slices.Clone(of)
	slices.SortStableFunc(of, func(a, b record) int {
		x, y := a.ratio(reference, timeOf), b.ratio(reference, timeOf)
		if bound == "<" {
			return cmp.Or(cmp.Compare(x.hi, y.hi), cmp.Compare(x.lo, y.lo))
		}
		return cmp.Or(cmp.Compare(x.lo, y.lo), cmp.Compare(x.hi, y.hi))
	})
	r := of[(len(of)-1)/2]
	f := factors{Seed: r.Seed, Time: r.ratio(reference, timeOf).bounded(), Tokens: r.ratio(reference, tokensOf).bounded(), Clock: number(math.NaN())}
	if base, ok := reference[r.Seed]; ok && r.End != endFailed && base.End != endFailed {
		f.Clock = number(timeOf(r) / tokensOf(r) * tokensOf(base) / timeOf(base))
	}
	return f
}

func timeOf(r record) float64   { return r.TimeMS }
func tokensOf(r record) float64 { return float64(r.Tokens) }

// toTarget is what is known of a value at the target: it grows while r runs.
func (r record) toTarget(value func(record) float64) interval {
	switch {
	case r.End == endFailed:
		return exactly(math.Inf(1))
	case r.End == endReached || r.baseline():
		return exactly(value(r))
	}
	return interval{value(r), math.Inf(1)}
}

// ratio is that of a value to the base's with the same seed, where both are at the
// target. To a base that failed there is none.
func (r record) ratio(reference map[uint64]record, value func(record) float64) interval {
	base, ok := reference[r.Seed]
	if !ok || base.End == endFailed {
		return unknown
	}
	return r.toTarget(value).over(base.toTarget(value))
}
