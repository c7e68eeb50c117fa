package transporttest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/halos-go/sdk/transport"
)

// A stream is a sequence of frames from a node to a peer, sent by one goroutine.
// Each frame says what it is, so that the receiver can tell whether it is whole,
// and whether it has come once and in order:
//
//	stream, number, sure, size uint64; then bytes that follow from stream and number
//
// sure is the last number of which Send had said that it was sent.
type stream struct {
	from *node
	to   string
	id   uint64
	last uint64 // number, from 1
	sure uint64
	buf  []byte
}

const header = 32

func newStream(from *node, to string) *stream {
	return &stream{from: from, to: to, id: from.stage.streams.Add(1)}
}

// send sends the next frame, of size bytes or the header if that is longer, in
// one part or several, and then overwrites the memory they were in.
func (s *stream) send(ctx context.Context, size int) error {
	frame := s.next(max(size, header))
	if err := s.from.Send(ctx, s.to, cut(frame, s.last)...); err != nil {
		return fmt.Errorf("%s: send to %q: %w", s.from.name, s.to, err)
	}
	if err := whole(frame); err != nil {
		return fmt.Errorf("%s: the frame sent to %q is no longer what it was: %w", s.from.name, s.to, err)
	}
	scribble(frame)
	s.sure = s.last
	return nil
}

// cut cuts a frame into parts, for each number in another way.
func cut(frame []byte, number uint64) [][]byte {
	half := len(frame) / 2
	switch number % 4 {
	case 1:
		return [][]byte{frame[:header:header], frame[header:]}
	case 2:
		return [][]byte{nil, frame[:half], {}, frame[half:], nil}
	case 3:
		return [][]byte{frame[:1], frame[1:2], frame[2:half], frame[half:]}
	}
	return [][]byte{frame}
}

func (s *stream) next(size int) []byte {
	s.last++
	if cap(s.buf) < size {
		s.buf = make([]byte, size)
	}
	b := s.buf[:size]
	for i, v := range []uint64{s.id, s.last, s.sure, uint64(size)} {
		binary.LittleEndian.PutUint64(b[8*i:], v)
	}
	fill(b[header:], s.id<<32|s.last)
	return b
}

// A peer is what a node has received from another.
type peer struct {
	links   uint64 // Linked received
	streams map[uint64]arrived
}

// arrived is the last frame received of a stream, and how many Linked before it.
type arrived struct{ last, links uint64 }

// check judges an event by the laws. It passes frames shorter than a header.
func (p *peer) check(e transport.Event) error {
	if e.Linked {
		p.links++
		if len(e.Frame) != 0 {
			return fmt.Errorf("a Linked with a frame of %d bytes", len(e.Frame))
		}
		return nil
	}
	if p.links == 0 {
		return fmt.Errorf("a frame before Linked")
	}
	if len(e.Frame) < header {
		return nil
	}
	if err := whole(e.Frame); err != nil {
		return err
	}
	id, number, sure := word(e.Frame, 0), word(e.Frame, 1), word(e.Frame, 2)
	before := p.streams[id]
	switch {
	case number <= before.last:
		return fmt.Errorf("stream %d: frame %d after %d: twice or out of order", id, number, before.last)
	case sure > before.last && (p.links == before.links || before.last == 0 && p.links == 1):
		return fmt.Errorf("stream %d: frame %d after %d: %d was sent, and there was no Linked", id, number, before.last, sure)
	}
	p.streams[id] = arrived{number, p.links}
	return nil
}

// whole reports what is wrong with the bytes of a frame of a stream.
func whole(b []byte) error {
	if size := word(b, 3); size != uint64(len(b)) {
		return fmt.Errorf("a frame of %d bytes which says that it has %d", len(b), size)
	}
	want := word(b, 0)<<32 | word(b, 1)
	if i := differs(b[header:], want); i >= 0 {
		return fmt.Errorf("byte %d of %d of frame %d is wrong", header+i, len(b), word(b, 1))
	}
	return nil
}

func word(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }

// period is the length after which the bytes of a frame repeat: prime, so that
// a piece which has moved within its frame is noticed, and small, so that the
// suite measures the network and not itself.
const period = 4093

// fill writes bytes that follow from seed.
func fill(b []byte, seed uint64) {
	n := min(period, len(b))
	for i := range n {
		seed = seed*0x5851F42D4C957F2D + 0x14057B7EF767814F
		b[i] = byte(seed >> 56)
	}
	spread(b, n)
}

// differs returns the first place where b is not what fill wrote, or -1.
func differs(b []byte, seed uint64) int {
	var buf [period]byte
	want := buf[:min(period, len(b))]
	fill(want, seed)
	for at := 0; at < len(b); at += period {
		part := b[at:min(at+period, len(b))]
		if bytes.Equal(part, want[:len(part)]) {
			continue
		}
		for i := range part {
			if part[i] != want[i] {
				return at + i
			}
		}
	}
	return -1
}

func scribble(b []byte) {
	if len(b) > 0 {
		b[0] = 0xDB
		spread(b, 1)
	}
}

// spread repeats the first n bytes of b until its end.
func spread(b []byte, n int) {
	for ; n > 0 && n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}
