package sim

import "math"

// A dice draws numbers by SplitMix64 (Steele, Lea, Flood 2014): the same on every machine.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9E3779B97F4A7C15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below draws 0 to n-1. n is small, so the remainder favours none.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// share draws from [0, 1).
func (d *dice) share() float64 { return float64(d.next()>>11) / (1 << 53) }

// around draws whole milliseconds, evenly from 0 to twice a mean. Whole ones often fall
// together with other events.
func (d *dice) around(mean float64) float64 { return math.Round(2 * mean * d.share()) }
