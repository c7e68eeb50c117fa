package main

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/halos-go/sdk/halos/sim"
	"github.com/halos-go/sdk/halos/tensorboard"
)

// boardFile is the name of the file for TensorBoard. A second run takes its place.
const boardFile = "events.out.tfevents.0.halos-sim"

// A board is the file for TensorBoard. It grows during the run, so that TensorBoard can
// show it, and is the one output that does not appear whole.
type board struct {
	*tensorboard.Writer
	buffer *bufio.Writer
	file   *os.File
}

// createBoard begins the file in a folder, which it makes.
func createBoard(dir string) (*board, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, boardFile))
	if err != nil {
		return nil, err
	}
	b := bufio.NewWriter(f)
	return &board{tensorboard.NewWriter(b, time.UnixMilli(0)), b, f}, nil
}

// point writes where the run is. The wall time of TensorBoard is the simulated time,
// from 1970 on.
func (b *board) point(p sim.Point, s sim.Stats) {
	seconds := math.Floor(p.TimeMS / 1000)
	at := time.Unix(int64(seconds), int64((p.TimeMS-1000*seconds)*1e6))
	add := func(tag string, x float64) { b.Scalar(tag, p.Steps, at, x) }
	add("loss", p.Loss)
	add("bytes_between_regions", s.InterRegionBytes)
	add("share/compute", s.Compute)
	add("share/network", s.Communicate)
	add("share/wait", s.Wait)
	add("staleness/at_lps", s.LocalStaleness)
	add("staleness/at_root", s.GlobalStaleness)
	add("updates/applied", float64(ofAllRegions(s.Updates)))
	add("updates/in_global_model", float64(ofAllRegions(s.Reached)))
}

// Close writes what is left and returns the first error.
func (b *board) Close() error {
	err := b.Writer.Close()
	if e := b.buffer.Flush(); err == nil {
		err = e
	}
	if e := b.file.Close(); err == nil {
		err = e
	}
	return err
}

func ofAllRegions(x []uint64) (n uint64) {
	for _, v := range x {
		n += v
	}
	return n
}
