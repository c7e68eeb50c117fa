package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

var traceLines = []struct {
	event TraceEvent
	line  string
}{
	{TraceEvent{T: 1952.20104036, Kind: WorkerUpdate, LPS: 0, Worker: 1, Version: 1, Staleness: 2, Steps: 9},
		`{"t":1952.20104036,"kind":"worker_update","lps":0,"worker":1,"version":1,"staleness":2}`},
	{TraceEvent{T: 7673.5, Kind: WorkerUpdate, LPS: None, Worker: 3, Version: 4, Steps: 32, Evaluated: true, Loss: 5.25},
		`{"t":7673.5,"kind":"worker_update","worker":3,"version":4,"steps":32,"loss":5.25,"staleness":0}`},
	{TraceEvent{T: 7673.5, Kind: WorkerUpdate, LPS: None, Worker: 3, Version: 4, Steps: 32},
		`{"t":7673.5,"kind":"worker_update","worker":3,"version":4,"steps":32,"staleness":0}`},
	{TraceEvent{T: 17154.420302375143, Kind: LPSSend, LPS: 3, Worker: None, Version: 32},
		`{"t":17154.420302375143,"kind":"lps_send","lps":3,"version":32}`},
	{TraceEvent{T: 0, Kind: GPSUpdate, LPS: 0, Worker: None, Version: 1, Steps: 198, Evaluated: true, Loss: 1e-9, Staleness: 1},
		`{"t":0,"kind":"gps_update","lps":0,"version":1,"steps":198,"loss":1e-09,"staleness":1}`},
	{TraceEvent{T: 7, Kind: LPSUpdate, LPS: 1, Worker: None, Version: 3, Staleness: 1, Steps: 9},
		`{"t":7,"kind":"lps_update","lps":1,"version":3,"staleness":1}`},
	{TraceEvent{T: 2434417233.8, Kind: LPSMerge, LPS: 2, Worker: None, Version: 32},
		`{"t":2434417233.8,"kind":"lps_merge","lps":2,"version":32}`},
	{TraceEvent{T: 1, Kind: OuterUpdate, LPS: None, Worker: None, Version: 7, Steps: 2275, Evaluated: true, Loss: math.Inf(1)},
		`{"t":1,"kind":"outer_update","version":7,"steps":2275,"loss":null}`},
}

func TestTraceLines(t *testing.T) {
	var out bytes.Buffer
	w, want := NewTraceWriter(&out), ""
	for _, l := range traceLines {
		w.Write(l.event)
		want += l.line + "\n"
	}
	if err := w.Flush(); err != nil || out.String() != want {
		t.Errorf("%v: got\n%swant\n%s", err, out.String(), want)
	}
	events, err := ReadTrace(strings.NewReader(want))
	if err != nil || len(events) != len(traceLines) {
		t.Fatalf("%v: read %d events", err, len(events))
	}
	for i, e := range events {
		if again, _ := json.Marshal(e); string(again) != traceLines[i].line {
			t.Errorf("read and written: %s\nwant %s", again, traceLines[i].line)
		}
	}
}

func TestReadTraceErrors(t *testing.T) {
	const good = `{"t":1,"kind":"x","more":[1]}`
	for _, bad := range []string{"{", "[]", `{"t":"1"}`, `{"version":-1}`, `{"loss":[]}`} {
		if events, err := ReadTrace(strings.NewReader(good + "\n" + bad)); err == nil || len(events) != 1 ||
			!strings.HasPrefix(err.Error(), "sim: trace: event 2: ") {
			t.Errorf("%s: got %d events, %v", bad, len(events), err)
		}
	}
}

// failing fails from its second write on, each time in another way.
type failing struct{ writes int }

func (f *failing) Write(b []byte) (int, error) {
	f.writes++
	if f.writes == 2 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func TestTraceKeepsTheFirstError(t *testing.T) {
	f := &failing{}
	w := NewTraceWriter(f)
	for range 10000 {
		w.Write(traceLines[0].event)
	}
	if err := w.Flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
	if f.writes != 2 {
		t.Errorf("%d writes, want none after the error", f.writes)
	}
}

func TestTraceDoesNotAllocate(t *testing.T) {
	w := NewTraceWriter(io.Discard)
	if n := testing.AllocsPerRun(100, func() { w.Write(traceLines[4].event) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

func BenchmarkTrace(b *testing.B) {
	w := NewTraceWriter(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		w.Write(traceLines[4].event)
	}
}
