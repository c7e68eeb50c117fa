package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"github.com/halos-go/sdk/halos/runfile"
)

// curve is a run with an evaluation each minute, the first at 0.
func curve(method string, losses ...float64) record {
	r := record{Method: method, Seed: 11, Target: number(math.NaN()), End: endBudget}
	for i, loss := range losses {
		r.Points = append(r.Points, point{TimeMS: float64(i) * 60e3, Loss: number(loss)})
	}
	return r
}

func TestLossesInAPicture(t *testing.T) {
	nan := math.NaN()
	early := func(p point) bool { return p.TimeMS < 120e3 }
	for _, c := range []struct {
		what    string
		records []record
		want    span
	}{
		{"all of a fall that is even", []record{curve("a", 6, 5.8, 5.5, 4)}, span{3.9, 6.1, false}},
		{"what comes after a steep fall", []record{curve("a", 6, 3, 2.4, 2)}, span{1.98, 2.42, false}},
		{"decades", []record{curve("a", 11, 3, 1e-3)}, span{1e-3 / 1.1, 12.1, true}},
		{"no loss above the initial one", []record{curve("a", 6, 3, 2.4, 2), curve("b", 6, 7, 1e9, nan)}, span{1.98, 2.42, false}},
		{"nothing but initial models", []record{curve("a", 6), curve("b", 6)}, span{5.5, 6.5, false}},
		{"nothing", nil, span{-0.5, 0.5, false}},
	} {
		got := spanOf(c.records, early)
		if math.Abs(got.low-c.want.low) > 1e-9 || math.Abs(got.high-c.want.high) > 1e-9 || got.log != c.want.log {
			t.Errorf("%s: got %+v, want %+v", c.what, got, c.want)
		}
	}
}

func TestARunThatDivergesLeavesThePicture(t *testing.T) {
	y := span{low: 0, high: 10}
	failed := curve("a", 6, 4)
	failed.End = endFailed
	for _, c := range []struct {
		run  record
		end  plotter.XY
		lost bool
	}{
		{curve("a", 6, 20, 5), plotter.XY{X: 2, Y: 5}, false}, // it comes back
		{curve("a", 6, 4, 16, 30), plotter.XY{X: 1.5, Y: 9.8}, true},
		{curve("a", 6, 4, math.NaN()), plotter.XY{X: 1, Y: 4}, true},
		{failed, plotter.XY{X: 1, Y: 4}, true},
	} {
		var xys plotter.XYs
		for _, p := range c.run.Points {
			if p.Loss.finite() {
				xys = append(xys, plotter.XY{X: p.TimeMS / 60e3, Y: float64(p.Loss)})
			}
		}
		if end, lost := y.leaves(c.run, xys); end != c.end || lost != c.lost {
			t.Errorf("%v: ends at %v, lost %t: want %v, %t", c.run.Points, end, lost, c.end, c.lost)
		}
	}
}

func TestAnAxisFromZero(t *testing.T) {
	f := fromZero{0.5}
	if a, b := f.Normalize(0, 100, 0), f.Normalize(0, 100, 100); a != 0 || b != 1 {
		t.Errorf("0 is at %v and 100 at %v: want 0 and 1", a, b)
	}
	if near, far := f.Normalize(0, 100, 10)-f.Normalize(0, 100, 5), f.Normalize(0, 100, 100)-f.Normalize(0, 100, 50); math.Abs(near-far) > 0.02 {
		t.Errorf("5 to 10 takes %v, 50 to 100 takes %v: want about the same", near, far)
	}
	ticks := f.Ticks(0, 100)
	if ticks[0].Label != "0" || ticks[1].Value != 0.5 || ticks[len(ticks)-1].Value != 100 {
		t.Errorf("ticks %v: want 0, then 0.5 to 100", ticks)
	}
}

func TestNoTickIsMinusZero(t *testing.T) {
	for _, tick := range (steps{}).Ticks(-0.1, 3) {
		if tick.Label == "-0" {
			t.Error("a tick is -0")
		}
	}
}

func TestAPictureSaysWhatItShows(t *testing.T) {
	c := comparison{Seed: 11, Seeds: 3, Methods: []methodRecord{{Name: "steady"}, {Name: "wild"}}}
	c.Methods[0].Config.Workload.Problem.Name = "quadratic"
	c.Methods[0].Config.Topology = runfile.Topology{Speeds: [][]float64{{1, 2}, {1}}, Bandwidths: [][]float64{{100, 0.5}, {0.25, 100}}}
	c.Runs = []record{curve("steady", 6, 3, 2.6, 2.5, 2.4, 2.3, 2.2, 2.1, 2, 2, 2, 2), curve("wild", 6, 3, math.NaN())}
	c.Runs[1].Target = 2.25
	picture, err := c.drawLosses(abscissas(c.Runs)[0])
	if err != nil {
		t.Fatal(err)
	}
	var svg bytes.Buffer
	if err := writePlot(&svg, picture, "svg"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"quadratic on 3 workers in 2 regions, links of 0.25 to 0.5 Gbit/s, seeds 11 to 13",
		">steady<", ">wild, diverges<", ">target 2.25<", ">held-out loss, from 6 at 0<", ">0<"} {
		if !strings.Contains(svg.String(), want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
}

// Every curve begins at 0 with the same loss.
func TestCompareBeginsWithTheInitialModel(t *testing.T) {
	t.Parallel()
	dir, _ := compareTiny(t, "-seeds", "2")
	var c comparison
	readJSON(t, dir+"/compare.json", &c)
	start := make(map[uint64]number)
	for _, r := range c.Runs {
		first := r.Points[0]
		if start[r.Seed] == 0 {
			start[r.Seed] = first.Loss
		}
		if want := (point{Loss: start[r.Seed]}); first != want || !(r.Points[1].TimeMS > 0) {
			t.Errorf("%s, seed %d begins with %+v, %+v: want %+v", r.Method, r.Seed, first, r.Points[1], want)
		}
	}
	if len(start) != 2 || start[11] == start[12] {
		t.Errorf("initial losses %v: want two", start)
	}
}

func TestRunsWithoutAnInitialLossAreDrawn(t *testing.T) {
	r := curve("a", 6, 5, 4)
	r.Points = r.Points[1:]
	if got := spanOf([]record{r}, func(point) bool { return false }); got.high < 5 || got.high > 5.2 {
		t.Errorf("got %+v: want up to 5", got)
	}
	if _, err := json.Marshal(number(startOf([]record{r}))); err != nil || !math.IsInf(startOf([]record{r}), 1) {
		t.Errorf("the initial loss is %v: want none", startOf([]record{r}))
	}
}
