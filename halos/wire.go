package halos

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/halos-go/sdk/kernels"
)

// A frame is a header of 80 bytes, a text padded with zeros to a multiple of 16
// bytes, and a vector of float32. All numbers are little-endian.
//
//	 0  "HALO"
//	 4  CRC-32C of everything from byte 8 on
//	 8  format version, 1
//	 9  kind of message
//	10  code (Refuse), else 0
//	11  0
//	12  length of the text in bytes
//	16  incarnation
//	24  sequence number
//	32  five fields of 8 bytes; see fields
//	72  length of the vector in float32
//
// The vector begins at a multiple of 16 and is viewed where it lies.
const (
	headerSize  = 80
	crcFrom     = 8
	wireVersion = 1
	maxText     = 1 << 16
)

const (
	kindPull = iota + 1
	kindPush
	kindModel
	kindStop
	kindLeave
	kindRefuse
)

var (
	magic      = [4]byte{'H', 'A', 'L', 'O'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// parts is a message taken apart, as it lies in a frame.
type parts struct {
	kind, code byte
	receipt    Receipt
	fields     [5]uint64
	text       string
	vector     []float32
}

func takeApart(m Message) (p parts, err error) {
	switch m := m.(type) {
	case *Pull:
		p = parts{kind: kindPull, receipt: m.Receipt, text: m.Hello.Plugs,
			fields: [5]uint64{m.Hello.Layout, m.Hello.Params, m.Steps, m.Samples, m.Have}}
	case *Push:
		p = parts{kind: kindPush, receipt: m.Receipt, vector: m.Delta,
			fields: [5]uint64{m.Base, m.Steps, m.Updates, m.Samples}}
	case *Model:
		p = parts{kind: kindModel, receipt: m.Receipt, vector: m.Params,
			fields: [5]uint64{m.Version, m.Claim.First, m.Claim.Count, m.Claim.LRStep}}
	case *Stop:
		p = parts{kind: kindStop}
	case *Leave:
		p = parts{kind: kindLeave, receipt: m.Receipt}
	case *Refuse:
		p = parts{kind: kindRefuse, code: byte(m.Code), receipt: m.Receipt, text: m.Reason}
	default:
		return p, fmt.Errorf("halos: %T does not cross the network", m)
	}
	if len(p.text) > maxText {
		p.text = p.text[:maxText]
	}
	return p, nil
}

// A letter is a frame whose vector may still have to come from another Backend.
type letter struct {
	frame  []byte
	at     int              // where the vector begins
	vector kernels.Snapshot // nil: the frame is whole
}

// newLetter encodes m into the memory of b, which ends the loan of m.
func newLetter(b []byte, m Message) (letter, error) {
	p, err := takeApart(m)
	if err != nil {
		return letter{}, err
	}
	le := binary.LittleEndian
	b = append(b[:0], magic[:]...)
	b = append(b, 0, 0, 0, 0, wireVersion, p.kind, p.code, 0)
	b = le.AppendUint32(b, uint32(len(p.text)))
	b = le.AppendUint64(b, p.receipt.Incarnation)
	b = le.AppendUint64(b, p.receipt.Seq)
	for _, f := range p.fields {
		b = le.AppendUint64(b, f)
	}
	b = le.AppendUint64(b, uint64(len(p.vector)))
	b = append(b, p.text...)
	b = append(b, make([]byte, padded(len(p.text))-len(p.text))...)
	at := len(b)
	b = slices.Grow(b, 4*len(p.vector))[:at+4*len(p.vector)]
	if place := kernels.Where(p.vector); place != (kernels.CPU{}) {
		return letter{b, at, place.Snapshot(p.vector)}, nil
	}
	if view, ok := kernels.Floats(b[at:]); ok {
		kernels.Copy(view, p.vector) // if it is large, on several goroutines
	} else {
		copy(b[at:], kernels.Bytes(p.vector))
	}
	seal(b)
	return letter{frame: b}, nil
}

// complete waits for the vector.
func (l *letter) complete() error {
	if l.vector == nil {
		return nil
	}
	defer l.vector.Release()
	view, ok := kernels.Floats(l.frame[l.at:])
	if err := l.vector.Read(view); err != nil {
		return fmt.Errorf("halos: encoding: %w", err)
	}
	if !ok {
		copy(l.frame[l.at:], kernels.Bytes(view))
	}
	seal(l.frame)
	return nil
}

// seal writes the checksum.
func seal(frame []byte) {
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(frame[crcFrom:], castagnoli))
}

func padded(n int) int { return (n + 15) &^ 15 }

// A decoder turns frames into messages without allocating: the message of one
// decode lives until the next, and its vector is that of the frame.
type decoder struct {
	pull   Pull
	push   Push
	model  Model
	stop   Stop
	leave  Leave
	refuse Refuse
}

// decode returns the message in frame, which it views.
func (d *decoder) decode(frame []byte) (Message, error) {
	p, err := parse(frame)
	if err != nil {
		return nil, err
	}
	f := p.fields
	switch p.kind {
	case kindPull:
		d.pull = Pull{Receipt: p.receipt, Hello: Hello{Layout: f[0], Params: f[1], Plugs: p.text}, Steps: f[2], Samples: f[3], Have: f[4]}
		return &d.pull, nil
	case kindPush:
		d.push = Push{Receipt: p.receipt, Base: f[0], Steps: f[1], Updates: f[2], Samples: f[3], Delta: p.vector}
		return &d.push, nil
	case kindModel:
		d.model = Model{Receipt: p.receipt, Version: f[0], Claim: Claim{First: f[1], Count: f[2], LRStep: f[3]}, Params: p.vector}
		return &d.model, nil
	case kindStop:
		return &d.stop, nil
	case kindLeave:
		d.leave = Leave{Receipt: p.receipt}
		return &d.leave, nil
	case kindRefuse:
		d.refuse = Refuse{Receipt: p.receipt, Code: Code(p.code), Reason: p.text}
		return &d.refuse, nil
	}
	return nil, fmt.Errorf("halos: frame of kind %d: want 1 to %d", p.kind, kindRefuse)
}

func parse(b []byte) (p parts, err error) {
	le := binary.LittleEndian
	switch {
	case len(b) < headerSize:
		return p, fmt.Errorf("halos: frame of %d bytes: want at least %d", len(b), headerSize)
	case [4]byte(b) != magic:
		return p, fmt.Errorf("halos: frame begins with %q: want %q", b[:4], magic[:])
	case b[8] != wireVersion:
		return p, fmt.Errorf("halos: frame of format version %d: want %d", b[8], wireVersion)
	case le.Uint32(b[4:]) != crc32.Checksum(b[crcFrom:], castagnoli):
		return p, errors.New("halos: frame is damaged: checksums differ")
	}
	text, vector := int(le.Uint32(b[12:])), le.Uint64(b[72:])
	rest := len(b) - headerSize
	if text > maxText || padded(text) > rest {
		return p, fmt.Errorf("halos: frame with a text of %d bytes: want at most %d", text, min(maxText, rest))
	}
	rest -= padded(text)
	if rest%4 != 0 || vector != uint64(rest/4) {
		return p, fmt.Errorf("halos: frame with a vector of %d: want the %d bytes that follow", vector, rest)
	}
	p = parts{kind: b[9], code: b[10], receipt: Receipt{le.Uint64(b[16:]), le.Uint64(b[24:])}}
	for i := range p.fields {
		p.fields[i] = le.Uint64(b[32+8*i:])
	}
	p.text = string(b[headerSize : headerSize+text])
	p.vector, _ = kernels.Floats(b[headerSize+padded(text):])
	return p, nil
}
