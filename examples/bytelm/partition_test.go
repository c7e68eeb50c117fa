package bytelm

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/halos-go/sdk/halos/runfile"
)

// alphabet is a folder of 60 files of 40 bytes, in four subfolders, each file of one letter:
// A to O in the first, P to d in the second.
func alphabet(t *testing.T) string {
	dir := t.TempDir()
	for i := range 60 {
		write(t, dir, fmt.Sprintf("%d/%02d", i/15, i), strings.Repeat(string(rune('A'+i)), 40))
	}
	return dir
}

// TestParts: parts have all text between them, in order, and equal shares of the training
// text; what a worker draws is from its own.
func TestParts(t *testing.T) {
	c := mustLoad(t, alphabet(t), 1<<20)
	held := letters(t, c)
	for _, parts := range []int{1, 2, 4, 7} {
		var train, heldOut int64
		highest := uint16(0)
		for part := range parts {
			p := c.Part(part, parts)
			train += p.TrainTokens()
			heldOut += p.HeldOutTokens()
			if n := p.TrainTokens(); n < c.TrainTokens()/int64(parts) || n > c.TrainTokens()/int64(parts)+1 {
				t.Errorf("part %d of %d has %v training tokens of %d", part, parts, n, c.TrainTokens())
			}
			low, high := draws(t, p, held)
			if low < highest {
				t.Errorf("part %d of %d has %q, and the one before %q", part, parts, rune(low), rune(highest))
			}
			highest = high
		}
		if train != c.TrainTokens() || heldOut != c.HeldOutTokens() {
			t.Errorf("%d parts have %d and %d tokens, want %d and %d", parts, train, heldOut, c.TrainTokens(), c.HeldOutTokens())
		}
	}
}

// TestPartsOfOneDocument: positions are drawn evenly from the part.
func TestPartsOfOneDocument(t *testing.T) {
	c := corpusOf([]string{"0123456789abcdef", "held out"}, 1)
	for part, want := range []string{"01234", "56789", "abcdef"} {
		seen := map[uint16]int{}
		first := make([]uint16, 1)
		for s := range uint64(1000) {
			if err := c.Part(part, 3).Train(first, 1, s); err != nil {
				t.Fatal(err)
			}
			seen[first[0]]++
		}
		for _, id := range encode(want) {
			if n := seen[id]; n < 800/len(want) || n > 1300/len(want) {
				t.Errorf("part %d begins %d of 1000 samples at %q, want about %d", part, n, rune(id), 1000/len(want))
			}
		}
		if len(seen) != len(want) {
			t.Errorf("part %d is of %d letters, want those of %q", part, len(seen), want)
		}
	}
}

// draws is the first and the last letter of many samples.
func draws(t *testing.T, c *Corpus, held map[uint16]bool) (low, high uint16) {
	t.Helper()
	low = math.MaxUint16
	window := make([]uint16, 33)
	for s := range uint64(1000) {
		if err := c.Train(window, 1, s); err != nil {
			t.Fatal(err)
		}
		for _, id := range window {
			if held[id] {
				t.Fatalf("sample %d has held-out text %q", s, rune(id))
			}
			low, high = min(low, id), max(high, id)
		}
	}
	return low, high
}

// TestPartition: what moves the embedding of a letter is what a worker has seen.
func TestPartition(t *testing.T) {
	dir := alphabet(t)
	sees := func(partition Partition, of runfile.Place) (letters string) {
		p := problemOn(t, dir, partition)
		grad, params := make([]float32, p.model.Params()), randomParams(p.model)
		if _, err := p.Objective(of).Gradient(context.Background(), grad, params, 0, 700); err != nil {
			t.Fatal(err)
		}
		for id := 'A'; id < 'A'+60; id++ {
			if row(p.model.token.of(grad), int(id), p.model.cfg.Width)[0] != 0 {
				letters += string(id)
			}
		}
		return letters
	}
	all := sees(IID, runfile.Place{Workers: 2, Regions: 3, Region: 2})
	if len(all) < 50 {
		t.Errorf("iid: sees %q, want nearly all letters", all)
	}
	for partition, place := range map[Partition]func(k int) runfile.Place{
		ByRegion: func(k int) runfile.Place { return runfile.Place{Worker: 5, Workers: 9, Region: k, Regions: 3} },
		ByWorker: func(k int) runfile.Place { return runfile.Place{Worker: k, Workers: 3, Region: 1, Regions: 2} },
	} {
		var parts []string
		for k := range 3 {
			parts = append(parts, sees(partition, place(k)))
		}
		for k := range 2 {
			if a, b := parts[k], parts[k+1]; a[len(a)-1] > b[0] || len(a) < 10 || len(b) < 10 {
				t.Errorf("%s: workers see %q, want parts of %q", partition, parts, all)
			}
		}
	}
}

func problemOn(t *testing.T, dir string, partition Partition) *Problem {
	return mustProblem(t, Options{Data: dir, Context: 8, Width: 4, Heads: 1, HeldOutWindows: 1, Partition: partition})
}

func TestPartTooSmall(t *testing.T) {
	p := problemOn(t, alphabet(t), ByRegion)
	n := p.model.Params()
	for place, want := range map[runfile.Place]string{
		{Worker: 2, Workers: 3, Region: 998, Regions: 999}: "bytelm: partition is region: training text of worker 2 in region 998 has 3 tokens: want at least 9, a window",
		{}: "bytelm: partition is region: 0 is no region of 0",
	} {
		_, err := p.Objective(place).Gradient(context.Background(), make([]float32, n), make([]float32, n), 0, 1)
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
