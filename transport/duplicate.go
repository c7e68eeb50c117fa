package transport

import "context"

// Duplicate delivers some frames twice, the second right after the first. It
// breaks the contract on purpose: with it one sees whether a receiver knows a
// repeat when it meets one, which it must, since a request whose answer was
// lost with its link is repeated too. It keeps a few words for each name it has
// ever sent to.
type Duplicate struct {
	Transport
	// Rate is the share of frames delivered twice, from 0 to 1.
	Rate float64
	// Seed chooses which, as in [Lossy].
	Seed uint64

	dice dice
}

// Send implements [Transport]. It reports what became of the first copy.
func (d *Duplicate) Send(ctx context.Context, to string, parts ...[]byte) error {
	if err := decorates("Duplicate", d.Transport); err != nil {
		return err
	}
	twice := d.dice.roll(d.Seed, to) < d.Rate
	err := d.Transport.Send(ctx, to, parts...)
	if err == nil && twice {
		_ = d.Transport.Send(ctx, to, parts...) // the caller's frame has left; whatever stops this one stops his next
	}
	return err
}

// Recv implements [Transport].
func (d *Duplicate) Recv(ctx context.Context) (Event, error) {
	if err := decorates("Duplicate", d.Transport); err != nil {
		return Event{}, err
	}
	return d.Transport.Recv(ctx)
}

// Close implements [Transport].
func (d *Duplicate) Close() error {
	if err := decorates("Duplicate", d.Transport); err != nil {
		return err
	}
	return d.Transport.Close()
}
