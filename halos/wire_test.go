package halos

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
)

// messages has one of every message that crosses the network, with every field set.
var messages = []Message{
	&Pull{Receipt: Receipt{1, 2}, Hello: Hello{Layout: 3, Params: 4, Plugs: "sgd(momentum=none)"}, Steps: 5, Samples: 6, Have: 7},
	&Push{Receipt: Receipt{1, 2}, Base: 3, Steps: 4, Updates: 5, Samples: 6, Delta: []float32{1, -2.5, math.MaxFloat32}},
	&Model{Receipt: Receipt{1, 2}, Version: 3, Claim: Claim{First: 4, Count: 5, LRStep: 6}, Params: []float32{0.1}},
	&Model{Receipt: Receipt{1, 2}},
	&Stop{},
	&Leave{Receipt: Receipt{math.MaxUint64, 2}},
	&Refuse{Receipt: Receipt{1, 2}, Code: BadUpdate, Reason: "not finite"},
}

// encoded is the frame of m, in the memory of b.
func encoded(b []byte, m Message) ([]byte, error) {
	l, err := newLetter(b, m)
	if err == nil {
		err = l.complete()
	}
	return l.frame, err
}

func TestFramesCarryEverything(t *testing.T) {
	for _, m := range messages {
		frame, err := encoded(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := new(decoder).decode(frame)
		if err != nil {
			t.Fatalf("%T: %v", m, err)
		}
		want := m
		if w, ok := m.(*Model); ok && w.Params == nil {
			want = &Model{Receipt: w.Receipt, Params: []float32{}}
		}
		normalize(got)
		normalize(want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}

// normalize makes empty vectors equal, nil or not.
func normalize(m Message) {
	if m, ok := m.(*Model); ok && len(m.Params) == 0 {
		m.Params = nil
	}
}

// TestFrameIsWhatTheCommentSays pins the bytes: other programs, and later
// versions of this one, must be able to read them.
func TestFrameIsWhatTheCommentSays(t *testing.T) {
	frame, err := encoded(nil, &Push{Receipt: Receipt{0x0102030405060708, 9}, Base: 10, Steps: 11, Updates: 12, Samples: 13, Delta: []float32{1}})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{
		'H', 'A', 'L', 'O', frame[4], frame[5], frame[6], frame[7], 1, 2, 0, 0, 0, 0, 0, 0,
		8, 7, 6, 5, 4, 3, 2, 1, 9, 0, 0, 0, 0, 0, 0, 0,
		10, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0,
		12, 0, 0, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0x80, 0x3f,
	}
	if !bytes.Equal(frame, want) {
		t.Errorf("got  %v\nwant %v", frame, want)
	}
}

func TestDamagedFramesAreRefused(t *testing.T) {
	good, err := encoded(nil, messages[1])
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := new(decoder).decode(bad); err == nil {
			t.Errorf("a wrong byte %d was not noticed", i)
		}
	}
	for n := range good {
		if _, err := new(decoder).decode(good[:n]); err == nil {
			t.Errorf("a frame cut to %d bytes was not noticed", n)
		}
	}
	for _, c := range []struct {
		want string
		bad  func(b []byte) []byte
	}{
		{"frame of 10 bytes: want at least 80", func(b []byte) []byte { return b[:10] }},
		{`frame begins with "HTTP": want "HALO"`, func(b []byte) []byte { return append([]byte("HTTP"), b[4:]...) }},
		{"format version 9: want 1", func(b []byte) []byte { b[8] = 9; return b }},
		{"checksums differ", func(b []byte) []byte { return append(b, 0) }},
	} {
		_, err := new(decoder).decode(c.bad(bytes.Clone(good)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

func TestDriverMessagesDoNotCrossTheNetwork(t *testing.T) {
	if _, err := encoded(nil, &Trained{}); err == nil {
		t.Error("a Trained was encoded")
	}
}

func TestCodecDoesNotAllocate(t *testing.T) {
	push := &Push{Delta: make([]float32, 1000)}
	frame, err := encoded(nil, push)
	if err != nil {
		t.Fatal(err)
	}
	var d decoder
	n := testing.AllocsPerRun(100, func() {
		frame, _ = encoded(frame[:0], push)
		_, _ = d.decode(frame)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range messages {
		frame, err := encoded(nil, m)
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
		again, err := encoded(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := new(decoder).decode(again); err != nil {
			t.Fatalf("decoded %+v, but its own frame is refused: %v", m, err)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	push := &Push{Delta: make([]float32, 1<<20)}
	frame, err := encoded(nil, push)
	if err != nil {
		b.Fatal(err)
	}
	var d decoder
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		frame, _ = encoded(frame[:0], push)
		if _, err := d.decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
