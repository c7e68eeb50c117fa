package halos

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/momentum"
	"github.com/halos-go/sdk/optim"
)

// What waits together gives the model that it would give one by one, and every
// child the same answer but for the model in it, which is the newest.
func TestSeveral(t *testing.T) {
	for _, role := range []string{"gps", "lps", "sync"} {
		for seed := range uint64(20) {
			together, alone := newScene(t, role, seed), newScene(t, role, seed)
			r := rand.New(rand.NewPCG(seed, 1))
			for range 40 {
				inputs := together.inputs(1 + r.IntN(6))
				alone.inputs(len(inputs))
				var all, one Output
				together.server.Step(Input{Msg: &Several{Inputs: inputs}}, &all)
				for _, in := range inputs {
					alone.server.Step(in, &one)
				}
				if got, want := together.model(), alone.model(); !slices.Equal(got, want) {
					t.Fatalf("%s, seed %d: %d inputs together make %v: one by one they make %v", role, seed, len(inputs), got, want)
				}
				if got, want := together.heard(all), alone.heard(one); got != want {
					t.Fatalf("%s, seed %d: together\n%s\none by one\n%s", role, seed, got, want)
				}
			}
		}
	}
}

// The loop takes what waits together, in order, and passes over what is malformed.
func TestGather(t *testing.T) {
	input := func(from string) Input { return Input{From: from, Msg: &Linked{}} }
	bad := Input{From: "bad", Msg: &malformed{errors.New("torn")}}
	for _, c := range []struct {
		what     string
		inputs   []Input // the first is the one that the loop has
		together []string
		refused  int
		left     int // for the next time
	}{
		{"one alone", []Input{input("a")}, []string{"a"}, 0, 0},
		{"four", []Input{input("a"), input("b"), input("c"), input("d")}, []string{"a", "b", "c", "d"}, 0, 0},
		{"five", []Input{input("a"), input("b"), input("c"), input("d"), input("e")}, []string{"a", "b", "c", "d"}, 0, 1},
		{"some malformed", []Input{bad, input("a"), bad, input("b")}, []string{"a", "b"}, 2, 0},
		{"one that is not", []Input{bad, input("a")}, []string{"a"}, 1, 0},
		{"all malformed", []Input{bad, bad}, nil, 2, 0},
	} {
		d := driver{inputs: make(chan arrival, 8)}
		for _, in := range c.inputs[1:] {
			d.inputs <- arrival{Input: in}
		}
		var out Output
		in := d.gather(arrival{Input: c.inputs[0]}, 7, &out)
		var got []string
		if in.Msg != nil {
			for one := range in.each {
				got = append(got, one.From)
				if one.Now != 7 {
					t.Errorf("%s: an input at %d, want 7", c.what, one.Now)
				}
			}
		}
		if !slices.Equal(got, c.together) || len(out.Events) != c.refused || len(d.inputs) != c.left {
			t.Errorf("%s: gathered %q, %d events, %d still wait", c.what, got, len(out.Events), len(d.inputs))
		}
	}
}

// A scene is a server with four workers that push at random, and with a parent
// that answers when it likes.
type scene struct {
	server  Machine
	r       *rand.Rand
	seq     [4]uint64
	pending []Receipt // of pushes to the parent
	version uint64
}

func newScene(t *testing.T, role string, seed uint64) *scene {
	t.Helper()
	cfg := ServerConfig{ID: role, Params: []float32{1, 2, 3}, LR: optim.Linear{Max: 1, Min: 0.1, Total: 50},
		Optimizer: &optim.SGD{Momentum: &momentum.Delayed{Beta: 0.9, Every: 8}}}
	s := &scene{r: rand.New(rand.NewPCG(seed, 2))}
	var err error
	switch role {
	case "gps":
		s.server, err = NewGPS(GPSConfig{ServerConfig: cfg, TotalSteps: 90})
	case "lps":
		s.server, err = NewLPS(LPSConfig{ServerConfig: cfg, GPS: "parent", Lease: 1000,
			Accumulator: &merge.Every{K: 5, KeepInFlight: true}, Merger: merge.Mix{Alpha: 0.25}})
	case "sync":
		s.server, err = NewSync(SyncConfig{ServerConfig: cfg, Workers: 4})
	}
	if err != nil {
		t.Fatal(err)
	}
	var out Output
	s.server.Step(Input{Msg: &Start{Incarnation: 1}}, &out)
	s.heard(out)
	return s
}

// inputs draws what waits for the server next: pulls and pushes, now and then one
// that is repeated or wrong, and answers of the parent.
func (s *scene) inputs(n int) []Input {
	ins := make([]Input, 0, n)
	var asked [4]bool // a worker waits for its answer; until then it only repeats
	for range n {
		if len(s.pending) > 0 && s.r.IntN(3) == 0 {
			s.version++
			ins = append(ins, Input{From: "parent", Msg: &Model{Receipt: s.pending[0], Version: s.version, Params: s.vector()}})
			s.pending = s.pending[1:]
			continue
		}
		w := s.r.IntN(len(s.seq))
		from, kind := fmt.Sprintf("w%d", w), s.r.IntN(10)
		if !asked[w] && (s.seq[w] == 0 || kind > 1) {
			asked[w] = true
			s.seq[w]++
		}
		receipt := Receipt{1, s.seq[w]}
		switch {
		case s.seq[w] == 1:
			layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{3}}}}
			ins = append(ins, Input{From: from, Msg: &Pull{Receipt: receipt, Hello: Hello{Layout: layout.Hash(), Params: 3}, Steps: 1, Samples: 8}})
		case kind == 2:
			ins = append(ins, Input{From: from, Msg: &Push{Receipt: receipt, Delta: []float32{1}}})
		default:
			ins = append(ins, Input{From: from, Msg: &Push{Receipt: receipt, Steps: 1, Updates: 1, Samples: 8, Delta: s.vector()}})
		}
	}
	return ins
}

func (s *scene) vector() []float32 {
	return []float32{float32(s.r.NormFloat64()), float32(s.r.NormFloat64()), float32(s.r.NormFloat64())}
}

func (s *scene) model() []float32 { return s.server.(interface{ Params() []float32 }).Params() }

// heard is who heard what, each peer without models and their versions.
func (s *scene) heard(out Output) string {
	var lines []string
	for _, e := range out.Send {
		line := fmt.Sprintf("%s %T", e.To, e.Msg)
		switch m := e.Msg.(type) {
		case *Model:
			line += fmt.Sprint(m.Receipt, m.Claim)
		case *Refuse:
			line += fmt.Sprint(m.Receipt, m.Code)
		case *Push:
			line += fmt.Sprint(m.Receipt, m.Steps, m.Updates, m.Delta)
			s.pending = append(s.pending, m.Receipt)
		case *Pull:
			s.pending = append(s.pending, m.Receipt)
		}
		lines = append(lines, line+"\n")
	}
	slices.Sort(lines)
	lines = slices.Compact(lines) // a request that was repeated before its answer has one
	return fmt.Sprint(lines, out.Done, len(out.Events))
}
