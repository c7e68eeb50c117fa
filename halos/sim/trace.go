package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A TraceKind says what happened in a [TraceEvent].
type TraceKind string

// What can happen, and the fields that go with it beside t and kind.
const (
	// WorkerUpdate: a worker's pseudo-gradient was applied. lps, worker, version
	// (of the LPS, after it) and staleness; with one server no lps, but steps
	// and loss.
	WorkerUpdate TraceKind = "worker_update"
	// LPSUpdate: the delta of an LPS was applied at the LPS above it. lps (whose delta
	// it was), version (of the one above) and staleness.
	LPSUpdate TraceKind = "lps_update"
	// LPSSend: an LPS handed its delta to the link. lps, version.
	LPSSend TraceKind = "lps_send"
	// GPSUpdate: a delta was applied at the GPS. lps (whose delta it was), version
	// (of the GPS), steps, loss and staleness.
	GPSUpdate TraceKind = "gps_update"
	// LPSMerge: an LPS merged the global model. lps, version (which a merge leaves).
	LPSMerge TraceKind = "lps_merge"
	// OuterUpdate: a DiLoCo round or a step of Sync SGD. version, steps, loss.
	OuterUpdate TraceKind = "outer_update"

	// What the events of the run file did. A link is that of a node to its parent: worker, or lps.

	// NodeQuit: a worker left. worker.
	NodeQuit TraceKind = "quit"
	// NodeJoin: a worker came. worker.
	NodeJoin TraceKind = "join"
	// LinkCut: a link broke. worker or lps.
	LinkCut TraceKind = "cut"
	// LinkHeal: a link was up again. worker or lps.
	LinkHeal TraceKind = "heal"
	// NodeRestart: a node died and began again. worker, lps, or neither for the first server.
	NodeRestart TraceKind = "restart"
)

// None stands for a worker or LPS that an event does not have.
const None = -1

// A TraceEvent is one line of a trace.
type TraceEvent struct {
	T         float64   // simulated time in milliseconds
	Kind      TraceKind // decides which of the fields below are written
	LPS       int       // number from 0, those of workers before those of topology.levels; or [None]
	Worker    int       // id from 0, or [None]
	Version   uint64    // of the model concerned, after the event
	Steps     uint64    // local steps counted so far
	Staleness uint64    // updates applied between the model it came from and the one it went to
	Evaluated bool      // whether Loss was computed; if not, there is no loss in the line
	Loss      float64   // of the global model
}

// A TraceWriter writes a trace: JSON lines, one event each. It allocates
// nothing per event. It is not safe for concurrent use.
type TraceWriter struct {
	w    *bufio.Writer
	line []byte
}

// NewTraceWriter returns a writer to w. Call Flush at the end.
func NewTraceWriter(w io.Writer) *TraceWriter {
	return &TraceWriter{w: bufio.NewWriterSize(w, 1<<16), line: make([]byte, 0, 256)}
}

// Write writes one event. After the first error of the underlying writer it does
// nothing; Flush returns that error.
func (t *TraceWriter) Write(e TraceEvent) {
	t.line = append(e.append(t.line[:0]), '\n')
	_, _ = t.w.Write(t.line) // bufio keeps the first error for Flush
}

// Flush writes what is buffered and returns the first error since the start.
func (t *TraceWriter) Flush() error {
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("sim: trace: %w", err)
	}
	return nil
}

// MarshalJSON encodes e with the fields of its kind. A time or loss that is not
// finite is null: JSON has no word for it.
func (e TraceEvent) MarshalJSON() ([]byte, error) { return e.append(nil), nil }

func (e TraceEvent) append(b []byte) []byte {
	b = appendFloat(append(b, `{"t":`...), e.T, 64)
	b = append(b, `,"kind":"`...)
	b = append(append(b, e.Kind...), '"')
	if e.LPS != None && e.Kind != OuterUpdate {
		b = strconv.AppendInt(append(b, `,"lps":`...), int64(e.LPS), 10)
	}
	if e.Worker != None && (e.Kind == WorkerUpdate || e.planned()) {
		b = strconv.AppendInt(append(b, `,"worker":`...), int64(e.Worker), 10)
	}
	if e.planned() {
		return append(b, '}')
	}
	b = strconv.AppendUint(append(b, `,"version":`...), e.Version, 10)
	if e.global() {
		b = strconv.AppendUint(append(b, `,"steps":`...), e.Steps, 10)
	}
	if e.global() && e.Evaluated {
		b = appendFloat(append(b, `,"loss":`...), e.Loss, 64)
	}
	if e.Kind == WorkerUpdate || e.Kind == LPSUpdate || e.Kind == GPSUpdate {
		b = strconv.AppendUint(append(b, `,"staleness":`...), e.Staleness, 10)
	}
	return append(b, '}')
}

// global reports whether e changed the model whose steps are counted.
func (e TraceEvent) global() bool {
	return e.Kind == GPSUpdate || e.Kind == OuterUpdate || e.Kind == WorkerUpdate && e.LPS == None
}

// planned reports whether e is what an event of the run file did.
func (e TraceEvent) planned() bool {
	switch e.Kind {
	case NodeQuit, NodeJoin, LinkCut, LinkHeal, NodeRestart:
		return true
	}
	return false
}

// UnmarshalJSON decodes one event. A field that is not there is [None] or 0,
// null is NaN, and fields it does not know are skipped, as a trace may have more.
func (e *TraceEvent) UnmarshalJSON(b []byte) error {
	var in struct {
		T         *float64        `json:"t"`
		Kind      TraceKind       `json:"kind"`
		LPS       *int            `json:"lps"`
		Worker    *int            `json:"worker"`
		Version   uint64          `json:"version"`
		Steps     uint64          `json:"steps"`
		Staleness uint64          `json:"staleness"`
		Loss      json.RawMessage `json:"loss"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("sim: trace: %w", err)
	}
	*e = TraceEvent{T: math.NaN(), Kind: in.Kind, LPS: None, Worker: None, Version: in.Version, Steps: in.Steps, Staleness: in.Staleness}
	if in.T != nil {
		e.T = *in.T
	}
	if in.LPS != nil {
		e.LPS = *in.LPS
	}
	if in.Worker != nil {
		e.Worker = *in.Worker
	}
	if e.Evaluated = in.Loss != nil; e.Evaluated {
		e.Loss = math.NaN()
		if string(in.Loss) != "null" {
			return json.Unmarshal(in.Loss, &e.Loss)
		}
	}
	return nil
}

// ReadTrace reads a trace to its end.
func ReadTrace(r io.Reader) ([]TraceEvent, error) {
	var events []TraceEvent
	for dec := json.NewDecoder(r); ; {
		var e TraceEvent
		switch err := dec.Decode(&e); err {
		case nil:
			events = append(events, e)
		case io.EOF:
			return events, nil
		default:
			return events, fmt.Errorf("sim: trace: event %d: %w", len(events)+1, err)
		}
	}
}

// appendFloat appends x as JSON: the shortest text that reads back as the same
// float of that many bits, null for NaN and infinity.
func appendFloat(b []byte, x float64, bits int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, "null"...)
	}
	format := byte('f')
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, x, format, -1, bits)
}
