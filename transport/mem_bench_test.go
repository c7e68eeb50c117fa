package transport_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/halos-go/sdk/transport"
)

func BenchmarkMem(b *testing.B) {
	for _, size := range []int{64, 64 << 10, 16 << 20} {
		for _, peers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%dB/%dpeers", size, peers), func(b *testing.B) { benchmark(b, size, peers) })
		}
	}
}

// benchmark sends b.N frames in all from peers to one hub.
func benchmark(b *testing.B, size, peers int) {
	var net transport.Mem
	hub := join(b, &net, "hub")
	var ends []transport.Transport
	for i := range peers {
		ends = append(ends, join(b, &net, fmt.Sprint(i)))
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, end := range ends {
		wg.Go(func() {
			frame := make([]byte, size)
			for range (b.N + i) / peers {
				if err := end.Send(context.Background(), "hub", frame); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for n := 0; n < b.N; {
		e, err := hub.Recv(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if !e.Linked {
			n++
			e.Release()
		}
	}
	wg.Wait()
}
