package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

var modelMiB = flag.Int("model", 16, "size of the model of BenchmarkRound in MiB")

// BenchmarkRound measures one round of a worker whose Trainer does next to
// nothing: a push and the answer over TCP, and the step of the server.
func BenchmarkRound(b *testing.B) {
	n := *modelMiB << 18
	layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{n}}}}
	gps, err1 := halos.NewGPS(halos.GPSConfig{ServerConfig: halos.ServerConfig{ID: "gps", Params: make([]float32, n), Layout: layout,
		Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: 16}}, LR: optim.Constant(0.1)}})
	worker, err2 := halos.NewWorker(halos.WorkerConfig{ID: "worker", Parent: "gps", Layout: layout, Steps: 1, Samples: 1})
	l, err3 := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(err1, err2, err3); err != nil {
		b.Fatal(err)
	}
	landing := 3 * int64(n) * 4
	hub := Open(Config{Name: "gps", Listener: l, Landing: landing})
	defer hub.Close()
	end := Open(Config{Name: "worker", Dial: []string{l.Addr().String()}, Landing: landing})
	defer end.Close()

	const warm = 3 // rounds until all memory is there
	ctx, stop := context.WithCancelCause(b.Context())
	done := errors.New("done")
	var before, after runtime.MemStats
	round := 0
	trainer := halos.TrainerFunc(func(_ context.Context, x []float32, _ halos.Task) error {
		x[0]++
		if round++; round == warm {
			runtime.ReadMemStats(&before)
			b.ResetTimer()
		}
		if round == warm+b.N {
			b.StopTimer()
			runtime.ReadMemStats(&after)
			stop(done)
		}
		return nil
	})
	var wg sync.WaitGroup
	for _, node := range []struct {
		m   halos.Machine
		end *Node
	}{{gps, hub}, {worker, end}} {
		wg.Go(func() {
			if err := halos.Run(ctx, node.m, halos.RunConfig{Transport: node.end, Trainer: trainer}); !errors.Is(err, done) {
				b.Error(err)
				stop(done)
			}
		})
	}
	wg.Wait()
	allocated := float64(after.TotalAlloc-before.TotalAlloc) / float64(b.N)
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/round")
	b.ReportMetric(allocated/float64(4*n), "models/round")
	b.ReportMetric(allocated, "B/round")
	b.ReportMetric(0, "ns/op")
}
