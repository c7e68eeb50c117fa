package halos

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/merge"
	"github.com/halos-go/sdk/optim"
)

// A stage is machines and the messages between them.
type stage struct {
	t        *testing.T
	backend  kernels.Backend // of the servers
	machines map[string]Machine
	former   map[string]Machine             // their lives before
	make     map[string]func(begin) Machine // how to make one again
	clock    uint64                         // incarnation of the last start
	lives    map[string]int
	saved    map[string]map[uint64]begin // what a GPS or a Sync was at each version
	cut      map[[2]string]bool
	flight   []flying
}

// begin is what a life of a server begins with.
type begin struct {
	params float32
	resume *Resume
}

type flying struct {
	from string
	Envelope
}

func newStage(t *testing.T, b kernels.Backend) *stage {
	return &stage{t: t, backend: b, machines: make(map[string]Machine), former: make(map[string]Machine), make: make(map[string]func(begin) Machine),
		lives: make(map[string]int), saved: make(map[string]map[uint64]begin), cut: make(map[[2]string]bool)}
}

// play returns the script with the output that it gives.
func (s *stage) play(script string) string {
	var got strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(script), "\n\n") {
		commands, _, _ := strings.Cut(block, "\n----")
		fmt.Fprintf(&got, "%s\n----\n", commands)
		for line := range strings.SplitSeq(commands, "\n") {
			if !strings.HasPrefix(line, "#") {
				got.WriteString(s.do(strings.Fields(line)))
			}
		}
		got.WriteString("\n")
	}
	return strings.TrimSpace(got.String()) + "\n"
}

func (s *stage) do(f []string) string {
	name := arg(f, 1)
	switch f[0] {
	case "gps", "sync", "lps", "worker":
		return s.create(f)
	case "train":
		return s.step(name, Input{Msg: &Trained{Update: []float32{number(arg(f, 2))}}})
	case "fail":
		return s.step(name, Input{Msg: &Failed{errors.New("out of memory")}})
	case "deliver":
		return s.deliver(name, 1)
	case "settle":
		var out string
		for len(s.flight) > 0 {
			out += s.deliver("", 1)
		}
		return out
	case "together":
		return s.together(name)
	case "double":
		return s.deliver(name, 2)
	case "lose":
		return s.deliver(name, 0)
	case "late":
		i := slices.IndexFunc(s.flight, func(m flying) bool { return m.To == name })
		s.flight = append(s.flight, s.flight[i])
		s.flight = slices.Delete(s.flight, i, i+1)
	case "cut", "heal":
		s.cut[pair(name, arg(f, 2))] = f[0] == "cut"
		if f[0] == "cut" {
			return s.breakLink(name, arg(f, 2))
		}
		return s.step(name, Input{From: arg(f, 2), Msg: &Linked{}}) + s.step(arg(f, 2), Input{From: name, Msg: &Linked{}})
	case "restart":
		return s.restart(name, s.beginning(f))
	case "zombie":
		s.machines[name] = s.former[name]
		return s.link(name)
	case "forge":
		s.forge(name, f)
	case "quit":
		return s.step(name, Input{Msg: &Quit{}})
	case "expire":
		return s.step(name, Input{Msg: &Expire{}})
	case "gone":
		return s.step(name, Input{From: arg(f, 2), Msg: &Gone{Reason: "out of reach"}})
	case "resend":
		return s.step(name, Input{From: arg(f, 2), Msg: &Resend{}})
	case "state":
		return s.state(name)
	default:
		s.t.Fatalf("unknown command %q", f)
	}
	return ""
}

func (s *stage) create(f []string) string {
	var name string
	server := func(id string, params float32) ServerConfig {
		return ServerConfig{ID: id, Params: []float32{params}, Backend: s.backend, Optimizer: &optim.SGD{}, LR: optim.Constant(1), GlobalBatch: 8, Require: value(f, "require")}
	}
	var create func(begin) (Machine, error)
	switch f[0] {
	case "gps":
		name = "gps"
		create = func(b begin) (Machine, error) {
			return NewGPS(GPSConfig{ServerConfig: server(name, b.params), Resume: b.resume, TotalSteps: uint64(number(value(f, "steps")))})
		}
	case "sync":
		name = "sync"
		create = func(b begin) (Machine, error) {
			return NewSync(SyncConfig{ServerConfig: server(name, b.params), Resume: b.resume, Workers: int(number(value(f, "n"))), ClipNorm: float64(number(value(f, "clip")))})
		}
	case "lps":
		name = arg(f, 1)
		create = func(b begin) (Machine, error) {
			return NewLPS(LPSConfig{ServerConfig: server(name, b.params), Parent: cmp.Or(value(f, "parent"), "gps"), Lease: uint64(number(cmp.Or(value(f, "lease"), "32"))),
				Accumulator: &merge.Every{K: int(number(value(f, "k"))), KeepInFlight: slices.Contains(f, "carry")},
				Merger:      &merge.Mix{Alpha: float64(number(cmp.Or(value(f, "alpha"), "0.5")))}})
		}
	case "worker":
		name = arg(f, 1)
		n := int(number(cmp.Or(value(f, "params"), "1")))
		layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{n}}}}
		cfg := WorkerConfig{ID: name, Parent: arg(f, 2), Layout: layout, Steps: 2, Samples: uint64(number(cmp.Or(value(f, "samples"), "8")))}
		if slices.Contains(f, "gradient") {
			cfg.Gradient, cfg.Steps = true, 1
		}
		create = func(begin) (Machine, error) { return NewWorker(cfg) }
	}
	s.make[name] = func(b begin) Machine {
		m, err := create(b)
		if err != nil {
			s.t.Fatal(err)
		}
		return m
	}
	return s.restart(name, begin{})
}

// beginning reads what a restart says.
func (s *stage) beginning(f []string) begin {
	if v := value(f, "resume"); v != "" {
		b, ok := s.saved[arg(f, 1)][uint64(number(v))]
		if !ok {
			s.t.Fatalf("%s was never at version %s", arg(f, 1), v)
		}
		return b
	}
	return begin{params: number(cmp.Or(value(f, "params"), "0"))}
}

// restart begins a life of name. What it had sent is still on the way.
func (s *stage) restart(name string, b begin) string {
	s.clock++
	s.lives[name]++
	s.former[name], s.machines[name] = s.machines[name], s.make[name](b)
	out := s.step(name, Input{Msg: &Start{Incarnation: s.clock}})
	if s.lives[name] == 1 {
		return out
	}
	return out + s.link(name)
}

// link tells the children of name that the link to it is up.
func (s *stage) link(name string) (out string) {
	for _, peer := range slices.Sorted(maps.Keys(s.machines)) {
		if peer != name && !s.cut[pair(name, peer)] && talks(s.machines[peer], name) {
			out += s.step(peer, Input{From: name, Msg: &Linked{}})
		}
	}
	return out
}

// forge changes what the push of a node that is on the way claims.
func (s *stage) forge(name string, f []string) {
	for _, m := range s.flight {
		p, ok := m.Msg.(*Push)
		if !ok || m.from != name {
			continue
		}
		for key, count := range map[string]*uint64{"steps": &p.Steps, "updates": &p.Updates, "samples": &p.Samples} {
			if v := value(f, key); v != "" {
				*count = uint64(number(v))
			}
		}
	}
}

// talks reports whether m is a child of the node of that name.
func talks(m Machine, parent string) bool {
	switch m := m.(type) {
	case *Worker:
		return m.up.parent == parent
	case *LPS:
		return m.up.parent == parent
	}
	return false
}

// deliver lets what is on the way to a node (or to any) arrive, so many times.
func (s *stage) deliver(to string, times int) (out string) {
	for range len(s.flight) {
		m := s.flight[0]
		s.flight = s.flight[1:]
		switch {
		case to != "" && m.To != to:
			s.flight = append(s.flight, m)
		case times == 0:
			out += fmt.Sprintf("lost %s->%s %s\n", m.from, m.To, show(m.Msg))
		default:
			for range times {
				out += s.step(m.To, Input{From: m.from, Msg: m.Msg})
			}
		}
	}
	return out
}

// together lets what is on the way to a node arrive in one Step.
func (s *stage) together(to string) string {
	var in []Input
	s.flight = slices.DeleteFunc(s.flight, func(m flying) bool {
		if m.To == to {
			in = append(in, Input{From: m.from, Msg: m.Msg})
		}
		return m.To == to
	})
	return s.step(to, in...)
}

func (s *stage) breakLink(a, b string) (out string) {
	s.flight = slices.DeleteFunc(s.flight, func(m flying) bool {
		lost := pair(m.from, m.To) == pair(a, b)
		if lost {
			out += fmt.Sprintf("lost %s->%s %s\n", m.from, m.To, show(m.Msg))
		}
		return lost
	})
	return out
}

func (s *stage) step(name string, in ...Input) string {
	m := s.machines[name]
	if m == nil {
		return fmt.Sprintf("%s is not there\n", name)
	}
	var out Output
	m.Step(in, &out)
	if err := ownMessages(&out); err != nil {
		s.t.Error(err)
	}
	s.save(name, m)
	var text string
	for _, in := range in {
		text += fmt.Sprintf("%s<-%s %s\n", name, cmp.Or(in.From, "driver"), show(in.Msg))
	}
	for _, e := range out.Events {
		if e.Kind != Joined && e.Kind != Updated && e.Kind != Sent && e.Kind != Merged && e.Kind != Finished {
			text += strings.TrimRight(fmt.Sprintf("  %s %s", e.Kind, e.Reason), " ") + "\n"
		}
	}
	for _, e := range out.Send {
		sent := s.overTheWire(e.Msg)
		text += fmt.Sprintf("  ->%s %s\n", e.To, show(sent))
		if s.cut[pair(name, e.To)] {
			text += "    but the link is cut\n"
			continue
		}
		s.flight = append(s.flight, flying{name, Envelope{e.To, sent}})
	}
	if t := out.Train; t != nil {
		text += fmt.Sprintf("  train round=%d from=%g samples=%d+%d lr-step=%d\n", t.Round, t.Params, t.Claim.First, t.Claim.Count, t.Claim.LRStep)
	}
	if out.Done {
		delete(s.machines, name)
		text += "  done\n"
	}
	if out.Err != nil {
		text += fmt.Sprintf("  error: %v\n", out.Err)
	}
	return text
}

// save keeps what a server without a parent is now.
func (s *stage) save(name string, m Machine) {
	root, ok := m.(interface {
		Point() Point
		Params() []float32
		Work() Work
		NextSample() uint64
	})
	if !ok {
		return
	}
	if s.saved[name] == nil {
		s.saved[name] = make(map[uint64]begin)
	}
	at := root.Point()
	s.saved[name][at.Version] = begin{root.Params()[0], &Resume{Point: at, Work: root.Work(), Sample: root.NextSample()}}
}

// ownMessages checks the law of outputs: no message goes to two peers.
func ownMessages(out *Output) error {
	to := make(map[Message]string)
	for _, e := range out.Send {
		if other, twice := to[e.Msg]; twice && other != e.To {
			return fmt.Errorf("%s and %s are sent one message: %s", other, e.To, show(e.Msg))
		}
		to[e.Msg] = e.To
	}
	return nil
}

func (s *stage) state(name string) string {
	switch m := s.machines[name].(type) {
	case *LPS:
		return fmt.Sprintf("%s: params=%g base=%g version=%d %s\n", name, m.Params(), kernels.Ordinary(m.base), m.Version(), m.up.phase)
	case *GPS:
		return fmt.Sprintf("%s: params=%g version=%d steps=%d\n", name, m.Params(), m.Version(), m.Steps())
	case *Sync:
		return fmt.Sprintf("%s: params=%g version=%d steps=%d\n", name, m.Params(), m.Version(), m.Steps())
	case *Worker:
		return fmt.Sprintf("%s: %s\n", name, m.up.phase)
	}
	return name + " is not there\n"
}

// overTheWire gives m vectors of its own, as a network would.
func (s *stage) overTheWire(m Message) Message {
	b, err := encoded(m)
	if err != nil {
		s.t.Fatal(err)
	}
	m, err = new(decoder).decode(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// show prints a message in short: a receipt is life.sequence.
func show(m Message) string {
	id := func(r Receipt) string { return fmt.Sprintf("%d.%d", r.Incarnation, r.Seq) }
	switch m := m.(type) {
	case *Start:
		return fmt.Sprintf("Start life=%d", m.Incarnation)
	case *Trained:
		return fmt.Sprintf("Trained %g", m.Update)
	case *Pull:
		return fmt.Sprintf("Pull %s seen=%s want=%d", id(m.Receipt), m.Seen, m.Want)
	case *Push:
		return fmt.Sprintf("Push %s %g seen=%s steps=%d updates=%d samples=%d", id(m.Receipt), m.Delta, m.Seen, m.Steps, m.Updates, m.Samples)
	case *Model:
		return fmt.Sprintf("Model %s %g at=%s samples=%d+%d", id(m.Receipt), m.Params, m.Point, m.Claim.First, m.Claim.Count)
	case *Stop:
		return "Stop " + m.Reason
	case *Leave:
		return "Leave " + id(m.Receipt)
	case *Refuse:
		return fmt.Sprintf("Refuse %s %s: %s", id(m.Receipt), m.Code, m.Reason)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*halos.")
}

func pair(a, b string) [2]string { return [2]string{min(a, b), max(a, b)} }

func arg(f []string, i int) string {
	if i < len(f) {
		return f[i]
	}
	return ""
}

func value(f []string, key string) string {
	for _, w := range f {
		if v, ok := strings.CutPrefix(w, key+"="); ok {
			return v
		}
	}
	return ""
}

func number(s string) float32 {
	x, _ := strconv.ParseFloat(s, 32)
	return float32(x)
}
