package halos

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// messages has one of every message that crosses the network, with every field set.
var messages = []Message{
	&Pull{Receipt: Receipt{1, 2}, Hello: Hello{Role: RoleLPS, Layout: twoByThree, Plugs: "sgd(momentum=none)"}, Seen: Point{3, 4, 5}, Steps: 6, Want: 7, Have: 8},
	&Push{Receipt: Receipt{1, 2}, Seen: Point{3, 4, 5}, Work: Work{6, 7, 8, 9}, Want: 10, Delta: []float32{1, -2.5, math.MaxFloat32}},
	&Model{Receipt: Receipt{1, 2}, Point: Point{3, 4, 5}, Claim: Claim{First: 6, Count: 7, LRStep: 8}, Params: []float32{0.1}},
	&Model{Receipt: Receipt{1, 2}},
	&Stop{Reason: "800 local steps"},
	&Stop{},
	&Leave{Receipt: Receipt{math.MaxUint64, 2}},
	&Refuse{Receipt: Receipt{1, 2}, Code: BadUpdate, Reason: "not finite"},
}

// encoded is the frame of m, in one piece.
func encoded(m Message) ([]byte, error) {
	p, vector, err := takeApart(m)
	if err != nil {
		return nil, err
	}
	body := p.body
	if len(vector) > 0 {
		body = kernels.Bytes(vector)
	}
	b := appendHeader(nil, &p, len(body))
	seal(b, checksum(body))
	return append(b, body...), nil
}

func TestFramesCarryEverything(t *testing.T) {
	for _, m := range messages {
		frame, err := encoded(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := new(decoder).decode(frame)
		if err != nil {
			t.Fatalf("%T: %v", m, err)
		}
		switch g := got.(type) {
		case *Push:
			g.checked = unchecked
		case *Model:
			if g.checked = unchecked; len(g.Params) == 0 {
				g.Params = nil
			}
		}
		if !reflect.DeepEqual(got, m) {
			t.Errorf("got %+v\nwant %+v", got, m)
		}
	}
}

// TestNoFieldIsForgotten sets each field of each message alone and wants it back: a field
// that somebody adds and does not put on the wire is found here.
func TestNoFieldIsForgotten(t *testing.T) {
	for _, m := range messages {
		for i := range reflect.TypeOf(m).Elem().NumField() {
			if !reflect.TypeOf(m).Elem().Field(i).IsExported() {
				continue
			}
			one := reflect.New(reflect.TypeOf(m).Elem())
			one.Elem().Field(i).Set(reflect.ValueOf(m).Elem().Field(i))
			frame, err := encoded(one.Interface().(Message))
			if err != nil {
				t.Fatal(err)
			}
			got, err := new(decoder).decode(frame)
			if err != nil {
				t.Fatalf("%T: %v", m, err)
			}
			if g, w := reflect.ValueOf(got).Elem().Field(i).Interface(), one.Elem().Field(i).Interface(); fmt.Sprint(g) != fmt.Sprint(w) {
				t.Errorf("%T.%s is %v: want %v", m, reflect.TypeOf(m).Elem().Field(i).Name, g, w)
			}
		}
	}
}

// TestFrameIsWhatTheDocumentSays decodes the frame that docs/wire.md shows: other
// programs, and later versions of this one, must be able to read it.
func TestFrameIsWhatTheDocumentSays(t *testing.T) {
	text, err := os.ReadFile("../docs/wire.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```hex\n")
	dump, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/wire.md has no example")
	}
	var want []byte
	for line := range strings.Lines(dump) {
		_, digits, _ := strings.Cut(line, ":")
		digits, _, _ = strings.Cut(digits, "|")
		for d := range strings.FieldsSeq(digits) {
			var x byte
			if _, err := fmt.Sscanf(d, "%02x", &x); err != nil {
				t.Fatal(err)
			}
			want = append(want, x)
		}
	}
	push := &Push{Receipt: Receipt{0x0102030405060708, 9}, Seen: Point{10, 11, 12}, Work: Work{13, 1, 14, 15}, Want: 16, Delta: []float32{1, -2}}
	got, err := encoded(push)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the document's frame is\n%x\nwant\n%x", want, got)
	}
}

func TestDamagedFramesAreRefused(t *testing.T) {
	for _, m := range messages {
		good, err := encoded(m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			if _, err := new(decoder).decode(bad); err == nil {
				t.Errorf("%T: a wrong byte %d was not noticed", m, i)
			}
		}
		for n := range good {
			if _, err := new(decoder).decode(good[:n:n]); err == nil {
				t.Errorf("%T: a frame cut to %d bytes was not noticed", m, n)
			}
		}
		if _, err := new(decoder).decode(append(bytes.Clone(good), 0)); err == nil {
			t.Errorf("%T: a frame with a byte more was not noticed", m)
		}
	}
}

// TestLyingFramesAreRefused: the checksums are right, and what they cover is not.
func TestLyingFramesAreRefused(t *testing.T) {
	le := binary.LittleEndian
	push, pull := 1, 0
	for _, c := range []struct {
		want string
		of   int
		lie  func(b []byte) []byte
	}{
		{"frame of 10 bytes: want at least 128", push, func(b []byte) []byte { return b[:10] }},
		{`frame begins with "HTTP": want "HALO"`, push, func(b []byte) []byte { copy(b, "HTTP"); return b }},
		{"format version 9: want 2", push, func(b []byte) []byte { b[8] = 9; return b }},
		{"kind 9: want 1 to 6", push, func(b []byte) []byte { b[9] = 9; return b }},
		{"lane 3: want 0", push, func(b []byte) []byte { b[10] = 3; return b }},
		{"codec 7: want 1", push, func(b []byte) []byte { b[11] = 7; return b }},
		{"text of 4294967280 bytes", push, func(b []byte) []byte { le.PutUint32(b[116:], 0xfffffff0); return b }},
		{"text of 65537 bytes", push, func(b []byte) []byte { le.PutUint32(b[116:], maxText+1); return b }},
		{"body of 18446744073709551615 bytes: want the 12", push, func(b []byte) []byte { le.PutUint64(b[104:], math.MaxUint64); return b }},
		{"body of 11 bytes: want none, or whole floats", push, func(b []byte) []byte { le.PutUint64(b[104:], 11); return b[:len(b)-1] }},
		{"layout", pull, func(b []byte) []byte { b[headerSize+padded(18)] = 200; return b }},
	} {
		b, err := encoded(messages[c.of])
		if err != nil {
			t.Fatal(err)
		}
		b = c.lie(b)
		if header := headerSize; len(b) > header {
			if c.of == pull {
				header += padded(18)
			}
			seal(b[:header], crc32.Checksum(b[header:], castagnoli))
		}
		if _, err := new(decoder).decode(b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

// TestDecodeLooks: what decode says of a vector is what the Machine would find.
func TestDecodeLooks(t *testing.T) {
	for _, n := range []int{1, 7, sheet + 1, 3*grain + 5} {
		for _, bad := range []int{-1, 0, n / 2, n - 1} {
			v := make([]float32, n)
			if bad >= 0 {
				v[bad] = float32(math.Inf(-1))
			}
			frame, err := encoded(&Push{Delta: v})
			if err != nil {
				t.Fatal(err)
			}
			m, err := new(decoder).decode(frame)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.(*Push).checked; got != verdictOf(bad < 0) {
				t.Errorf("%d elements, infinite at %d: verdict %d", n, bad, got)
			}
		}
	}
}

// TestSweep: on any number of goroutines a sweep gives the checksum of the bytes, and
// copies or subtracts as it goes.
func TestSweep(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 100, sheet, sheet + 1, grain, grain + 1, 2 * grain, 5*grain + 77} {
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], y[i] = r.Float32(), r.Float32()
		}
		for name, s := range map[string]*sweep{"read": {v: x}, "copy": {v: make([]float32, n), x: x}, "delta": {v: make([]float32, n), x: x, y: y}} {
			want := make([]float32, n)
			copy(want, x)
			if name == "delta" {
				for i := range want {
					want[i] = x[i] - y[i]
				}
			}
			if n == 0 && name != "read" {
				continue
			}
			sum, ok := s.run()
			if sum != crc32.Checksum(kernels.Bytes(want), castagnoli) || !ok || !reflect.DeepEqual(s.v, want) {
				t.Errorf("%s of %d: wrong", name, n)
			}
		}
	}
}

func TestDriverMessagesDoNotCrossTheNetwork(t *testing.T) {
	if _, err := encoded(&Trained{}); err == nil {
		t.Error("a Trained was encoded")
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	frame, err := encoded(&Push{Delta: make([]float32, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	var d decoder
	if n := testing.AllocsPerRun(100, func() { _, _ = d.decode(frame) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages {
		frame, err := encoded(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := new(decoder).decode(frame)
		if err != nil {
			return
		}
		again, err := encoded(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := new(decoder).decode(again); err != nil {
			t.Fatalf("decoded %+v, but its own frame is refused: %v", m, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	frame, err := encoded(&Push{Delta: make([]float32, 1<<20)})
	if err != nil {
		b.Fatal(err)
	}
	var d decoder
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
