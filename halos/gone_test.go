package halos_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/transport"
)

// witness collects events of some kinds, as text.
type witness struct {
	kinds  []halos.EventKind
	events []string
}

func (w *witness) observe(now time.Duration, e halos.Event) {
	for _, k := range w.kinds {
		if k == e.Kind {
			w.events = append(w.events, fmt.Sprintf("%v %s %s: %s", now, e.Kind, e.Peer, e.Reason))
		}
	}
}

// TestRoundGoesOnWithoutTheDead: a worker dies without a word. The others wait for it as
// long as its server is patient, are told for whom, and then go on.
func TestRoundGoesOnWithoutTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		s := must(halos.NewSync(halos.SyncConfig{ServerConfig: server(kernels.CPU{}, "sync", 1, nil), Workers: 3}))
		w := witness{kinds: []halos.EventKind{halos.Unreachable, halos.Left}}
		top := p.start(s, halos.RunConfig{Patience: 5 * time.Minute, Observe: w.observe})
		var rounds atomic.Int64
		var nodes []*living
		for _, id := range []string{"a", "b", "dead"} {
			nodes = append(nodes, p.start(newWorker(id, "sync"), halos.RunConfig{Trainer: second(&rounds)}))
		}
		time.Sleep(10*time.Second + 500*time.Millisecond)
		nodes[2].die()
		time.Sleep(4 * time.Minute)
		stood, _ := top.at(t)
		time.Sleep(10 * time.Minute)
		if later, _ := top.at(t); stood > 12 || later < 300 {
			t.Errorf("version %d while the dead worker was waited for, %d later", stood, later)
		}
		synctest.Wait()
		if len(w.events) != 2 || !strings.Contains(w.events[0], "unreachable dead") || !strings.HasSuffix(w.events[1], "left dead: out of reach for 5m0s") {
			t.Errorf("told %q", w.events)
		}
		for _, l := range append(nodes, top) {
			l.die()
		}
		p.all.Wait()
	})
}

// TestTrainerFailsInARound: a worker whose trainer fails says so before it ends, and the
// others do not wait for it.
func TestTrainerFailsInARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		s := must(halos.NewSync(halos.SyncConfig{ServerConfig: server(kernels.CPU{}, "sync", 1, nil), Workers: 2}))
		top := p.start(s, halos.RunConfig{})
		var rounds atomic.Int64
		sound := p.start(newWorker("sound", "sync"), halos.RunConfig{Trainer: second(&rounds)})
		oops := errors.New("out of memory")
		sick := p.start(newWorker("sick", "sync"), halos.RunConfig{Trainer: halos.TrainerFunc(func(ctx context.Context, x []float32, task halos.Task) error {
			if task.Round == 3 {
				return oops
			}
			return second(&rounds)(ctx, x, task)
		})})
		<-sick.done
		if !errors.Is(sick.err, oops) || !strings.Contains(sick.err.Error(), "halos: sick: round 3: ") {
			t.Errorf("ends with %v", sick.err)
		}
		time.Sleep(time.Minute)
		if version, _ := top.at(t); version < 50 {
			t.Errorf("a minute later %d rounds", version)
		}
		sound.die()
		top.die()
		p.all.Wait()
	})
}

// TestQuitOfARegion: an LPS that is asked to go, one of whose workers has died, sends what
// it has when Grace is over, and leaves.
func TestQuitOfARegion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		gps := newGPS(0, nil, nil)
		w := witness{kinds: []halos.EventKind{halos.Left, halos.Updated}}
		top := p.start(gps, halos.RunConfig{Observe: w.observe})
		lps := must(halos.NewLPS(halos.LPSConfig{ServerConfig: server(kernels.CPU{}, "eu", 1, nil), Parent: "gps", Lease: 64,
			Accumulator: &merge.Every{K: 1000}, Merger: merge.Mix{Alpha: 0.25}}))
		region := p.start(lps, halos.RunConfig{Grace: 5 * time.Second})
		var rounds atomic.Int64
		alive := p.start(newWorker("alive", "eu"), halos.RunConfig{Trainer: second(&rounds)})
		dead := p.start(newWorker("dead", "eu"), halos.RunConfig{Trainer: second(&rounds)})
		time.Sleep(10*time.Second + 500*time.Millisecond)
		dead.die()
		close(region.quit)
		<-region.done
		<-alive.done
		synctest.Wait()
		if region.err != nil || alive.err != nil {
			t.Errorf("ended with %v and %v", region.err, alive.err)
		}
		if len(w.events) != 2 || !strings.Contains(w.events[1], "15.5s left eu") {
			t.Errorf("the GPS has seen %q", w.events)
		}
		top.die()
		if gps.Steps() != 4*20 {
			t.Errorf("%d local steps are in the global model, want 80", gps.Steps())
		}
		p.all.Wait()
	})
}

// stuck is an end whose Send to one peer takes until its context ends, as a write to a host
// that has been switched off does.
type stuck struct {
	transport.Transport
	to   string
	from time.Time
}

func (s *stuck) Send(ctx context.Context, to string, parts ...[]byte) error {
	if to == s.to && !time.Now().Before(s.from) {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return s.Transport.Send(ctx, to, parts...)
}

// TestGraceBoundsSenders: neither a server nor a worker waits longer than Grace for a
// message that cannot leave.
func TestGraceBoundsSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		gps := newGPS(100, nil, nil)
		began := time.Now()
		p.wrap = func(end transport.Transport) transport.Transport {
			return &stuck{end, "dead", began.Add(5 * time.Second)}
		}
		top := p.start(gps, halos.RunConfig{Grace: 10 * time.Second})
		p.wrap = nil
		var rounds atomic.Int64
		alive := p.start(newWorker("alive", "gps"), halos.RunConfig{Trainer: second(&rounds)})
		dead := p.start(newWorker("dead", "gps"), halos.RunConfig{Trainer: second(&rounds)})
		<-top.done
		if took := time.Since(began); took > time.Minute || top.err != nil {
			t.Errorf("the GPS ended after %v with %v", took, top.err)
		}
		<-alive.done
		dead.die()

		p.wrap = func(end transport.Transport) transport.Transport { return &stuck{end, "gps", time.Now()} }
		worker := p.start(newWorker("w", "gps"), halos.RunConfig{Trainer: second(&rounds), Grace: 10 * time.Second})
		began = time.Now()
		close(worker.quit)
		<-worker.done
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("a worker that is asked to go returns after %v with %v", took, worker.err)
		}
		p.all.Wait()
	})
}

// TestParentOutOfReach: a worker whose server's name is wrong says so at once, and ends
// when its patience does. An LPS that has joined goes on with its region.
func TestParentOutOfReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		var rounds atomic.Int64
		w := witness{kinds: []halos.EventKind{halos.Unreachable}}
		lost := p.start(newWorker("w", "gsp"), halos.RunConfig{Trainer: second(&rounds), Patience: 5 * time.Minute, Observe: w.observe})
		began := time.Now()
		<-lost.done
		if took := time.Since(began); took != 5*time.Minute || !errors.Is(lost.err, halos.ErrUnreachable) || !strings.HasSuffix(lost.err.Error(), "w: gsp: out of reach for 5m0s") {
			t.Errorf("ended after %v with %v", took, lost.err)
		}
		if len(w.events) != 1 || !strings.HasPrefix(w.events[0], "0s unreachable gsp") {
			t.Errorf("told %q", w.events)
		}

		top := p.start(newGPS(0, nil, nil), halos.RunConfig{})
		region := p.start(newLPS(kernels.CPU{}, "eu", 4), halos.RunConfig{Patience: time.Minute})
		worker := p.start(newWorker("w", "eu"), halos.RunConfig{Trainer: second(&rounds)})
		time.Sleep(10 * time.Second)
		top.die()
		before := rounds.Load()
		time.Sleep(time.Hour)
		if rounds.Load()-before < 3500 {
			t.Errorf("without the GPS the region has trained %d rounds in an hour", rounds.Load()-before)
		}
		worker.die()
		region.die()
		p.all.Wait()
	})
}
