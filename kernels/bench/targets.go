package main

import (
	"fmt"
	"slices"

	"github.com/halos-go/sdk/kernels"
)

// A target is one of the thresholds that the kernels are meant to hold.
type target struct {
	What     string `json:"what"`
	Want     string `json:"want"`
	Measured string `json:"measured"`
	Detail   string `json:"detail"`
	Verdict  string `json:"verdict"` // PASS, MISS, or empty: not measured
}

const (
	inCache = 2 << 20   // bytes of a vector that stays in the cache
	large   = 256 << 20 // and of one, the least, that does not
)

// judge compares what was measured with the thresholds.
func (b *bench) judge() {
	all := b.all()
	for _, k := range []kind{update, other} {
		for _, v := range b.vectors() {
			if v >= large {
				b.judgeKernels(k, "part of the in-place roofline", 0.90, v, 1, ofRoof)
				b.judgeKernels(k, "part of the in-place roofline", 0.85, v, all, ofRoof)
			}
		}
		b.judgeKernels(k, "times the plain Go loop", 3, large, 1, timesLoop)
		b.judgeKernels(k, "times the plain Go loop", 6, inCache, 1, timesLoop)
	}
	b.judgePublished()
	for _, t := range slices.Compact([]int{1, all}) {
		row := b.find(onePass, large, best().String(), t)
		b.judgeRow(fmt.Sprintf("4 waiting pseudo-gradients in one pass, %s, %s: times 4 calls", size(large), on(t)), 2, row,
			func(row *kernelRow) stat { return *row.OverCalls })
	}
	for _, v := range []int{inCache, large} {
		for _, c := range []struct {
			kernel string
			want   float64
		}{{"EncodeDelta " + kernels.Int8.String(), 10}, {"Encode " + kernels.BFloat16.String(), 15}} {
			row := b.find(c.kernel, v, best().String(), 1)
			b.judgeRow(fmt.Sprintf("%s, %s, on 1 thread: GB/s of float32", c.kernel, size(v)), c.want, row, floatSpeed)
		}
	}
	b.judgeServers()
}

var kindNames = [...]string{update: "updates", other: "other kernels"}

func ofRoof(row *kernelRow) (stat, bool) { return row.OfRoof, true }

func timesLoop(row *kernelRow) (stat, bool) {
	if row.OverLoop == nil {
		return stat{}, false
	}
	return *row.OverLoop, true
}

// floatSpeed counts the 4 bytes of each element that is encoded, and nothing else.
func floatSpeed(row *kernelRow) stat {
	gbs := func(ns float64) float64 { return 4 / ns }
	return stat{Median: gbs(row.NS.Median), Q1: gbs(row.NS.Q3), Q3: gbs(row.NS.Q1)}
}

// judgeKernels judges the worst of the kernels of a kind, and says which fall short.
func (b *bench) judgeKernels(k kind, what string, want float64, vector, threads int, value func(*kernelRow) (stat, bool)) {
	var worst stat
	var count int
	var short, name string
	for _, w := range works {
		row := b.find(w.name, vector, best().String(), threads)
		if w.kind != k || row == nil {
			continue
		}
		s, ok := value(row)
		if !ok {
			continue
		}
		if count == 0 || s.Median < worst.Median {
			worst, name = s, w.name
		}
		if s.Median < want {
			short += fmt.Sprintf(" %s %.2f,", w.name, s.Median)
		}
		count++
	}
	detail := "worst: " + name
	if short != "" {
		detail = "short:" + short[:len(short)-1]
	}
	b.verdict(fmt.Sprintf("%s, %s, %s: %s", kindNames[k], size(vector), on(threads), what), want, worst,
		fmt.Sprintf("%d kernels; %s", count, detail), count > 0)
}

func (b *bench) judgeRow(what string, want float64, row *kernelRow, value func(*kernelRow) stat) {
	var s stat
	if row != nil {
		s = value(row)
	}
	b.verdict(what, want, s, "", row != nil)
}

// judgePublished judges the operations beside the published server's form.
func (b *bench) judgePublished() {
	wants := map[string][2]float64{plainStep: {3.5, 5}, nthStep: {4.5, 6}, mergeBase: {2.5, 3}}
	for _, row := range b.Rivals {
		if row.Way != published && row.Way != torchReused {
			continue
		}
		want := wants[row.Operation][0]
		if row.Threads > 1 {
			want = wants[row.Operation][1]
		}
		detail := "imitated in Go"
		if row.Way == torchReused {
			detail = "PyTorch " + b.Torch
		}
		b.verdict(fmt.Sprintf("%s, %s: times as fast as %s", row.Operation, on(row.Threads), row.Way), want, row.Over, detail, true)
	}
}

func (b *bench) judgeServers() {
	for _, s := range b.Servers {
		name := fmt.Sprintf("%s, %s parameters: ", s.Server, s.Model)
		b.verdict(name+"part of the updates per second that bytes and roofline allow", 0.85, s.OfRoof,
			fmt.Sprintf("%.1f of %.1f", s.After.Median, s.Allowed.Median), true)
		b.limit(name+"model copies allocated per update", 0, s.AllocBytes/float64(4*s.Params))
		for _, r := range roles {
			if r.name == s.Server {
				b.limit(name+"model copies, persistent", r.most[0], s.Persistent)
				b.limit(name+"model copies, peak", r.most[1], s.Peak)
			}
		}
	}
	if len(b.Servers) == 0 {
		b.verdict("servers (-servers)", 0.85, stat{}, "", false)
	}
}

// verdict adds a target of at least want.
func (b *bench) verdict(what string, want float64, s stat, detail string, measured bool) {
	t := target{What: what, Want: fmt.Sprintf(">= %g", want), Measured: "not measured"}
	if measured {
		t.Measured, t.Detail, t.Verdict = spread(s, "%.2f"), detail, pass(s.Median >= want)
	}
	b.Targets = append(b.Targets, t)
}

// limit adds a target of at most want copies of a model; a twentieth is for everything
// that is no vector, and for the places of those that are.
func (b *bench) limit(what string, want, got float64) {
	b.Targets = append(b.Targets, target{What: what, Want: fmt.Sprintf("<= %g", want), Measured: fmt.Sprintf("%.3f", got),
		Verdict: pass(got <= want+0.05)})
}

func pass(ok bool) string {
	if ok {
		return "PASS"
	}
	return "MISS"
}

// on says on how many threads.
func on(threads int) string {
	if threads == 1 {
		return "on 1 thread"
	}
	return fmt.Sprintf("on %d threads", threads)
}
