package halos_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/transport"
)

// closing counts how often an end is closed.
type closing struct {
	transport.Transport
	closed *atomic.Int64
}

func (c closing) Close() error {
	c.closed.Add(1)
	return c.Transport.Close()
}

// TestRunAll: what ends all nodes, and what is returned then.
func TestRunAll(t *testing.T) {
	oops := errors.New("out of memory")
	var rounds atomic.Int64
	trained := func(id string) halos.Node {
		return halos.Node{Machine: newWorker(id, "gps"), RunConfig: halos.RunConfig{Trainer: second(&rounds)}}
	}
	gps := func() halos.Node { return halos.Node{Machine: newGPS(0, nil, nil)} }
	sick := func() halos.Node {
		n := trained("sick")
		n.Trainer = halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
			if task.Round == 3 {
				return oops
			}
			return second(&rounds)(ctx, x, task)
		})
		return n
	}
	var missing *halos.GPS
	for _, c := range []struct {
		name  string
		nodes []halos.Node
		joins bool
		want  string
		is    error
		joint int // how many nodes are joined
	}{
		{"no nodes", nil, true, "", nil, 0},
		{"a trainer fails", []halos.Node{gps(), trained("a"), sick(), trained("b")}, true, "sick: halos: sick: round 3: out of memory", oops, 4},
		{"no Machine", []halos.Node{gps(), {}}, true, "halos: Machine is nil: want one, as NewWorker returns", nil, 1},
		{"a Machine of no node", []halos.Node{gps(), {Machine: missing}}, true, "halos: Machine is nil: want one, as NewWorker returns", nil, 1},
		{"no Trainer", []halos.Node{gps(), {Machine: newWorker("w", "gps")}}, true, "w: halos: RunConfig.Trainer is nil: want one, as m is a Worker", nil, 2},
		{"a name twice", []halos.Node{gps(), gps()}, true, "halos: gps: transport: ", nil, 1},
		{"nothing joins", []halos.Node{gps()}, false, "halos: gps has no Transport: want one, or a function that joins", nil, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var net transport.Mem
			var joined, closed atomic.Int64
			join := func(id string) (transport.Transport, error) {
				end, err := net.Join(id)
				if err != nil {
					return nil, err
				}
				joined.Add(1)
				return closing{end, &closed}, nil
			}
			if !c.joins {
				join = nil
			}
			err := halos.RunAll(t.Context(), join, c.nodes...)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%s: got %v, want %q", c.name, err, c.want)
			}
			if joined.Load() > int64(c.joint) || closed.Load() != joined.Load() {
				t.Errorf("%s: %d nodes were joined, %d ends closed", c.name, joined.Load(), closed.Load())
			}
		})
	}
}

// TestRunAllEnds: the cause of the end of ctx is returned, and so is what join says. An end
// that the caller has made is the caller's.
func TestRunAllEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		var rounds, closed atomic.Int64
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, enough)
		defer cancel()
		end := must(net.Join("gps"))
		err := halos.RunAll(ctx, net.Join,
			halos.Node{Machine: newGPS(0, nil, nil), RunConfig: halos.RunConfig{Transport: closing{end, &closed}}},
			halos.Node{Machine: newWorker("w", "gps"), RunConfig: halos.RunConfig{Trainer: second(&rounds)}})
		if err != enough || rounds.Load() < 8 || closed.Load() != 0 { //nolint:errorlint // the cause itself
			t.Errorf("got %v after %d rounds; the caller's end was closed %d times", err, rounds.Load(), closed.Load())
		}

		full := errors.New("no room")
		join := func(id string) (transport.Transport, error) {
			if id == "w" {
				return nil, full
			}
			return net.Join(id)
		}
		err = halos.RunAll(t.Context(), join, halos.Node{Machine: tame("us", 4)},
			halos.Node{Machine: newWorker("w", "us"), RunConfig: halos.RunConfig{Trainer: second(&rounds)}})
		if !errors.Is(err, full) || err.Error() != "halos: w: no room" {
			t.Errorf("got %v", err)
		}
		err = halos.RunAll(t.Context(), nil,
			halos.Node{Machine: newGPS(0, nil, nil), RunConfig: halos.RunConfig{Transport: end}},
			halos.Node{Machine: newGPS(0, nil, nil), RunConfig: halos.RunConfig{Transport: end}})
		if err == nil || err.Error() != "halos: two nodes are named gps: want a name of its own for each" {
			t.Errorf("got %v", err)
		}
		_ = end.Close()
	})
}

// TestRunAllOver: a run is over before a worker, and a region with its worker, have joined.
// Nobody waits for a parent that will not come back.
func TestRunAllOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net transport.Mem
		var rounds, late atomic.Int64
		join := func(id string) (transport.Transport, error) {
			end, err := net.Join(id)
			if id == "late" || id == "us" {
				end = &transport.Shape{Transport: end, Line: func(string) transport.Line { return transport.Line{Latency: time.Hour} }}
			}
			return end, err
		}
		node := func(id, parent string, rounds *atomic.Int64) halos.Node {
			return halos.Node{Machine: newWorker(id, parent), RunConfig: halos.RunConfig{Trainer: second(rounds)}}
		}
		gps := newGPS(40, nil, nil)
		began := time.Now()
		err := halos.RunAll(t.Context(), join, halos.Node{Machine: gps}, halos.Node{Machine: tame("us", 4)},
			node("w", "gps", &rounds), node("late", "gps", &late), node("of us", "us", &late))
		if took := time.Since(began); err != nil || took > time.Minute || rounds.Load() < 3 || late.Load() > 0 {
			t.Errorf("got %v after %v: %d rounds, %d of those who were late", err, took, rounds.Load(), late.Load())
		}
	})
}
