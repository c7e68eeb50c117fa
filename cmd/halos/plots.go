package main

import (
	"fmt"
	"image/color"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/halos-go/sdk/halos/runfile"
)

// An abscissa is what the loss is drawn over.
type abscissa struct {
	name  string // of the file
	label string
	of    func(point) float64
}

// abscissas are simulated time, in a unit that suits the shortest race, and tokens.
func abscissas(records []record) []abscissa {
	shortest := math.Inf(1)
	for _, r := range records {
		shortest = min(shortest, r.TimeMS)
	}
	ms, label := 60e3, "simulated time, minutes"
	if shortest > 3.6e6 {
		ms, label = 3.6e6, "simulated time, hours"
	}
	return []abscissa{
		{"loss-time", label, func(p point) float64 { return p.TimeMS / ms }},
		{"loss-tokens", "tokens, millions", func(p point) float64 { return float64(p.Tokens) / 1e6 }},
	}
}

// palette has a colour for each line of the legend; they can be told apart in
// grey and by those who see fewer (Okabe and Ito).
var palette = []color.Color{
	color.NRGBA{0xD5, 0x5E, 0x00, 0xFF}, color.NRGBA{0x00, 0x72, 0xB2, 0xFF}, color.NRGBA{0x00, 0x9E, 0x73, 0xFF},
	color.NRGBA{0xCC, 0x79, 0xA7, 0xFF}, color.NRGBA{0x55, 0x55, 0x55, 0xFF}, color.NRGBA{0xE6, 0x9F, 0x00, 0xFF},
	color.NRGBA{0x56, 0xB4, 0xE9, 0xFF},
}

// drawLosses draws the held-out loss of all runs over x, from the initial model on,
// with a dot where one reaches its target and a cross where one leaves the picture for
// good. The legend is in the order of the methods.
func (c comparison) drawLosses(x abscissa) (*plot.Plot, error) {
	p := newPlot(x.label, "held-out loss")
	p.Title.Text = c.title()
	farthest := scaleX(p, c.Runs, x)
	y := spanOf(c.Runs, func(q point) bool { return p.X.Scale.Normalize(0, farthest, x.of(q)) < 0.1 })
	if y.log {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	}
	for i, m := range c.Methods {
		if err := addMethod(p, m.Name, c.Runs, x, y, palette[i%len(palette)]); err != nil {
			return nil, err
		}
	}
	addTargets(p, c.Runs)
	if start := startOf(c.Runs); start > y.high && !math.IsInf(start, 0) {
		p.Y.Label.Text += ", from " + digits4(number(start)) + " at 0"
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, farthest, y.low, y.high // wider than y is what leaves the picture
	return p, nil
}

// title says what was trained, where, and with which seeds.
func (c comparison) title() string {
	if len(c.Methods) == 0 {
		return ""
	}
	cfg := c.Methods[0].Config
	title := cfg.Workload.Problem.Name + " on " + machines(cfg.Topology)
	if c.Seeds > 1 {
		return fmt.Sprintf("%s, seeds %d to %d", title, c.Seed, c.Seed+uint64(c.Seeds)-1)
	}
	return fmt.Sprintf("%s, seed %d", title, c.Seed)
}

// machines says how many workers and regions there are, and how fast the links between
// regions.
func machines(t runfile.Topology) string {
	workers, slowest, fastest := 0, math.Inf(1), 0.0
	for from := range t.Speeds {
		workers += len(t.Speeds[from])
		for to, gbps := range t.Bandwidths[from] {
			if from != to {
				slowest, fastest = min(slowest, gbps), max(fastest, gbps)
			}
		}
	}
	switch text := fmt.Sprintf("%d workers in %d regions", workers, len(t.Speeds)); {
	case fastest == 0:
		return fmt.Sprintf("%d workers in one region", workers)
	case slowest < fastest:
		return fmt.Sprintf("%s, links of %.3g to %.3g Gbit/s", text, slowest, fastest)
	default:
		return fmt.Sprintf("%s, links of %.3g Gbit/s", text, fastest)
	}
}

// newPlot is an empty plot.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.X.Tick.Marker, p.Y.Tick.Marker = steps{}, steps{}
	p.Title.Padding = vg.Points(6)
	p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs = true, -vg.Points(10), -vg.Points(10)
	p.Legend.Padding, p.Legend.ThumbnailWidth = vg.Points(3), vg.Points(28)
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xDD}, color.Gray{0xDD}
	p.Add(grid)
	return p
}

// addMethod draws all runs of a method in one colour.
func addMethod(p *plot.Plot, method string, records []record, x abscissa, y span, c color.Color) error {
	var first *plotter.Line
	name := method
	for _, r := range records {
		if r.Method != method {
			continue
		}
		line, lost, err := addRecord(p, r, x, y, c)
		if err != nil {
			return err
		}
		if first == nil {
			first = line
		}
		if lost {
			name = method + ", diverges"
		}
	}
	if first != nil {
		p.Legend.Add(name, first)
	}
	return nil
}

// addRecord draws one run and reports whether it leaves the picture. The line is nil if
// there is nothing to draw.
func addRecord(p *plot.Plot, r record, x abscissa, y span, c color.Color) (line *plotter.Line, lost bool, err error) {
	var xys plotter.XYs
	for _, q := range r.Points {
		if q.Loss.finite() && (!y.log || q.Loss > 0) {
			xys = append(xys, plotter.XY{X: x.of(q), Y: float64(q.Loss)})
		}
	}
	if len(xys) == 0 {
		return nil, false, nil
	}
	if line, err = plotter.NewLine(xys); err != nil {
		return nil, false, err
	}
	line.Color, line.Width = c, vg.Points(1.5)
	p.Add(line, dots{xys, c})
	end, lost := y.leaves(r, xys)
	if !lost && r.End != endReached {
		return line, false, nil
	}
	mark, err := plotter.NewScatter(plotter.XYs{end})
	if err != nil {
		return nil, false, err
	}
	mark.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(4), Shape: draw.CircleGlyph{}}
	if lost {
		mark.GlyphStyle = draw.GlyphStyle{Color: c, Radius: vg.Points(6), Shape: draw.CrossGlyph{}}
	}
	p.Add(mark)
	return line, lost, nil
}

// dots are the evaluated points of a line, those that are not too near to others to be
// told apart: so that a straight line between two is not taken for data.
type dots struct {
	plotter.XYs
	color color.Color
}

// Plot implements [plot.Plotter].
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	const apart = 5 // points of the picture
	toX, toY := p.Transforms(&c)
	at := make([]vg.Point, len(d.XYs))
	for i, q := range d.XYs {
		at[i] = vg.Point{X: toX(q.X), Y: toY(q.Y)}
	}
	near := func(a, b vg.Point) bool { return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) < apart }
	for i, q := range at {
		if (i > 0 && near(at[i-1], q)) || (i+1 < len(at) && near(q, at[i+1])) {
			continue
		}
		c.DrawGlyph(draw.GlyphStyle{Color: d.color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}, q)
	}
}

// addTargets draws the targets as dashed lines.
func addTargets(p *plot.Plot, records []record) {
	targets := make(map[number]bool)
	for _, r := range records {
		if !r.baseline() {
			targets[r.Target] = true
		}
	}
	all := slices.Sorted(maps.Keys(targets))
	for i, target := range all {
		line := plotter.NewFunction(func(float64) float64 { return float64(target) })
		line.Color, line.Width = color.Black, vg.Points(0.75)
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
		line.Samples = 2
		p.Add(line)
		switch {
		case i > 0:
		case len(all) == 1:
			p.Legend.Add("target "+digits4(target), line)
		default:
			p.Legend.Add("targets "+digits4(target)+" to "+digits4(all[len(all)-1]), line)
		}
	}
}

func digits4(x number) string { return strconv.FormatFloat(float64(x), 'g', 4, 64) }

// writePlot writes a picture; format is png or svg.
func writePlot(w io.Writer, p *plot.Plot, format string) error {
	return writePicture(w, 10*vg.Inch, 6*vg.Inch, format, p.Draw)
}

// writePicture writes what draw draws, with a margin.
func writePicture(w io.Writer, width, height vg.Length, format string, paint func(draw.Canvas)) error {
	canvas, err := draw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return err
	}
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	paint(draw.Crop(all, vg.Points(6), -vg.Points(12), vg.Points(4), -vg.Points(8)))
	_, err = canvas.WriteTo(w)
	return err
}
