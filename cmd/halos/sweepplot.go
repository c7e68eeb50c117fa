package main

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw draws the ratio over each axis, in panels of the same height.
func (s *sweep) draw(w io.Writer, format string) error {
	low, high := 1.0, 1.0
	for _, d := range s.duels {
		if ratio := d.verdict().ratio; number(ratio).finite() {
			low, high = min(low, ratio), max(high, ratio)
		}
	}
	margin := max(0.05, 0.08*(high-low))
	var panels []*plot.Plot
	one, other := s.names()
	for _, a := range s.axes {
		p, err := a.panel("time of " + other + " / time of " + one)
		if err != nil {
			return err
		}
		p.Y.Min, p.Y.Max = max(0, low-margin), high+margin
		panels = append(panels, p)
	}
	return writePicture(w, 14*vg.Inch, 5*vg.Inch, format, func(c draw.Canvas) {
		title := panels[0].Title.TextStyle
		title.XAlign, title.YAlign = draw.XCenter, draw.YTop
		title.Font.Size = vg.Points(11)
		c.FillText(title, vg.Point{X: c.Center().X, Y: c.Max.Y},
			s.title+". Above 1, "+one+" is sooner at the loss that both reach. Ring: the run files as they are.")
		tiles := draw.Tiles{Rows: 1, Cols: len(panels), PadTop: vg.Points(26), PadX: vg.Points(14)}
		for i, p := range panels {
			p.Draw(tiles.At(c, i, 0))
		}
	})
}

// panel draws one axis. A ring is the run files as they are.
func (a axis) panel(ratio string) (*plot.Plot, error) {
	p := newPlot(a.label, ratio)
	p.Title.Text = a.name
	var ratios, own plotter.XYs
	var ticks []plot.Tick
	for _, d := range a.duels {
		x := math.Log2(d.value(a)) // a plot.LogScale would leave room for its label where it is not
		ticks = append(ticks, plot.Tick{Value: x, Label: exact(d.value(a))})
		if ratio := d.verdict().ratio; number(ratio).finite() {
			ratios = append(ratios, plotter.XY{X: x, Y: ratio})
			if d.value(a) == a.own {
				own = append(own, plotter.XY{X: x, Y: ratio})
			}
		}
	}
	equal := plotter.NewFunction(func(float64) float64 { return 1 })
	equal.Width, equal.Samples = vg.Points(1), 2
	equal.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	p.Add(equal)
	if len(ratios) > 0 {
		line, dots, err := plotter.NewLinePoints(ratios)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = palette[0], vg.Points(1.5)
		dots.GlyphStyle = draw.GlyphStyle{Color: palette[0], Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}
		ring := &plotter.Scatter{XYs: own, GlyphStyle: draw.GlyphStyle{Color: color.Black, Radius: vg.Points(6), Shape: draw.RingGlyph{}}}
		p.Add(line, dots, ring)
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
	if len(ticks) > 0 {
		p.X.Min, p.X.Max = ticks[0].Value-0.5, ticks[len(ticks)-1].Value+0.5
	}
	return p, nil
}
