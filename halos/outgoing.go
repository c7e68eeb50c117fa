package halos

import (
	"context"
	"fmt"
	"slices"

	"github.com/halos-go/sdk/kernels"
)

// carryOut makes frames of what the Output sends, which ends the loan of its messages, and
// starts what it asks to train.
func (d *driver) carryOut() error {
	for _, e := range d.out.Send {
		f, err := d.frame(e)
		if err != nil {
			return err
		}
		if f != nil {
			d.outgoing <- f
		}
	}
	if d.shared != nil {
		d.shared.release()
		d.shared, d.sharedOf = nil, nil
	}
	if d.out.Train != nil {
		return d.train(*d.out.Train)
	}
	return nil
}

// frame makes the frame of a message, or none if its answer finds no room.
func (d *driver) frame(e Envelope) (*frame, error) {
	p, vector, err := takeApart(e.Msg)
	if err != nil {
		return nil, err
	}
	var b *body
	if len(vector) > 0 {
		_, answer := e.Msg.(*Model)
		if b = d.bodyOf(vector, answer); b == nil {
			if !slices.Contains(d.unanswered, e.To) {
				d.unanswered = append(d.unanswered, e.To)
			}
			return nil, nil
		}
	}
	f := frames.Get().(*frame)
	f.to, f.body = e.To, b
	_, f.minor = e.Msg.(*Refuse)
	f.header = appendHeader(f.header[:0], &p, len(p.body)+4*len(vector))
	if b == nil {
		seal(f.header, checksum(p.body))
		f.header = append(f.header, p.body...)
	}
	return f, nil
}

// bodyOf returns the body of v, held for one frame; nil if it is an answer for which there
// is no room.
func (d *driver) bodyOf(v []float32, answer bool) *body {
	if !answer {
		if d.update != nil && same(d.update.v, v) {
			return d.update.hold()
		}
		return copied(d.updates.take(len(v)), v)
	}
	if d.shared == nil || !same(d.sharedOf, v) {
		b := d.answers.take(len(v))
		if b == nil {
			return nil
		}
		if d.shared != nil {
			d.shared.release()
		}
		d.shared, d.sharedOf = copied(b, v), v
	}
	return d.shared.hold()
}

// same reports whether a and b, which is not empty, are the same memory.
func same(a, b []float32) bool { return len(a) == len(b) && &a[0] == &b[0] }

// copied makes b a copy of v as it is now.
func copied(b *body, v []float32) *body {
	if place := kernels.Where(v); place != (kernels.CPU{}) {
		b.snapshot = place.Snapshot(v)
		return b
	}
	s := sweep{v: b.v, x: v, sure: true}
	b.sum, _ = s.run()
	b.summed = true
	return b
}

// memory is [Output].Memory.
func (d *driver) memory(n int) []float32 {
	if d.update != nil {
		d.update.release()
	}
	d.update = d.updates.take(n)
	return d.update.v
}

// complete waits for what is in another Backend, so that the loop need not, and passes
// the frames on in their order. A Backend holds a few models for it at most: a loop that
// is faster waits there, and never for the network.
func (d *driver) complete() {
	for f := range d.outgoing {
		if f.body != nil {
			if err := f.body.complete(); err != nil {
				d.incomplete = err
				d.fail(err)
				f.release()
				continue
			}
			seal(f.header, f.body.sum)
		}
		d.outbox.put(f)
	}
}

// train starts a round. The model that it starts from is lent until it ends.
func (d *driver) train(task Task) error {
	n := len(task.Params)
	if d.Trainer == nil || n == 0 {
		return fmt.Errorf("halos: %s asks to train %d parameters: want RunConfig.Trainer and a model", d.m.ID(), n)
	}
	if d.training {
		return fmt.Errorf("halos: %s asks to train while it trains: want one round at a time", d.m.ID())
	}
	d.training = true
	release := d.keep(task.Params)
	if release == nil {
		d.start = slices.Grow(d.start[:0], n)[:n]
		kernels.Copy(d.start, task.Params)
		task.Params, release = d.start, func() {}
	}
	if len(d.work) != n {
		d.work = kernels.Make(n)
	}
	d.memory(n)
	update := d.update.hold()
	d.wg.Go(func() {
		defer update.release()
		m := d.round(d.ctx, task, update)
		release()
		d.tell(news{msg: m})
	})
	return nil
}

// round is [Round], which makes the checksum of the update with it.
func (d *driver) round(ctx context.Context, task Task, update *body) Message {
	start := task.Params
	loss, err := train(ctx, d.Trainer, task, d.work)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return &Failed{err}
	}
	s := sweep{v: update.v, x: start, y: d.work}
	if task.Gradient {
		s.x, s.y = d.work, nil
	}
	var ok bool
	update.sum, ok = s.run()
	update.summed = true
	return &Trained{Update: update.v, Loss: loss, checked: verdictOf(ok)}
}
