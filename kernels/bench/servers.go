package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/kernels/internal/isa"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// The settings of HALoS: windows of the momentum in a region and above, updates
// between exchanges, weight of the global model.
const (
	lpsWindow = 16
	gpsWindow = 2
	exchange  = 32
)

// A model is one that servers are measured with.
type model struct {
	name   string
	params int
}

// A role is a server that is measured.
type role struct {
	name   string
	window int
	cycle  int // updates after which the server has done everything once
	// perUpdate are the bytes that an update must move per parameter, on average.
	perUpdate []cost
	start     func(params []float32) (halos.Machine, error)
	most      [2]float64 // model copies: persistent, at the peak
}

// A cost is a part of the bytes that an update moves per parameter.
type cost struct {
	what  string
	bytes float64
}

// Both roles read an update to see whether it is finite, step, and copy the model
// into the frame of the answer. Of a window of steps the first overwrites the sum,
// the last refreshes the momentum.
func perUpdate(window int) []cost {
	return []cost{
		{"finite scan 4", 4},
		{fmt.Sprintf("step (16 + %d*20 + 24)/%d", window-2, window), (16 + 20*float64(window-2) + 24) / float64(window)},
		{"snapshot 8", 8},
	}
}

var roles = []role{
	{
		name: "LPS", window: lpsWindow, cycle: exchange, most: [2]float64{4, 6},
		perUpdate: append(perUpdate(lpsWindow), cost{
			fmt.Sprintf("exchange (delta 12 + base 8 + frame 8 + finite scan 4 + merge 16)/%d", exchange), 48. / exchange}),
		start: func(params []float32) (halos.Machine, error) {
			return halos.NewLPS(halos.LPSConfig{ServerConfig: serverConfig("lps", params, beta, lpsWindow), Parent: "gps",
				Accumulator: &merge.Every{K: exchange}, Merger: &merge.Mix{Alpha: mixed}, Lease: 64})
		},
	},
	{
		name: "GPS", window: gpsWindow, cycle: 8, most: [2]float64{3, 5},
		perUpdate: perUpdate(gpsWindow),
		start: func(params []float32) (halos.Machine, error) {
			return halos.NewGPS(halos.GPSConfig{ServerConfig: serverConfig("gps", params, 0.5, gpsWindow)})
		},
	},
}

func serverConfig(id string, params []float32, beta float64, window int) halos.ServerConfig {
	return halos.ServerConfig{ID: id, Params: params, LR: optim.Constant(lr),
		Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: beta, Every: window}}}
}

// bytes is the sum of r's costs.
func (r role) bytes() (sum float64) {
	for _, c := range r.perUpdate {
		sum += c.bytes
	}
	return sum
}

// A harness plays a server's worker, its parent and its driver, without a network:
// it takes the model out of each answer as a driver must, since it is on loan.
type harness struct {
	server halos.Machine
	push   halos.Push
	answer halos.Model // of the parent, at once
	frame  []float32   // what leaves is copied here
	in     [1]halos.Input
	out    halos.Output
	watch  func() // called when the server has handled a message
}

func newHarness(s halos.Machine, update, global, frame []float32) *harness {
	n := len(update)
	h := &harness{server: s, frame: frame, watch: func() {}}
	h.answer = halos.Model{Receipt: halos.Receipt{Incarnation: 1, Seq: 1}, Params: global}
	h.push = halos.Push{Receipt: halos.Receipt{Incarnation: 1, Seq: 1}, Work: halos.Work{Steps: 1, Updates: 1, Samples: 8}, Want: 8, Delta: update}
	layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{n}}}}
	h.step("", &halos.Start{Incarnation: 1})
	h.step("gps", &h.answer)
	h.step("worker", &halos.Pull{Receipt: h.push.Receipt, Hello: halos.Hello{Role: halos.RoleWorker, Layout: layout}, Steps: 1, Want: 8})
	return h
}

func (h *harness) step(from string, m halos.Message) {
	h.out.Reset()
	h.in[0] = halos.Input{From: from, Msg: m}
	h.server.Step(h.in[:], &h.out)
	h.watch()
}

// update pushes once, and answers the server's own push if that makes it send one.
func (h *harness) update() {
	h.push.Seq++
	h.step("worker", &h.push)
	up := false
	for _, e := range h.out.Send {
		switch m := e.Msg.(type) {
		case *halos.Model:
			kernels.Copy(h.frame, m.Params)
		case *halos.Push:
			kernels.Copy(h.frame, m.Delta)
			h.answer.Receipt, up = m.Receipt, true
		default:
			panic("bench: the server refuses")
		}
	}
	if up {
		h.answer.Point.Version++
		h.step("gps", &h.answer)
	}
}

func (h *harness) updates(n int) {
	for range n {
		h.update()
	}
}

// A serverRow is one server with one model.
type serverRow struct {
	Server string `json:"server"`
	Model  string `json:"model"`
	Params int    `json:"params"`

	Before   stat    `json:"before"`  // updates per second, plain Go loop on one thread
	After    stat    `json:"after"`   // best instruction set, all cores
	Speedup  stat    `json:"speedup"` // After over Before
	Bytes    float64 `json:"bytes"`   // least that an update moves per parameter
	Formula  string  `json:"formula"` // of Bytes
	Roofline stat    `json:"gb_s"`    // of these rounds, on all cores
	Allowed  stat    `json:"allowed"` // updates per second at the roofline
	OfRoof   stat    `json:"of_roof"` // After over Allowed

	Allocs     float64 `json:"allocs_per_update"`
	AllocBytes float64 `json:"alloc_bytes_per_update"`
	Persistent float64 `json:"persistent_copies"` // memory of the server alone, in model copies
	Peak       float64 `json:"peak_copies"`
}

// benchServers measures every role with every model.
func (b *bench) benchServers() error {
	for _, m := range b.models {
		for _, r := range roles {
			b.log("servers: %s, %s parameters", r.name, m.name)
			row, err := b.benchServer(r, m)
			if err != nil {
				return err
			}
			b.Servers = append(b.Servers, row)
		}
	}
	return nil
}

func (b *bench) benchServer(r role, m model) (serverRow, error) {
	row := serverRow{Server: r.name, Model: m.name, Params: m.params, Bytes: r.bytes()}
	for i, c := range r.perUpdate {
		if i > 0 {
			row.Formula += " + "
		}
		row.Formula += c.what
	}
	var mem memory
	defer mem.recycle()
	vs := make([][]float32, 4) // initial, update, global, frame
	for k := range vs {
		vs[k] = mem.make(m.params)
		fill(vs[k], k)
	}
	empty := heldBytes()
	s, err := r.start(vs[0])
	if err != nil {
		return row, err
	}
	h := newHarness(s, vs[1], vs[2], vs[3])
	h.updates(r.cycle + 1) // so that nothing is in flight
	perCopy := float64(4 * m.params)
	row.Persistent = (heldBytes() - empty) / perCopy
	row.Peak = (h.peak(r.cycle) - empty) / perCopy
	row.Allocs, row.AllocBytes = h.allocations(r.cycle)

	run := func() { h.updates(r.cycle) }
	before, after := slot{"server", isa.Generic, 1}, slot{"server", best(), b.all()}
	cs := append(roofContenders(vs[3], vs[1], []int{b.all()}), contender{after, run})
	if before != after {
		cs = append(cs, contender{before, run})
	}
	long := method{b.rounds, 15 * b.sample} // as a cycle takes a second, the roofline must not be that of a moment
	times := long.measure(cs)
	rate := func(seconds float64) float64 { return float64(r.cycle) / seconds }
	top := roofAt(times, m.params, b.all()).top()
	allowed := top.each(func(gbs float64) float64 { return gbs * 1e9 / row.Bytes / float64(m.params) })
	row.Before, row.After = times[before].each(rate).stat(), times[after].each(rate).stat()
	row.Speedup = times[before].over(times[after]).stat()
	row.Roofline, row.Allowed = top.stat(), allowed.stat()
	row.OfRoof = times[after].each(rate).over(allowed).stat()
	return row, nil
}

// peak returns the most that the process held while the server did n updates.
// Nothing is collected meanwhile, so that what it held for a moment counts.
func (h *harness) peak(n int) (most float64) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	h.watch = func() { most = max(most, residentBytes()) }
	h.updates(n)
	h.watch = func() {}
	return most
}

// allocations returns the number of allocations and of bytes allocated per update.
func (h *harness) allocations(n int) (count, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h.updates(n)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
}

// heldBytes is the memory that is in use, garbage not counted.
func heldBytes() float64 {
	runtime.GC()
	runtime.GC()         // recycled vectors outlive one
	debug.FreeOSMemory() // so that only what is in use is resident
	return residentBytes()
}

// residentBytes is the memory that the process has touched, where the system says
// so, or else what the heap has given out: that counts room which is never touched.
func residentBytes() float64 {
	kilobytes, err := strconv.Atoi(strings.TrimSuffix(field("/proc/self/status", "RssAnon"), " kB"))
	if err == nil {
		return 1024 * float64(kilobytes)
	}
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return float64(s.HeapAlloc)
}
