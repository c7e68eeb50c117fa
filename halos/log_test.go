package halos_test

import (
	"bytes"
	"iter"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/transport"
)

// A teller is a Machine that tells events and ends.
type teller []halos.Event

func (teller) ID() string              { return "eu" }
func (teller) Peers() iter.Seq[string] { return func(func(string) bool) {} }
func (e teller) Step(_ []halos.Input, out *halos.Output) {
	out.Events = append(out.Events, e...)
	out.Done = true
}

// TestLog: each kind of event is a record with its level, the node's name, and the fields
// that it has.
func TestLog(t *testing.T) {
	told := teller{
		{Kind: halos.Joined, Peer: "w"},
		{Kind: halos.Left, Peer: "w", Version: 3, Reason: "out of reach for 10m0s"},
		{Kind: halos.Updated, Peer: "w", Version: 4, Steps: 8, Updates: 1, Staleness: 2},
		{Kind: halos.Updated, Version: 5},
		{Kind: halos.Sent, Peer: "gps", Version: 5, Steps: 8, Updates: 2},
		{Kind: halos.Merged, Peer: "gps", Version: 5},
		{Kind: halos.Adopted, Peer: "gps"},
		{Kind: halos.Finished, Steps: 4, Loss: 0.5},
		{Kind: halos.Finished, Steps: 4, Loss: math.NaN()},
		{Kind: halos.Repeated, Peer: "w"},
		{Kind: halos.Refused, Peer: "x", Reason: `layout: tensor 0 is "a" [2]`},
		{Kind: halos.Lost, Peer: "gps", Updates: 1, Reason: "pull first"},
		{Kind: halos.Reused, Peer: "gps", Reason: "used up"},
		{Kind: halos.Diverged, Version: 6, Reason: "model is not finite"},
		{Kind: halos.Unreachable, Peer: "gps", Reason: "there is no link"},
		{Kind: halos.Stopped, Reason: "8 local steps"},
	}
	const want = `
{"level":"INFO","msg":"joined","node":"eu","peer":"w"}
{"level":"INFO","msg":"left","node":"eu","peer":"w","version":3,"reason":"out of reach for 10m0s"}
{"level":"DEBUG","msg":"updated","node":"eu","peer":"w","version":4,"steps":8,"updates":1,"staleness":2}
{"level":"DEBUG","msg":"updated","node":"eu","version":5,"staleness":0}
{"level":"DEBUG","msg":"sent","node":"eu","peer":"gps","version":5,"steps":8,"updates":2}
{"level":"DEBUG","msg":"merged","node":"eu","peer":"gps","version":5}
{"level":"INFO","msg":"adopted","node":"eu","peer":"gps"}
{"level":"DEBUG","msg":"finished","node":"eu","steps":4,"loss":0.5}
{"level":"DEBUG","msg":"finished","node":"eu","steps":4}
{"level":"DEBUG","msg":"repeated","node":"eu","peer":"w"}
{"level":"WARN","msg":"refused","node":"eu","peer":"x","reason":"layout: tensor 0 is \"a\" [2]"}
{"level":"WARN","msg":"lost","node":"eu","peer":"gps","updates":1,"reason":"pull first"}
{"level":"WARN","msg":"reused","node":"eu","peer":"gps","reason":"used up"}
{"level":"ERROR","msg":"diverged","node":"eu","version":6,"reason":"model is not finite"}
{"level":"WARN","msg":"unreachable","node":"eu","peer":"gps","reason":"there is no link"}
{"level":"INFO","msg":"stopped","node":"eu","reason":"8 local steps"}
`
	lines := func(level slog.Level) string {
		var b bytes.Buffer
		b.WriteByte('\n')
		log := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		var net transport.Mem
		end := must(net.Join("eu"))
		defer end.Close()
		if err := halos.Run(t.Context(), told, halos.RunConfig{Transport: end, Log: log}); err != nil {
			t.Error(err)
		}
		return b.String()
	}
	if got := lines(slog.LevelDebug); got != want {
		t.Errorf("got %s", got)
	}
	var warnings strings.Builder
	warnings.WriteByte('\n')
	for line := range strings.Lines(want[1:]) {
		if strings.Contains(line, `"WARN"`) || strings.Contains(line, `"ERROR"`) {
			warnings.WriteString(line)
		}
	}
	if got := lines(slog.LevelWarn); got != warnings.String() {
		t.Errorf("at level Warn got %s", got)
	}
	kinds := make(map[halos.EventKind]bool)
	for _, e := range told {
		kinds[e.Kind] = true
	}
	for k := halos.Joined; k.String() != "event ?"; k++ {
		if !kinds[k] {
			t.Errorf("no record of %s", k)
		}
	}
}
