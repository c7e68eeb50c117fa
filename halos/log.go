package halos

import (
	"context"
	"log/slog"
	"math"
)

// levels are those of the records of events; Info for those not named.
var levels = map[EventKind]slog.Level{
	Updated: slog.LevelDebug, Finished: slog.LevelDebug, Repeated: slog.LevelDebug, Sent: slog.LevelDebug, Merged: slog.LevelDebug,
	Refused: slog.LevelWarn, Lost: slog.LevelWarn, Reused: slog.LevelWarn, Unreachable: slog.LevelWarn, Diverged: slog.LevelError,
}

// record writes e, with the fields that it has.
func record(ctx context.Context, log *slog.Logger, node string, e Event) {
	level := levels[e.Kind]
	if !log.Enabled(ctx, level) {
		return
	}
	all := []slog.Attr{slog.String("node", node)}
	add := func(there bool, a slog.Attr) {
		if there {
			all = append(all, a)
		}
	}
	add(e.Peer != "", slog.String("peer", e.Peer))
	add(e.Version > 0, slog.Uint64("version", e.Version))
	add(e.Steps > 0, slog.Uint64("steps", e.Steps))
	add(e.Updates > 0, slog.Uint64("updates", e.Updates))
	add(e.Kind == Updated, slog.Uint64("staleness", e.Staleness))
	add(e.Kind == Finished && !math.IsNaN(e.Loss), slog.Float64("loss", e.Loss))
	add(e.Reason != "", slog.String("reason", e.Reason))
	log.LogAttrs(ctx, level, e.Kind.String(), all...)
}
