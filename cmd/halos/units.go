package main

import (
	"fmt"
	"math"
	"strconv"
)

// virtual is a simulated time in words, to three or so digits.
func virtual(ms float64) string {
	s := ms / 1000
	if !(s < 120) {
		s = math.Round(s)
	}
	switch {
	case math.IsNaN(s) || math.IsInf(s, 0):
		return "-"
	case s < 120:
		return fmt.Sprintf("%.1fs", s)
	case s < 7200:
		return fmt.Sprintf("%dm %02ds", int(s)/60, int(s)%60)
	case s < 100*3600:
		return fmt.Sprintf("%dh %02dm", int(s)/3600, int(s)%3600/60)
	case s < 1e4*86400:
		return fmt.Sprintf("%.1fd", s/86400)
	}
	return digits3(s/86400) + "d"
}

// lossText is a loss to four digits, or - where it was not evaluated.
func lossText(loss float64) string {
	if math.IsNaN(loss) {
		return "-"
	}
	return strconv.FormatFloat(loss, 'f', 4, 64)
}

// count is a large number with a letter for its thousands, to three digits.
func count(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= unit.size {
			return digits3(x/unit.size) + unit.name
		}
	}
	return digits3(x)
}

// digits3 is x to three digits, without an exponent for what is not large.
func digits3(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "-"
	case a >= 1e5:
		return strconv.FormatFloat(x, 'g', 3, 64)
	case a >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}
