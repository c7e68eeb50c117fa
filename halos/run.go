package halos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/halos-go/sdk/kernels"
	"github.com/halos-go/sdk/transport"
)

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
	// Grace is how long a server, once the run is over, waits for children that
	// have not confirmed it; a child that died without a word never will. 0: until
	// ctx ends.
	Grace time.Duration
	// Observe, if not nil, is told what happens, in order, and before any message
	// about it leaves. The loop that steps the
	// Machine calls it and waits: it must not block, and it may read the Machine.
	Observe func(now time.Duration, e Event)
}

// Run drives m over a Transport until m is done, ctx ends, or the Transport or
// the Trainer fails. Every goroutine it has started has returned when it does.
// It returns nil if m is done and had no reason to complain, and
// context.Cause(ctx) if ctx ended it.
//
// A server is done when the run is over and every child has confirmed it, or
// Grace has passed.
func Run(ctx context.Context, m Machine, cfg RunConfig) error {
	if cfg.Transport == nil {
		return errors.New("halos: RunConfig.Transport is nil: want the node's end of a network")
	}
	if _, worker := m.(*Worker); worker && cfg.Trainer == nil {
		return errors.New("halos: RunConfig.Trainer is nil: want one, as m is a Worker")
	}
	if cfg.Incarnation == 0 {
		cfg.Incarnation = uint64(time.Now().UnixNano())
	}
	ctx, cancel := context.WithCancelCause(ctx)
	d := driver{RunConfig: cfg, m: m, inputs: make(chan arrival, waiting), outbox: newOutbox(), fail: cancel, began: time.Now()}
	d.wg.Go(func() { d.receive(ctx) })
	if cfg.Quit != nil {
		d.wg.Go(func() { d.awaitQuit(ctx) })
	}
	err := d.loop(ctx)
	if err != nil {
		cancel(err)
	}
	d.completeAll()
	if err == nil {
		err = d.incomplete
	}
	d.outbox.close()
	d.senders.Wait() // a last Stop or Leave must go out
	cancel(nil)
	d.wg.Wait()
	return err
}

// A driver is one Run. Its goroutines: the caller's is the loop and alone
// touches m; receive; one send per peer; at most one train; awaitQuit; complete,
// if the Machine keeps its model in another Backend than the CPU.
type driver struct {
	RunConfig
	m       Machine
	inputs  chan arrival
	outbox  outbox
	fail    context.CancelCauseFunc
	wg      sync.WaitGroup
	senders sync.WaitGroup
	began   time.Time

	letters    chan addressed // to complete; nil: the loop fills the boxes itself
	completed  sync.WaitGroup
	incomplete error // the first that could not be, when completed is

	several        Several
	frames         []func()  // releases those that the inputs of this Step lie in
	params, update []float32 // of the training
	trained        Trained
}

// waiting is how many inputs may wait for the loop, which takes them together with
// the one that it waits for: a server applies up to four updates in one pass. Each
// holds the memory of a frame, which would else be that of the network.
const waiting = 3

// An arrival is an input and the end of the loan of the frame that it lies in; nil: there
// is none.
type arrival struct {
	Input
	release func()
}

// malformed is an input that never reaches a Machine: a frame that is none.
type malformed struct{ err error }

func (*malformed) message() {}

// loop steps m. It never waits for the network.
func (d *driver) loop(ctx context.Context) error {
	var out Output
	var grace <-chan time.Time // nil: for ever
	next := arrival{Input: Input{Msg: &Start{Incarnation: d.Incarnation}}}
	for {
		now := time.Since(d.began)
		out.Reset()
		if in := d.gather(next, now, &out); in.Msg != nil {
			d.m.Step(in, &out)
		}
		if err := d.carryOut(ctx, &out, now); err != nil {
			return err
		}
		d.release()
		if out.Done {
			return out.Err
		}
		if d.Grace > 0 && slices.ContainsFunc(out.Events, isStopped) {
			grace = time.After(d.Grace) //nolint:forbidigo // the one timer: when to stop waiting for the dead
		}
		select {
		case next = <-d.inputs:
		case <-grace:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// gather returns in together with what else waits, or no message if all of it was
// malformed, which a Machine never sees.
func (d *driver) gather(in arrival, now time.Duration, out *Output) Input {
	all := &d.several.Inputs
	*all = (*all)[:0]
	for more := true; more; {
		in.Now = now
		if in.release != nil {
			d.frames = append(d.frames, in.release)
		}
		if bad, ok := in.Msg.(*malformed); ok {
			out.note(Event{Kind: Refused, Peer: in.From, Reason: bad.err.Error()})
		} else {
			*all = append(*all, in.Input)
		}
		more = false
		if len(*all) <= waiting {
			select {
			case in = <-d.inputs:
				more = true
			default:
			}
		}
	}
	switch len(*all) {
	case 0:
		return Input{}
	case 1:
		return (*all)[0]
	}
	return Input{Now: now, Msg: &d.several}
}

// release ends the loans of the frames of a Step.
func (d *driver) release() {
	for i, release := range d.frames {
		release()
		d.frames[i] = nil
	}
	d.frames = d.frames[:0]
}

func isStopped(e Event) bool { return e.Kind == Stopped }

// carryOut encodes what out sends and copies what it asks to train, which ends
// the loan of its slices.
func (d *driver) carryOut(ctx context.Context, out *Output, now time.Duration) error {
	if d.Observe != nil { // first, so that no peer can be seen to act on what was not seen yet
		for _, e := range out.Events {
			d.Observe(now, e)
		}
	}
	for _, e := range out.Send {
		box := d.outbox.box(e.To, func(box <-chan []byte) {
			d.senders.Go(func() { d.send(ctx, e.To, box) })
		})
		if d.letters == nil {
			d.outbox.withdraw(box) // its memory is the next frame's
		}
		l, err := newLetter(d.outbox.take(), e.Msg)
		if err != nil {
			return err
		}
		d.mail(l, box)
	}
	if out.Train != nil {
		task := *out.Train
		if n := len(task.Params); len(d.update) != n {
			d.params, d.update = kernels.Make(n), kernels.Make(n)
		}
		kernels.Copy(d.update, task.Params)
		task.Params = d.update
		d.wg.Go(func() { d.train(ctx, task) })
	}
	return nil
}

// mail passes a letter on. From the first one on that is not whole there is a goroutine
// that completes them, so that the loop can go on, and all letters go by way of it, so
// that they leave in order.
func (d *driver) mail(l letter, box chan []byte) {
	if d.letters == nil && l.vector == nil {
		d.outbox.put(box, l.frame)
		return
	}
	if d.letters == nil {
		d.letters = make(chan addressed, spareFrames)
		d.completed.Go(d.complete)
	}
	d.letters <- addressed{l, box}
}

// An addressed letter knows its box.
type addressed struct {
	letter
	box chan []byte
}

// complete waits for what is in another Backend. A Backend holds a few models for it at
// most: a loop that is faster waits there, and never for the network.
func (d *driver) complete() {
	for l := range d.letters {
		if err := l.complete(); err != nil {
			d.incomplete = cmp.Or(d.incomplete, err)
			d.fail(err)
			continue
		}
		d.outbox.put(l.box, l.frame)
	}
}

func (d *driver) completeAll() {
	if d.letters != nil {
		close(d.letters)
		d.completed.Wait()
	}
}

// receive decodes what comes and passes it to the loop. A message lives in its
// decoder, so there are as many as there can be messages: those that the loop has
// gathered, those that wait, and the one here.
func (d *driver) receive(ctx context.Context) {
	var decoders [2*waiting + 2]decoder
	for i := 0; ; i = (i + 1) % len(decoders) {
		e, err := d.Transport.Recv(ctx)
		if err != nil {
			d.fail(err)
			return
		}
		in := arrival{Input{From: e.Peer, Msg: &Linked{}}, e.Release}
		if !e.Linked {
			if in.Msg, err = decoders[i].decode(e.Frame); err != nil {
				in.Msg = &malformed{err} // a peer's mistake must not stop this node
			}
		}
		d.post(ctx, in)
	}
}

// send empties one peer's box. A frame that cannot be sent is dropped: the
// Linked that will follow makes whoever waits for an answer ask again.
func (d *driver) send(ctx context.Context, to string, box <-chan []byte) {
	for frame := range box {
		err := d.Transport.Send(ctx, to, frame)
		if err != nil && !errors.Is(err, transport.ErrUnreachable) {
			d.fail(fmt.Errorf("halos: send to %s: %w", to, err))
			return
		}
		d.outbox.give(frame)
	}
}

func (d *driver) train(ctx context.Context, task Task) {
	if err := Round(ctx, d.Trainer, task, d.params, d.update); err != nil {
		d.fail(err)
		return
	}
	d.trained.Update = d.update
	d.post(ctx, arrival{Input: Input{Msg: &d.trained}})
}

func (d *driver) awaitQuit(ctx context.Context) {
	select {
	case <-d.Quit:
		d.post(ctx, arrival{Input: Input{Msg: &Quit{}}})
	case <-ctx.Done():
	}
}

func (d *driver) post(ctx context.Context, in arrival) {
	select {
	case d.inputs <- in:
	case <-ctx.Done():
	}
}
