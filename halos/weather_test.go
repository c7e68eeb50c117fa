package halos_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
)

// TestWeather lets chance kill and begin nodes of three levels, and cut and heal links for
// shorter and longer than their patience, for a while. When the weather is fine again
// every worker trains on, and no node that lives has ended by itself.
func TestWeather(t *testing.T) {
	for seed := range uint64(1) {
		synctest.Test(t, func(t *testing.T) { weather(t, seed) })
	}
}

func weather(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 3))
	p := &place{t: t}
	gps := newGPS(0, nil, nil)
	parents := map[string]string{"mid": "gps", "eu": "mid", "us": "gps"}
	names := []string{"gps", "mid", "eu", "us"}
	var rounds [6]atomic.Int64
	for i := range rounds {
		id := fmt.Sprint("w", i)
		parents[id] = []string{"eu", "us", "gps"}[i%3]
		names = append(names, id)
	}
	begin := func(id string) *living {
		cfg := halos.RunConfig{Patience: 2 * time.Minute}
		switch id {
		case "gps":
			if gps.Point() != (halos.Point{}) {
				gps = newGPS(0, &halos.Resume{Point: gps.Point(), Work: gps.Work(), Sample: gps.NextSample()}, gps.Params())
			}
			return p.start(gps, cfg)
		case "mid", "eu", "us":
			return p.start(must(halos.NewLPS(halos.LPSConfig{ServerConfig: server(kernels.CPU{}, id, 0.05, nil), Parent: parents[id], Lease: 64,
				Accumulator: &merge.Every{K: 4}, Merger: &merge.Mix{Alpha: 0.25}})), cfg)
		}
		cfg.Trainer = second(&rounds[id[1]-'0'])
		return p.start(newWorker(id, parents[id]), cfg)
	}
	nodes := make(map[string]*living)
	for _, id := range names {
		nodes[id] = begin(id)
	}
	for range 40 {
		id := names[r.IntN(len(names))]
		switch r.IntN(4) {
		case 0:
			nodes[id].die()
			time.Sleep(time.Duration(r.IntN(200)) * time.Second / 2)
			nodes[id] = begin(id)
		case 1, 2:
			if up := parents[id]; up != "" {
				p.net.Cut(id, up)
				time.Sleep(time.Duration(r.IntN(400)) * time.Second / 2)
				p.net.Heal(id, up)
				if r.IntN(2) == 0 {
					time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
					p.net.Cut(id, up)
					time.Sleep(time.Duration(r.IntN(400)) * time.Second / 2)
					p.net.Heal(id, up)
				}
			}
		}
		time.Sleep(time.Duration(r.IntN(20000)) * time.Millisecond)
		for _, id := range names { // who has lost patience is begun again
			select {
			case <-nodes[id].done:
				if nodes[id].err == nil || id == "gps" {
					t.Errorf("seed %d: %s has ended: %v", seed, id, nodes[id].err)
				}
				nodes[id] = begin(id)
			default:
			}
		}
	}
	time.Sleep(3 * time.Minute)
	var before [len(rounds)]int64
	for i := range rounds {
		before[i] = rounds[i].Load()
	}
	v, _ := nodes["gps"].at(t)
	time.Sleep(time.Minute)
	for i := range rounds {
		if trained := rounds[i].Load() - before[i]; trained < 55 {
			t.Errorf("seed %d: worker %d of %s has trained %d rounds in a minute", seed, i, parents[fmt.Sprint("w", i)], trained)
		}
	}
	if later, _ := nodes["gps"].at(t); later < v+100 {
		t.Errorf("seed %d: global version %d, a minute later %d", seed, v, later)
	}
	for _, id := range names {
		nodes[id].die()
	}
	p.all.Wait()
}
