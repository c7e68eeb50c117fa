package halos_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/transport"
)

// A place is a network in which nodes are started, killed and started again. It is for a
// synctest bubble.
type place struct {
	t    *testing.T
	net  transport.Mem
	all  sync.WaitGroup
	life uint64 // the last incarnation

	wrap func(transport.Transport) transport.Transport // if not nil, what start puts around an end
}

// A living is one life of a node.
type living struct {
	kill context.CancelFunc // without a word
	quit chan struct{}      // in good order
	done chan struct{}
	err  error // of Run, when done

	window halos.Window
}

// at returns the model of a server that lives, and its version.
func (l *living) at(t *testing.T) (version uint64, model []float32) {
	model, point, err := l.window.Model(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return point.Version, model
}

// start begins a life of m.
func (p *place) start(m halos.Machine, cfg halos.RunConfig) *living {
	ctx, kill := context.WithCancel(p.t.Context())
	p.life++
	l := &living{kill: kill, quit: make(chan struct{}), done: make(chan struct{})}
	end := must(p.net.Join(m.ID()))
	if cfg.Transport = end; p.wrap != nil {
		cfg.Transport = p.wrap(end)
	}
	cfg.Quit, cfg.Incarnation, cfg.Window = l.quit, p.life, &l.window
	p.all.Go(func() {
		defer close(l.done)
		defer end.Close()
		l.err = halos.Run(ctx, m, cfg)
	})
	return l
}

// die kills a life and waits until it is over.
func (l *living) die() {
	l.kill()
	<-l.done
}

// second is a Trainer whose rounds take a second, and which counts them.
func second(rounds *atomic.Int64) halos.TrainerFunc {
	return func(ctx context.Context, x []float32, task halos.Task) error {
		select {
		case <-time.After(time.Second):
			rounds.Add(1)
			return descend(ctx, x, task)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tame is an LPS whose region may have many workers.
func tame(id string, k int) *halos.LPS {
	return must(halos.NewLPS(halos.LPSConfig{ServerConfig: server(kernels.CPU{}, id, 0.05, nil), Parent: "gps", Lease: 64,
		Accumulator: &merge.Every{K: k}, Merger: &merge.Mix{Alpha: 0.25}}))
}

func newGPS(steps uint64, resume *halos.Resume, params []float32) *halos.GPS {
	cfg := server(kernels.CPU{}, "gps", 0.3, nil)
	if params != nil {
		cfg.Params = params
	}
	return must(halos.NewGPS(halos.GPSConfig{ServerConfig: cfg, TotalSteps: steps, Resume: resume}))
}

// TestServerRestartsUnderMany kills a server under 32 workers, twenty times, while they
// train and wait with updates that they cannot send, and wants each of them to train on
// each time: below an LPS, which begins again with its parent's model, and below a GPS,
// which is resumed from what was saved.
func TestServerRestartsUnderMany(t *testing.T) {
	const workers, restarts = 32, 20
	for _, parent := range []string{"eu", "gps"} {
		synctest.Test(t, func(t *testing.T) {
			p := &place{t: t}
			gps := newGPS(0, nil, nil)
			top := p.start(gps, halos.RunConfig{})
			region := p.start(tame("eu", 4), halos.RunConfig{})
			var rounds [workers]atomic.Int64
			var nodes []*living
			for i := range rounds {
				nodes = append(nodes, p.start(newWorker(fmt.Sprint("w", i), parent), halos.RunConfig{Trainer: second(&rounds[i])}))
			}
			for n := range restarts {
				time.Sleep(time.Duration(3500+137*n) * time.Millisecond)
				if parent == "eu" {
					region.die()
					time.Sleep(time.Duration(n) * 300 * time.Millisecond)
					region = p.start(tame("eu", 4), halos.RunConfig{})
				} else {
					top.die()
					time.Sleep(time.Duration(n) * 300 * time.Millisecond)
					gps = newGPS(0, &halos.Resume{Point: gps.Point(), Work: gps.Work(), Sample: gps.NextSample()}, gps.Params())
					top = p.start(gps, halos.RunConfig{})
				}
				time.Sleep(2 * time.Second)
				var before [workers]int64
				for i := range rounds {
					before[i] = rounds[i].Load()
				}
				time.Sleep(10 * time.Second)
				for i := range rounds {
					if trained := rounds[i].Load() - before[i]; trained < 9 {
						t.Errorf("below %s, restart %d: worker %d has trained %d rounds in 10 s", parent, n, i, trained)
					}
				}
				if t.Failed() {
					break
				}
			}
			version, _ := top.at(t)
			for i, l := range nodes {
				select {
				case <-l.done:
					t.Errorf("below %s: worker %d has ended: %v", parent, i, l.err)
				default:
				}
			}
			for _, l := range append(nodes, region, top) {
				l.die()
			}
			p.all.Wait()
			if version < restarts*10 {
				t.Errorf("below %s: the global model is version %d", parent, version)
			}
		})
	}
}

// TestGPSBegunAfresh: a GPS that is started as it was at the beginning does not become the
// truth for a region that has seen more. The region's server ends and says what can be
// done. Resumed from the newest model that the region has, the run goes on.
func TestGPSBegunAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		top := p.start(newGPS(0, nil, nil), halos.RunConfig{})
		lps := newLPS(kernels.CPU{}, "eu", 2)
		region := p.start(lps, halos.RunConfig{})
		var rounds atomic.Int64
		worker := p.start(newWorker("w", "eu"), halos.RunConfig{Trainer: second(&rounds)})
		time.Sleep(time.Minute)
		top.die()
		top = p.start(newGPS(0, nil, nil), halos.RunConfig{})
		<-region.done
		if !errors.Is(region.err, halos.ErrLineage) || !strings.Contains(region.err.Error(), "resume from a model of that") {
			t.Errorf("the region ends with %v", region.err)
		}
		if version, _ := top.at(t); version != 0 {
			t.Errorf("the fresh GPS has taken %d updates of a run that it does not know", version)
		}

		top.die()
		resumed := newGPS(0, &halos.Resume{Point: lps.Seen()}, lps.Params())
		top = p.start(resumed, halos.RunConfig{})
		region = p.start(newLPS(kernels.CPU{}, "eu", 2), halos.RunConfig{})
		began := lps.Seen().Version
		time.Sleep(time.Minute)
		if version, _ := top.at(t); version < began+20 {
			t.Errorf("resumed at version %d, a minute later it is %d", began, version)
		}
		for _, l := range []*living{top, region, worker} {
			l.die()
		}
		p.all.Wait()
	})
}

// TestZombie: a server whose successor has begun learns it from the first child that has
// seen that, and ends.
func TestZombie(t *testing.T) {
	layout := halos.Hello{Role: halos.RoleWorker, Layout: layout}
	gps := newGPS(0, nil, nil)
	var out halos.Output
	step := func(m halos.Message) {
		out.Reset()
		gps.Step([]halos.Input{{From: "w", Msg: m}}, &out)
	}
	step(&halos.Start{Incarnation: 5})
	step(&halos.Pull{Receipt: halos.Receipt{Incarnation: 1, Seq: 1}, Hello: layout, Steps: 4, Want: 8, Seen: halos.Point{Lineage: 5, Life: 6, Version: 3}})
	if !out.Done || !errors.Is(out.Err, halos.ErrSuperseded) || len(out.Send) != 0 {
		t.Errorf("done %t, %v, sends %d messages", out.Done, out.Err, len(out.Send))
	}
}

// TestNamesComeAndGo: a thousand workers with names of their own leave or die, as pods do.
// Nothing of them stays.
func TestNamesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{t: t}
		gps := newGPS(0, nil, nil)
		top := p.start(gps, halos.RunConfig{Patience: time.Minute})
		for i := range 1000 {
			var rounds atomic.Int64
			l := p.start(newWorker(fmt.Sprint("pod-", i), "gps"), halos.RunConfig{Trainer: second(&rounds)})
			time.Sleep(2500 * time.Millisecond)
			if i%2 == 0 {
				close(l.quit)
				<-l.done
			} else {
				l.die()
			}
		}
		time.Sleep(5 * time.Minute)
		if version, _ := top.at(t); version != 2000 {
			t.Errorf("version %d, want 2000", version)
		}
		top.die()
		if left := slices.Collect(gps.Peers()); len(left) != 0 {
			t.Errorf("%d children are still known: %q", len(left), left)
		}
		p.all.Wait() // in a bubble no goroutine can be left
	})
}
