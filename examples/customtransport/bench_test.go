package main

import (
	"context"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// BenchmarkRound is a round of one worker at a global server over TCP on this
// machine: the answer down, the pseudo-gradient up, and the update. The training
// takes no time. HALOS_BENCH_MIB is the size of the model, 16 if it is not set.
func BenchmarkRound(b *testing.B) {
	mib := 16
	if s := os.Getenv("HALOS_BENCH_MIB"); s != "" {
		var err error
		if mib, err = strconv.Atoi(s); err != nil || mib < 1 || mib > 4000 {
			b.Fatalf("HALOS_BENCH_MIB is %q: want 1 to 4000", s)
		}
	}
	bytes := mib << 20
	layout := optim.Layout{Segments: []optim.Segment{{Name: "x", Shape: []int{bytes / 4}}}}
	const warm = 3 // rounds after which all memory is there
	gps, err := halos.NewGPS(halos.GPSConfig{TotalSteps: uint64(warm + b.N), ServerConfig: halos.ServerConfig{
		ID: "gps", Params: make([]float32, bytes/4), Layout: layout, LR: optim.Constant(1),
		Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.5, Every: 2}}}})
	if err != nil {
		b.Fatal(err)
	}
	worker, err := halos.NewWorker(halos.WorkerConfig{ID: "worker", Parent: "gps", Layout: layout, Steps: 1, Samples: 1})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}

	var before, after runtime.MemStats
	rounds := 0
	train := halos.TrainerFunc(func(_ context.Context, x []float32, _ halos.Task) error {
		if rounds == warm {
			runtime.ReadMemStats(&before)
			b.ResetTimer()
		}
		rounds++
		x[0] -= 0.5
		return nil
	})
	ctx, fail := context.WithCancelCause(b.Context())
	defer fail(nil)
	var running sync.WaitGroup
	run := func(m halos.Machine, cfg Config) {
		end, err := Start(cfg)
		if err != nil {
			b.Fatal(err)
		}
		running.Go(func() {
			defer end.Close()
			if err := halos.Run(ctx, m, halos.RunConfig{Transport: end, Trainer: train}); err != nil {
				fail(err)
			}
		})
	}
	run(gps, Config{Name: "gps", Listener: l, Landing: 4 << 30})
	run(worker, Config{Name: "worker", Dial: []net.Addr{l.Addr()}, Landing: 4 << 30})
	running.Wait()
	b.StopTimer()
	runtime.ReadMemStats(&after)
	if err := context.Cause(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/round")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(bytes)/float64(b.N), "models/round")
	b.ReportMetric(0, "ns/op")
}
