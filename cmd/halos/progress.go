package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/halos-go/sdk/halos/sim"
)

// A progress shows races while they run. The lanes are numbered in the order
// given to newProgress. One goroutine calls it.
type progress interface {
	at(lane int, p sim.Point)
	finish(lane int, r record)
	close() // after which nothing is drawn
}

// A lane is a line of progress: one race.
type lane struct {
	name  string
	total uint64 // local steps at most
}

// newProgress draws bars on a terminal and prints lines anywhere else.
func newProgress(w io.Writer, lanes []lane) progress {
	if f, ok := w.(*os.File); ok {
		if s, err := f.Stat(); err == nil && s.Mode()&os.ModeCharDevice != 0 {
			return newBars(f, lanes)
		}
	}
	return &lines{w: w, lanes: lanes, next: make([]uint64, len(lanes))}
}

// describe says where a race is.
func describe(p sim.Point, loss float64) string {
	return fmt.Sprintf("%6d steps  loss %s  %s", p.Steps, lossText(loss), virtual(p.TimeMS))
}

// lines prints each tenth of a race.
type lines struct {
	w     io.Writer
	lanes []lane
	next  []uint64 // steps at which to print
}

func (l *lines) at(i int, p sim.Point) {
	if math.IsNaN(p.Loss) || p.Steps < l.next[i] {
		return
	}
	for l.next[i] <= p.Steps {
		l.next[i] += max(1, l.lanes[i].total/10)
	}
	fmt.Fprintf(l.w, "%-16s %s\n", l.lanes[i].name, describe(p, p.Loss))
}

func (l *lines) finish(i int, r record) {
	end := sim.Point{Steps: r.Steps, TimeMS: r.TimeMS}
	fmt.Fprintf(l.w, "%-16s %s: %s\n", l.lanes[i].name, describe(end, float64(r.Loss)), r.verdict())
}

func (l *lines) close() {}

// bars draws a bar for each race.
type bars struct {
	container *mpb.Progress
	bars      []*mpb.Bar

	mu   sync.Mutex // guards what follows, which mpb's goroutine reads
	text []string
	loss []float64
}

func newBars(w io.Writer, lanes []lane) *bars {
	b := &bars{
		container: mpb.New(mpb.WithOutput(w), mpb.WithWidth(30)),
		text:      make([]string, len(lanes)),
		loss:      make([]float64, len(lanes)),
	}
	for i, l := range lanes {
		b.text[i], b.loss[i] = "waiting", math.NaN()
		b.bars = append(b.bars, b.container.AddBar(int64(l.total),
			mpb.PrependDecorators(decor.Name(l.name, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
				b.mu.Lock()
				defer b.mu.Unlock()
				return b.text[i]
			})),
		))
	}
	return b
}

func (b *bars) at(i int, p sim.Point) {
	b.mu.Lock()
	if !math.IsNaN(p.Loss) {
		b.loss[i] = p.Loss
	}
	b.text[i] = describe(p, b.loss[i])
	b.mu.Unlock()
	b.bars[i].SetCurrent(int64(p.Steps))
}

func (b *bars) finish(i int, r record) {
	b.mu.Lock()
	b.text[i] += "  " + r.verdict()
	b.mu.Unlock()
	b.bars[i].Abort(false)
}

func (b *bars) close() {
	for _, bar := range b.bars {
		bar.Abort(false)
	}
	b.container.Wait()
}
