package main

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

// scaleX scales the axis of x from 0 and returns its end. It is linear, unless some runs
// end ten times further along x than others: then it is logarithmic but for its
// beginning, so that 0 is on it.
func scaleX(p *plot.Plot, records []record, x abscissa) float64 {
	shortest, longest := math.Inf(1), 0.0
	for _, r := range records {
		if n := len(r.Points); n > 0 && x.of(r.Points[n-1]) > 0 {
			end := x.of(r.Points[n-1])
			shortest, longest = min(shortest, end), max(longest, end)
		}
	}
	if longest == 0 {
		return 1
	}
	if longest > 10*shortest {
		scale := fromZero{shortest / 10}
		p.X.Scale, p.X.Tick.Marker = scale, scale
	}
	return 1.02 * longest
}

// A span is the losses in a picture.
type span struct {
	low, high float64
	log       bool // the axis is logarithmic
}

// spanOf is the losses that a picture shows. If they span more than a decade they are all
// in it, on a logarithmic axis, up to the initial loss. If not, it is those that are not
// early, which is where methods differ; the initial loss is there too if it is near. A
// loss above the initial one is never in the picture.
func spanOf(records []record, early func(point) bool) span {
	low, high, start := math.Inf(1), math.Inf(-1), startOf(records)
	for _, r := range records {
		if !r.baseline() {
			low = min(low, float64(r.Target))
		}
		for _, q := range r.Points {
			loss := float64(q.Loss)
			if !q.Loss.finite() || loss > start {
				continue
			}
			low = min(low, loss)
			if !early(q) {
				high = max(high, loss)
			}
		}
	}
	switch {
	case low > 0 && !math.IsInf(start, 0) && start > 10*low:
		return span{low / 1.1, start * 1.1, true}
	case !(high > low) && start > low:
		high = start
	case !(high > low): // nothing, or one loss
		if math.IsInf(low, 0) {
			low = 0
		}
		return span{low - 0.5, low + 0.5, false}
	case start-low < 1.5*(high-low):
		high = start
	}
	margin := 0.05 * (high - low)
	return span{low - margin, high + margin, false}
}

// startOf is the largest loss of an initial model, +Inf if no run has it.
func startOf(records []record) float64 {
	start := math.Inf(-1)
	for _, r := range records {
		if len(r.Points) > 0 && r.Points[0].TimeMS == 0 && r.Points[0].Loss.finite() {
			start = max(start, float64(r.Points[0].Loss))
		}
	}
	if math.IsInf(start, 0) {
		return math.Inf(1)
	}
	return start
}

// edge is just below the top.
func (s span) edge() float64 {
	if s.log {
		return s.high * math.Pow(s.low/s.high, 0.02)
	}
	return s.high - 0.02*(s.high-s.low)
}

// leaves reports whether a run ends above the picture, and where its line last is in it:
// at the top, or at the last loss that was finite. xys is the line.
func (s span) leaves(r record, xys plotter.XYs) (end plotter.XY, lost bool) {
	last := len(xys) - 1
	if final := r.Points[len(r.Points)-1].Loss; final.finite() && float64(final) <= s.high && r.End != endFailed {
		return xys[last], false
	}
	for last > 0 && xys[last].Y > s.high {
		last--
	}
	end = xys[last]
	if last+1 < len(xys) { // it crosses the top on its way to the next point
		next := xys[last+1]
		end.X += (next.X - end.X) * (s.high - end.Y) / (next.Y - end.Y)
		end.Y = s.edge()
	}
	return end, true
}

// fromZero is an axis of log(1 + x/from): linear up to from or so, and logarithmic
// beyond it. It has 0 on it.
type fromZero struct{ from float64 }

// Normalize implements [plot.Normalizer].
func (f fromZero) Normalize(lo, hi, x float64) float64 {
	of := func(x float64) float64 { return math.Log1p(x / f.from) }
	return (of(x) - of(lo)) / (of(hi) - of(lo))
}

// Ticks implements [plot.Ticker].
func (f fromZero) Ticks(lo, hi float64) []plot.Tick {
	return append([]plot.Tick{{Value: 0, Label: "0"}}, decades{}.Ticks(max(lo, f.from), hi)...)
}

// decades ticks a logarithmic axis at 1, 2 and 5 times the powers of ten.
type decades struct{}

// Ticks implements [plot.Ticker].
func (decades) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for digit := 1.0; digit < 10; digit++ {
			t := plot.Tick{Value: digit * math.Pow(10, e)}
			if digit == 1 || digit == 2 || digit == 5 {
				t.Label = strconv.FormatFloat(t.Value, 'g', 6, 64)
			}
			if lo <= t.Value && t.Value <= hi {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// steps ticks a linear axis some six times, at multiples of 1, 2 or 5 times a
// power of ten.
type steps struct{}

// Ticks implements [plot.Ticker].
func (steps) Ticks(lo, hi float64) []plot.Tick {
	size := math.Pow(10, math.Floor(math.Log10(hi-lo)))
	for _, divide := range []float64{1, 2, 2.5} { // 1, then 1/2, then 1/5
		if (hi-lo)/size < 5 {
			size /= divide
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(lo / size); i <= hi/size; i++ {
		value := i * size
		if value == 0 {
			value = 0 // not -0, which the label would show
		}
		ticks = append(ticks, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'g', 6, 64)})
	}
	return ticks
}
