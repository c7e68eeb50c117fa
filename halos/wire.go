package halos

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/halos-go/sdk/kernels"
)

// A frame is a header and a body, one behind the other. docs/wire.md has the table of
// all fields by kind of message. Numbers are little-endian.
//
//	  0  "HALO"
//	  4  CRC-32C of the header from byte 8 on
//	  8  format version, 2
//	  9  kind of message
//	 10  lane, 0
//	 11  codec of the body
//	 12  code (Refuse) or role (Pull), else 0
//	 13  0, 0, 0
//	 16  incarnation
//	 24  sequence number
//	 32  point: lineage, life, version
//	 56  six fields of 8 bytes, by kind
//	104  bytes of the body
//	112  CRC-32C of the body
//	116  bytes of the text
//	120  0
//	128  text, padded with zeros to a multiple of 16
//
// The body begins behind the header, at a multiple of 16, and is viewed where it lies.
const (
	headerSize  = 128
	crcFrom     = 8
	wireVersion = 2
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

// What a body is.
const (
	codecNone = iota
	codecFloat32
	codecLayout
)

var (
	magic      = [4]byte{'H', 'A', 'L', 'O'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// parts is a message taken apart, as it lies in a frame.
type parts struct {
	kind, codec, code byte
	receipt           Receipt
	point             Point
	fields            [6]uint64
	text              string
	body              []byte // of a Pull
}

// takeApart returns what m has besides its vector, which is apart.
func takeApart(m Message) (p parts, vector []float32, err error) {
	switch m := m.(type) {
	case *Pull:
		p = parts{kind: kindPull, code: byte(m.Hello.Role), receipt: m.Receipt, point: m.Seen, text: m.Hello.Plugs,
			fields: [6]uint64{m.Steps, m.Want, m.Have}}
		p.body, err = m.Hello.Layout.MarshalBinary()
	case *Push:
		p = parts{kind: kindPush, receipt: m.Receipt, point: m.Seen,
			fields: [6]uint64{m.Steps, m.Updates, m.Samples, m.Tokens, m.Want}}
		vector = m.Delta
	case *Model:
		p = parts{kind: kindModel, receipt: m.Receipt, point: m.Point,
			fields: [6]uint64{m.Claim.First, m.Claim.Count, m.Claim.LRStep}}
		vector = m.Params
	case *Stop:
		p = parts{kind: kindStop, text: m.Reason}
	case *Leave:
		p = parts{kind: kindLeave, receipt: m.Receipt}
	case *Refuse:
		p = parts{kind: kindRefuse, code: byte(m.Code), receipt: m.Receipt, text: m.Reason}
	default:
		return p, nil, fmt.Errorf("halos: %T does not cross the network", m)
	}
	p.codec = codecs[p.kind]
	if len(p.text) > maxText {
		p.text = strings.ToValidUTF8(p.text[:maxText], "")
	}
	return p, vector, err
}

// appendHeader appends the header of p to b, without what seal adds.
func appendHeader(b []byte, p *parts, body int) []byte {
	le := binary.LittleEndian
	b = append(b, magic[:]...)
	b = append(b, 0, 0, 0, 0, wireVersion, p.kind, 0, p.codec, p.code, 0, 0, 0)
	for _, x := range [...]uint64{p.receipt.Incarnation, p.receipt.Seq, p.point.Lineage, p.point.Life, p.point.Version} {
		b = le.AppendUint64(b, x)
	}
	for _, f := range p.fields {
		b = le.AppendUint64(b, f)
	}
	b = le.AppendUint64(b, uint64(body))
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, uint32(len(p.text)))
	b = le.AppendUint64(b, 0)
	b = append(b, p.text...)
	return append(b, make([]byte, padded(len(p.text))-len(p.text))...)
}

// seal completes a header with the checksum of its body, and its own.
func seal(header []byte, body uint32) {
	binary.LittleEndian.PutUint32(header[112:], body)
	binary.LittleEndian.PutUint32(header[4:], crc32.Checksum(header[crcFrom:], castagnoli))
}

func padded(n int) int { return (n + 15) &^ 15 }

// A decoder turns frames into messages. The message of one decode lives until the next,
// and its vector is that of the frame. It allocates only for texts and layouts.
type decoder struct {
	pull   Pull
	push   Push
	model  Model
	stop   Stop
	leave  Leave
	refuse Refuse
}

// decode returns the message in frame, which it views. It reads every byte once, and says
// in the message whether its vector is finite.
func (d *decoder) decode(frame []byte) (Message, error) {
	p, err := parse(frame)
	if err != nil {
		return nil, err
	}
	var vector []float32
	var checked verdict
	if p.codec == codecFloat32 {
		vector, _ = kernels.Floats(p.body)
		sum, ok := inspect(vector)
		if err := damaged("body", sum, binary.LittleEndian.Uint32(frame[112:])); err != nil {
			return nil, err
		}
		checked = verdictOf(ok)
	} else if err := damaged("body", checksum(p.body), binary.LittleEndian.Uint32(frame[112:])); err != nil {
		return nil, err
	}
	f := p.fields
	switch p.kind {
	case kindPull:
		d.pull = Pull{Receipt: p.receipt, Hello: Hello{Role: Role(p.code), Plugs: p.text}, Seen: p.point, Steps: f[0], Want: f[1], Have: f[2]}
		if err := d.pull.Hello.Layout.UnmarshalBinary(p.body); err != nil {
			return nil, fmt.Errorf("halos: frame: %w", err)
		}
		return &d.pull, nil
	case kindPush:
		d.push = Push{Receipt: p.receipt, Seen: p.point, Work: Work{Steps: f[0], Updates: f[1], Samples: f[2], Tokens: f[3]},
			Want: f[4], Delta: vector, checked: checked}
		return &d.push, nil
	case kindModel:
		d.model = Model{Receipt: p.receipt, Point: p.point, Claim: Claim{First: f[0], Count: f[1], LRStep: f[2]}, Params: vector, checked: checked}
		return &d.model, nil
	case kindStop:
		d.stop = Stop{Reason: p.text}
		return &d.stop, nil
	case kindLeave:
		d.leave = Leave{Receipt: p.receipt}
		return &d.leave, nil
	default:
		d.refuse = Refuse{Receipt: p.receipt, Code: Code(p.code), Reason: p.text}
		return &d.refuse, nil
	}
}

// codecs is what the body of each kind of message is.
var codecs = [...]byte{kindPull: codecLayout, kindPush: codecFloat32, kindModel: codecFloat32, kindStop: codecNone, kindLeave: codecNone, kindRefuse: codecNone}

// parse takes a frame apart and checks its header. The checksum of the body is left to
// the pass that reads it.
func parse(b []byte) (p parts, err error) {
	le := binary.LittleEndian
	switch {
	case len(b) < headerSize:
		return p, fmt.Errorf("halos: frame of %d bytes: want at least %d", len(b), headerSize)
	case [4]byte(b) != magic:
		return p, fmt.Errorf("halos: frame begins with %q: want %q", b[:4], magic[:])
	case b[8] != wireVersion:
		return p, fmt.Errorf("halos: frame of format version %d: want %d", b[8], wireVersion)
	}
	rest, text, body := uint64(len(b)-headerSize), uint64(le.Uint32(b[116:])), le.Uint64(b[104:])
	if text > maxText || (text+15)&^15 > rest {
		return p, fmt.Errorf("halos: frame with a text of %d bytes: want at most %d", text, min(maxText, rest))
	}
	header := headerSize + padded(int(text))
	if err := damaged("header", crc32.Checksum(b[crcFrom:header], castagnoli), le.Uint32(b[4:])); err != nil {
		return p, err
	}
	if rest = uint64(len(b) - header); body != rest {
		return p, fmt.Errorf("halos: frame with a body of %d bytes: want the %d that follow", body, rest)
	}
	p = parts{kind: b[9], codec: b[11], code: b[12], receipt: Receipt{le.Uint64(b[16:]), le.Uint64(b[24:])},
		point: Point{le.Uint64(b[32:]), le.Uint64(b[40:]), le.Uint64(b[48:])}, body: b[header:]}
	switch {
	case p.kind < kindPull || p.kind > kindRefuse:
		return p, fmt.Errorf("halos: frame of kind %d: want 1 to %d", p.kind, kindRefuse)
	case b[10] != 0:
		return p, fmt.Errorf("halos: frame on lane %d: want 0", b[10])
	case p.codec != codecs[p.kind]:
		return p, fmt.Errorf("halos: frame of kind %d with codec %d: want %d", p.kind, p.codec, codecs[p.kind])
	case p.codec == codecNone && body != 0 || p.codec == codecFloat32 && body%4 != 0:
		return p, fmt.Errorf("halos: frame of kind %d with a body of %d bytes: want none, or whole floats", p.kind, body)
	}
	for i := range p.fields {
		p.fields[i] = le.Uint64(b[56+8*i:])
	}
	p.text = string(b[headerSize : headerSize+int(text)])
	return p, nil
}

func damaged(what string, sum, want uint32) error {
	if sum == want {
		return nil
	}
	return fmt.Errorf("halos: frame with a damaged %s: its checksum is %08x: want %08x", what, sum, want)
}
