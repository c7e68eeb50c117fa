package main

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halos-go/sdk/examples/bytelm"
	"github.com/halos-go/sdk/transport"
)

// tiny trains on the source text next door, over a network that is less slow.
func tiny(steps uint64) settings {
	return settings{
		model: bytelm.Options{Data: "../bytelm", Context: 16, Width: 16, Heads: 2, HeldOutWindows: 32},
		steps: steps,
		wan:   transport.Line{Latency: 20 * time.Millisecond, Bandwidth: 1e7},
	}
}

func TestTrain(t *testing.T) {
	var log bytes.Buffer
	r, err := train(tiny(400), nil, &log)
	if err != nil {
		t.Fatal(err)
	}
	if r.after > r.before-1 {
		t.Errorf("held-out loss %v after %v: want at least one nat less", r.after, r.before)
	}
	if r.gps.Steps() < 400 || strings.Count(log.String(), "version") != int(r.gps.Version()) {
		t.Errorf("%d steps in %d updates, but the report is\n%s", r.gps.Steps(), r.gps.Version(), &log)
	}
	for _, want := range []string{"  eu  version", "  us  version", "between regions"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the report\n%s", want, &log)
		}
	}
}

// A run without an end is asked to quit, as by Ctrl-C, at the first line about an
// update: every node goes in good order.
func TestQuit(t *testing.T) {
	quit := make(chan struct{})
	r, err := train(tiny(1<<16), quit, &onUpdate{do: sync.OnceFunc(func() { close(quit) })})
	if err != nil {
		t.Fatal(err)
	}
	if r.gps.Version() == 0 || r.gps.Steps() > 1<<15 {
		t.Errorf("%d steps in %d updates", r.gps.Steps(), r.gps.Version())
	}
}

func TestNoSteps(t *testing.T) {
	if _, err := train(tiny(0), nil, io.Discard); err == nil || err.Error() != "regions: -steps is 0: want at least 1" {
		t.Error(err)
	}
}

func TestNoData(t *testing.T) {
	s := tiny(1)
	s.model.Data = "no such folder"
	if _, err := train(s, nil, io.Discard); err == nil {
		t.Error("no error")
	}
}

// onUpdate is a writer that does something when it is told of an update.
type onUpdate struct{ do func() }

func (o *onUpdate) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("version")) {
		o.do()
	}
	return len(b), nil
}

// Any number of steps is a run, however short.
func TestFewSteps(t *testing.T) {
	for _, steps := range []uint64{1, 30} {
		r, err := train(tiny(steps), nil, io.Discard)
		if err != nil {
			t.Fatalf("%d steps: %v", steps, err)
		}
		if r.gps.Steps() < steps {
			t.Errorf("the run ends after %d steps of %d", r.gps.Steps(), steps)
		}
	}
}

// The schedule of every run is one that a worker takes, and the warm-up of a long one is
// 10 steps.
func TestSchedule(t *testing.T) {
	for steps := range uint64(200) {
		if err := schedule(steps).Validate(); err != nil {
			t.Errorf("%d steps: %v", steps, err)
		}
	}
	if got := schedule(3000).At(10); got != 0.004 {
		t.Errorf("after the warm-up of a long run the learning rate is %v", got)
	}
}
