package main

import (
	"math"
	"testing"
)

func TestVirtual(t *testing.T) {
	for ms, want := range map[float64]string{
		0: "0.0s", 1234: "1.2s", 119940: "119.9s", 119999: "120.0s", 120e3: "2m 00s", 125.6e3: "2m 06s", 7199.6e3: "2h 00m",
		9000e3: "2h 30m", 360000e3: "4.2d", 863e9: "9988.4d", 864e15: "1e+10d", math.Inf(1): "-",
	} {
		if got := virtual(ms); got != want {
			t.Errorf("%v ms: %s, want %s", ms, got, want)
		}
	}
}

func TestLossText(t *testing.T) {
	for loss, want := range map[float64]string{1.23456: "1.2346", 12: "12.0000", math.Inf(1): "+Inf"} {
		if got := lossText(loss); got != want {
			t.Errorf("%v: %s, want %s", loss, got, want)
		}
	}
	if got := lossText(math.NaN()); got != "-" {
		t.Errorf("a loss that was not evaluated: %s, want -", got)
	}
}

func TestCount(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0.00", 2.345: "2.35", 99.96: "100.0", 123.4: "123", 1000: "1.00k", 1572864: "1.57M", 104e9: "104G", 2.5e12: "2.50T", 1e18: "1e+06T",
	} {
		if got := count(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
