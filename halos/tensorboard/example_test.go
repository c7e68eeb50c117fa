package tensorboard_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/halos-go/sdk/halos"
	"github.com/halos-go/sdk/halos/tensorboard"
)

// A loss every hundred steps. A program writes to a folder, with
// tensorboard.Create("runs/gps").
func Example() {
	var file bytes.Buffer
	began := time.Unix(1700000000, 0)
	w := tensorboard.NewWriter(&file, began)
	for step := uint64(0); step <= 300; step += 100 {
		w.Scalar("loss", step, began.Add(time.Duration(step)*time.Millisecond), 5/float64(1+step))
	}
	fmt.Println(file.Len(), "bytes,", w.Close())
	// Output: 210 bytes, <nil>
}

// What a node does, while halos.Run drives it.
func ExampleWriter_Observe() {
	var file bytes.Buffer
	w := tensorboard.NewWriter(&file, time.Now())
	cfg := halos.RunConfig{Observe: w.Observe(time.Now())}

	cfg.Observe(time.Second, halos.Event{Kind: halos.Updated, Version: 1, Updates: 8, Staleness: 2})
	fmt.Println(bytes.Contains(file.Bytes(), []byte("staleness")), w.Err())
	// Output: true <nil>
}
