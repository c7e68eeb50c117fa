package halos

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/optim"
	"github.com/halos-go/sdk/transport"
)

// A tape is a Transport that plays events, and keeps nothing of what is sent.
type tape struct {
	events chan transport.Event
	send   func(ctx context.Context, to string, parts ...[]byte) error // nil: sent at once
}

func (t *tape) Send(ctx context.Context, to string, parts ...[]byte) error {
	if t.send == nil {
		return nil
	}
	return t.send(ctx, to, parts...)
}

func (t *tape) Recv(ctx context.Context) (transport.Event, error) {
	select {
	case e := <-t.events:
		return e, nil
	case <-ctx.Done():
		return transport.Event{}, context.Cause(ctx)
	}
}

func (t *tape) Close() error { return nil }

// play puts messages of a peer on the tape.
func (t *tape) play(peer string, messages ...Message) {
	for _, m := range messages {
		frame, err := encoded(m)
		if err != nil {
			panic(err)
		}
		t.events <- transport.Event{Peer: peer, Frame: frame}
	}
}

// A slowpoke is a Machine that looks at its inputs twice, before and after others have had
// their turn.
type slowpoke struct {
	t      *testing.T
	pushes int
	most   int    // inputs of a Step
	end    func() // called at a Linked
}

func (s *slowpoke) ID() string              { return "slowpoke" }
func (s *slowpoke) Peers() iter.Seq[string] { return func(func(string) bool) {} }

func (s *slowpoke) Step(in []Input, _ *Output) {
	s.most = max(s.most, len(in))
	for _, in := range in {
		if _, last := in.Msg.(*Linked); last {
			s.end()
		}
		p, ok := in.Msg.(*Push)
		if !ok {
			continue
		}
		s.pushes++
		want, delta := p.Receipt, slices.Clone(p.Delta)
		for range 20 {
			runtime.Gosched()
		}
		if in.From != fmt.Sprint("w", want.Seq) || p.Receipt != want || !slices.Equal(p.Delta, delta) || delta[0] != float32(want.Seq) {
			s.t.Errorf("input from %s: %v %v, before it was %v %v", in.From, p.Receipt, p.Delta, want, delta)
		}
	}
}

// TestInputsStayWhatTheyWere: however many malformed frames come between two messages, a
// message does not change before its Step is over, and a Step takes four at most.
func TestInputsStayWhatTheyWere(t *testing.T) {
	for malformed := range 12 {
		tp := &tape{events: make(chan transport.Event, 10000)}
		const pushes = 300
		released := make([]bool, pushes)
		var mu sync.Mutex
		ctx, cancel := context.WithCancel(t.Context())
		for i := range pushes {
			frame, err := encoded(&Push{Receipt: Receipt{1, uint64(i)}, Delta: []float32{float32(i)}})
			if err != nil {
				t.Fatal(err)
			}
			tp.events <- transport.Event{Peer: fmt.Sprint("w", i), Frame: frame, Release: func() {
				mu.Lock()
				defer mu.Unlock()
				if released[i] {
					t.Errorf("frame %d is released twice", i)
				}
				released[i] = true
			}}
			for range malformed {
				tp.events <- transport.Event{Peer: "evil", Frame: []byte("no")}
			}
		}
		tp.events <- transport.Event{Peer: "end", Linked: true}
		s, refused := &slowpoke{t: t, end: cancel}, 0
		_ = Run(ctx, s, RunConfig{Transport: tp, Incarnation: 1, Observe: func(_ time.Duration, e Event) {
			if e.Kind == Refused {
				refused++
			}
		}})
		if s.pushes != pushes || s.most > batch || refused != malformed*pushes {
			t.Errorf("%d malformed between: %d pushes, up to %d in a Step; %d refused", malformed, s.pushes, s.most, refused)
		}
		if i := slices.Index(released, false); i >= 0 {
			t.Errorf("%d malformed between: frame %d is not released", malformed, i)
		}
	}
}

// crowd is a tape with n children that have pulled from a GPS of n parameters.
func crowd(children, params int) (*GPS, *tape) {
	layout := optim.Layout{Segments: []optim.Segment{{Name: "params", Shape: []int{params}}}}
	g, err := NewGPS(GPSConfig{ServerConfig: ServerConfig{ID: "gps", Params: make([]float32, params), Layout: layout, Optimizer: &optim.SGD{}, LR: optim.Constant(1)}})
	if err != nil {
		panic(err)
	}
	tp := &tape{events: make(chan transport.Event, 4*children)}
	for i := range children {
		tp.play(fmt.Sprint("w", i), &Pull{Receipt: Receipt{1, 1}, Hello: Hello{Role: RoleWorker, Layout: layout}, Steps: 1, Want: 1})
	}
	return g, tp
}

// TestAnswersWaitForRoom: 32 children wait, and none of them takes its answer. No more than
// four models are on their way. When there is room again everybody gets the model as it
// is then.
func TestAnswersWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const children = 32
		g, tp := crowd(children, 100)
		var mu sync.Mutex
		bodies, versions, open := make(map[*byte]bool), make(map[string]uint64), make(chan struct{})
		tp.send = func(ctx context.Context, to string, parts ...[]byte) error {
			if len(parts) < 2 {
				return nil
			}
			mu.Lock()
			bodies[&parts[1][0]] = true
			mu.Unlock()
			before := slices.Clone(parts[1])
			select {
			case <-open:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(before, parts[1]) {
				t.Errorf("the model changed while it was sent to %s", to)
			}
			versions[to] = binary.LittleEndian.Uint64(parts[0][48:])
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Run(ctx, g, RunConfig{Transport: tp, Incarnation: 1}) }()
		synctest.Wait()
		for range 5 { // updates go on
			tp.play("w0", &Push{Receipt: Receipt{1, g.Version() + 2}, Seen: Point{1, 1, 0}, Work: Work{Updates: 1}, Want: 1, Delta: make([]float32, 100)})
			synctest.Wait()
		}
		if len(bodies) > 4 {
			t.Errorf("%d models are on their way", len(bodies))
		}
		close(open)
		synctest.Wait()
		late := 0
		for i := range children {
			v, answered := versions[fmt.Sprint("w", i)]
			if !answered {
				t.Errorf("w%d has no answer", i)
			}
			if v == 5 {
				late++
			}
		}
		if late < children-4*batch || len(bodies) > 4 { // a Step answers so many at a time
			t.Errorf("%d of %d children have the newest model; %d models in memory", late, children, len(bodies))
		}
		stop()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}

// TestOneBodyForAll: all answers of one Step share one copy of the model, and one checksum.
func TestOneBodyForAll(t *testing.T) {
	d := newDriver(t.Context(), &GPS{}, RunConfig{Bodies: 4, Patience: Forever}, nil)
	params := []float32{1, 2, 3}
	for i := range 10 {
		d.out.Send = append(d.out.Send, Envelope{fmt.Sprint("w", i), &Model{Params: params}})
	}
	go func() { _ = d.carryOut(); close(d.outgoing) }()
	bodies := make(map[*body]int)
	for f := range d.outgoing {
		bodies[f.body]++
		if !slices.Equal(f.body.v, params) {
			t.Errorf("%s is sent %v", f.to, f.body.v)
		}
		f.release()
	}
	if len(bodies) != 1 || d.answers.out != 0 {
		t.Errorf("%d bodies for ten answers, %d still held", len(bodies), d.answers.out)
	}
}

// TestLaterFrameReplacesUnsent: with a peer that takes nothing the loop must
// neither wait nor hold more than one frame besides the one that is being sent.
func TestLaterFrameReplacesUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		var sent []string
		tp := &tape{send: func(_ context.Context, _ string, parts ...[]byte) error {
			<-open
			sent = append(sent, string(parts[0]))
			return nil
		}}
		s := store{}
		o := newOutbox(t.Context(), tp, nil, func(string, bool) {})
		for i := range 5 {
			f := frames.Get().(*frame)
			f.to, f.header, f.body = "slow", append(f.header[:0], byte('0'+i)), s.take(3)
			o.put(f)
			synctest.Wait()
		}
		if s.out != 2 {
			t.Errorf("%d frames are held for one peer", s.out)
		}
		close(open)
		o.close(nil, nil)
		if !slices.Equal(sent, []string{"0", "4"}) || s.out != 0 || len(o.sending) != 0 {
			t.Errorf("sent %q; %d bodies held, %d senders", sent, s.out, len(o.sending))
		}
	})
}

// TestOldRequestIsNotAnswered: a child has long had the answer to a request
// before its last one.
func TestOldRequestIsNotAnswered(t *testing.T) {
	for role, s := range servers(3, kernels.CPU{}) {
		step := updates(s, 3)
		step()
		step()
		var out Output
		s.Step([]Input{{From: "w", Msg: &Push{Receipt: Receipt{1, 2}, Work: Work{Steps: 1, Updates: 1}, Delta: make([]float32, 3)}}}, &out)
		if len(out.Send) != 0 || len(out.Events) != 1 || out.Events[0].Kind != Repeated {
			t.Errorf("%s: sends %d, events %v", role, len(out.Send), out.Events)
		}
	}
}
