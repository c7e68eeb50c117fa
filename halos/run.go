package halos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/halos-go/sdk/transport"
)

// Forever is a Grace or Patience without an end.
const Forever time.Duration = math.MaxInt64

// RunConfig is what [Run] needs besides the Machine.
type RunConfig struct {
	// Transport is the node's end of the network. Whoever made it closes it, after Run.
	Transport transport.Transport
	// Trainer does the local steps of a Worker; nil for servers.
	Trainer Trainer
	// Incarnation must grow with every start of the node of this name. 0: the
	// wall clock in nanoseconds, right wherever clocks do not go back.
	Incarnation uint64
	// Quit, when it is closed, makes the node go in good order: see [Quit]. nil: never.
	Quit <-chan struct{}
	// Grace bounds each of the three things that a node which ends waits for: its
	// children's confirmation, the answer to an LPS's last delta, the last messages on
	// their way. It should be longer than a model needs on the slowest link, as the word
	// that the run is over comes behind it. 0: 1 minute. [Forever]: until ctx ends.
	Grace time.Duration
	// Patience is how long a peer may be out of reach before the node goes on without it:
	// see [Gone]. A peer that is silent is tried ten times in that time, at least once a
	// minute, by a frame of no bytes. 0: 10 minutes. [Forever]: always.
	Patience time.Duration
	// Bodies is how many models may be on their way at a time, each in memory of its own,
	// which all answers of one Step share. A child whose answer finds no room waits, and
	// gets the model as it is when there is. 0: 4.
	Bodies int
	// Observe, if not nil, is told what happens, in order, and before any message
	// about it leaves. The loop that steps the
	// Machine calls it and waits: it must not block, and it may read the Machine.
	Observe func(now time.Duration, e Event)
	// Log, if not nil, gets a record of each event: of an update at level Debug, of what
	// costs work or needs a person at level Warn, of others at level Info. The loop waits
	// for its handler.
	Log *slog.Logger
	// Window, if not nil, shows the model to any goroutine while Run runs.
	Window *Window

	over <-chan struct{} // closed: the parent has ended in good order; nil: that is not known
}

// check validates c and completes it in the copy that it returns.
func (c RunConfig) check(m Machine) (RunConfig, error) {
	if isNil(m) {
		return c, errNil
	}
	if made, ok := m.(interface{ made() bool }); ok && !made.made() {
		return c, fmt.Errorf("halos: Machine is a zero %T: want one of its constructor", m)
	}
	_, worker := m.(*Worker)
	switch {
	case isNil(c.Transport):
		return c, errors.New("halos: RunConfig.Transport is nil: want the node's end of a network")
	case worker && isNil(c.Trainer):
		return c, errors.New("halos: RunConfig.Trainer is nil: want one, as m is a Worker")
	case c.Grace < 0:
		return c, fmt.Errorf("halos: RunConfig.Grace is %v: want more than 0, or Forever", c.Grace)
	case c.Patience < 0:
		return c, fmt.Errorf("halos: RunConfig.Patience is %v: want more than 0, or Forever", c.Patience)
	case c.Bodies < 0:
		return c, fmt.Errorf("halos: RunConfig.Bodies is %d: want at least 1", c.Bodies)
	}
	c.Grace = cmp.Or(c.Grace, time.Minute)
	c.Patience = cmp.Or(c.Patience, 10*time.Minute)
	c.Bodies = cmp.Or(c.Bodies, 4)
	if c.Incarnation == 0 {
		c.Incarnation = uint64(time.Now().UnixNano())
	}
	return c, nil
}

var errNil = errors.New("halos: Machine is nil: want one, as NewWorker returns")

// Run drives m over a Transport until m is done, ctx ends, or the Transport fails. Every
// goroutine it has started has returned when it does. It returns nil if m is done and had
// no reason to complain, else the reason, and context.Cause(ctx) if ctx ended it.
//
// A server is done when the run is over and every child has confirmed it, or is waited
// for no longer.
func Run(ctx context.Context, m Machine, cfg RunConfig) error {
	cfg, err := cfg.check(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := newDriver(ctx, m, cfg, cancel)
	d.wg.Go(d.receive)
	completed := make(chan struct{})
	go func() { // ends with close(d.outgoing)
		defer close(completed)
		d.complete()
	}()
	err = d.loop()
	if !d.out.Done { // it has not ended by itself: nothing need be sent any more
		cancel(err)
	}
	close(d.ended)
	close(d.outgoing)
	<-completed
	d.outbox.close(timer(cfg.Grace), errors.New("halos: Grace is over"))
	cancel(nil)
	d.wg.Wait()
	d.close()
	return cmp.Or(err, d.incomplete)
}

// timer is closed, or gets a value, after t; Forever: never.
func timer(t time.Duration) <-chan time.Time {
	if t == Forever {
		return nil
	}
	return time.After(t) //nolint:forbidigo // how long to wait for the dead
}

// batch is how many inputs the loop takes together, and how many may wait for it besides:
// a server applies up to four updates in one pass. Each holds the memory of a frame.
const batch = 4

// A driver is one Run. Its goroutines: the caller's is the loop and alone touches m;
// receive; complete; one sender for each peer to which something is on its way; at most
// one train.
type driver struct {
	RunConfig
	ctx   context.Context
	m     Machine
	fail  context.CancelCauseFunc
	wg    sync.WaitGroup
	began time.Time
	ended chan struct{} // closed: the loop has

	out    Output
	inputs []Input
	taken  []*arrival // whose messages are in inputs
	reach  reach      // of the peers

	arrived chan *arrival // from receive to the loop
	free    chan *arrival // and back
	news    chan news     // from trainer and senders
	outbox  *outbox

	answers    store // of the models that go to children
	updates    store // of the updates that go up
	update     *body // the last of these
	unanswered []string
	shared     *body     // the model of this Output's answers
	sharedOf   []float32 // what it is a copy of

	outgoing   chan *frame // from the loop to complete
	incomplete error       // of complete, when that has ended

	training    bool
	work, start []float32 // of the training
}

// news is what another goroutine of the driver has to tell the loop.
type news struct {
	msg     Message // an input, or nil:
	peer    string  // whose link
	reached bool    // is there, or is not
}

func newDriver(ctx context.Context, m Machine, cfg RunConfig, fail context.CancelCauseFunc) *driver {
	d := &driver{RunConfig: cfg, ctx: ctx, m: m, fail: fail, began: time.Now(), ended: make(chan struct{}),
		arrived: make(chan *arrival, batch), free: make(chan *arrival, 2*batch), news: make(chan news, batch),
		answers: store{most: cfg.Bodies, freed: make(chan struct{}, 1)}, outgoing: make(chan *frame, 2*batch)}
	for range cap(d.free) {
		d.free <- new(arrival)
	}
	d.outbox = newOutbox(ctx, cfg.Transport, fail, func(peer string, reached bool) { d.tell(news{peer: peer, reached: reached}) })
	d.out.Memory = d.memory
	d.reach = newReach(cfg.Patience)
	return d
}

// loop steps m. It never waits for the network.
func (d *driver) loop() error {
	asks := d.Window.open(d)
	tick := d.reach.ticks()
	defer tick.Stop()
	var grace <-chan time.Time
	quit, over, freed := d.Quit, d.over, (<-chan struct{})(nil)
	d.inputs = append(d.inputs, Input{Msg: &Start{Incarnation: d.Incarnation}})
	for {
		ending, err := d.step()
		if err != nil || d.out.Done {
			return cmp.Or(err, d.out.Err)
		}
		if ending {
			grace = timer(d.Grace)
		}
		if freed = nil; len(d.unanswered) > 0 {
			freed = d.answers.freed
		}
		select {
		case a := <-d.arrived:
			d.gather(a)
		case n := <-d.news:
			d.hear(n)
		case <-tick.C:
			d.look()
		case <-quit:
			quit = nil
			d.add(&Quit{})
		case <-over:
			over = nil
			if child, ok := d.m.(interface{ Seen() Point }); ok && child.Seen() == (Point{}) {
				return errOver
			}
		case <-grace:
			grace = nil
			d.add(&Expire{})
		case <-freed:
			d.resend()
		case ask := <-asks:
			ask(d.m)
		case <-d.ctx.Done():
			return context.Cause(d.ctx)
		}
	}
}

// step lets m take the inputs and carries out what it asks for. ending reports that from
// now on the node waits for others to end.
func (d *driver) step() (ending bool, err error) {
	now := time.Since(d.began)
	events := d.out.Events // of the driver itself
	if len(d.inputs) > 0 {
		for i := range d.inputs {
			d.inputs[i].Now = now
			if _, last := d.inputs[i].Msg.(*Expire); last {
				ending = true
			}
		}
		d.m.Step(d.inputs, &d.out)
		events = d.out.Events
	}
	for _, e := range events {
		d.observe(now, e)
		ending = ending || e.Kind == Stopped
	}
	err = d.carryOut()
	d.giveBack()
	if !d.out.Done {
		d.out.Reset()
	}
	return ending, err
}

// add adds an input of the driver's own.
func (d *driver) add(m Message) { d.inputs = append(d.inputs, Input{Msg: m}) }

// observe tells what has happened.
func (d *driver) observe(now time.Duration, e Event) {
	if e.Kind == Left {
		d.outbox.drop(e.Peer)
	}
	if d.Observe != nil {
		d.Observe(now, e)
	}
	if d.Log != nil {
		record(d.ctx, d.Log, d.m.ID(), e)
	}
}

// hear takes what another goroutine has to tell.
func (d *driver) hear(n news) {
	switch {
	case n.msg != nil:
		d.training = false
		d.add(n.msg)
	case n.reached:
		d.reach.back(n.peer)
	case d.reach.lost(n.peer, time.Since(d.began)):
		d.out.note(Event{Kind: Unreachable, Peer: n.peer, Reason: "there is no link"})
	}
}

// look sees whose absence has lasted too long, and tries those who are silent.
func (d *driver) look() {
	gone := d.reach.look(time.Since(d.began), d.m.Peers(), d.outbox.probe)
	for _, peer := range gone {
		d.inputs = append(d.inputs, Input{From: peer, Msg: &Gone{Reason: fmt.Sprintf("out of reach for %v", d.Patience)}})
	}
	d.outbox.forget(d.reach.counted)
}

// resend lets m answer those whose answers found no room.
func (d *driver) resend() {
	for _, peer := range d.unanswered {
		d.inputs = append(d.inputs, Input{From: peer, Msg: &Resend{}})
	}
	d.unanswered = d.unanswered[:0]
}

func (d *driver) tell(n news) {
	select {
	case d.news <- n:
	case <-d.ended:
	case <-d.ctx.Done():
	}
}

// close gives back what has come and is not wanted, and the memory of what has been sent.
func (d *driver) close() {
	for len(d.arrived) > 0 {
		(<-d.arrived).end()
	}
	if d.update != nil {
		d.update.release()
	}
	d.answers.close()
	d.updates.close()
}
