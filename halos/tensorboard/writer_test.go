package tensorboard

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/halos-go/sdk/halos"
)

// A scalar is an event as the decoder of these tests reads it.
type scalar struct {
	version string
	tag     string
	step    uint64
	time    float64
	value   float32
}

// decode reads events up to the first record that is not whole. It shares nothing with
// the code that wrote them.
func decode(file []byte) (events []scalar, err error) {
	for len(file) > 0 {
		if len(file) < 12 {
			return events, errShort
		}
		n := binary.LittleEndian.Uint64(file)
		if sum := binary.LittleEndian.Uint32(file[8:]); sum != maskedByBits(file[:8]) {
			return events, fmt.Errorf("checksum of the length is %08x", sum)
		}
		if uint64(len(file)) < 12+n+4 {
			return events, errShort
		}
		data := file[12 : 12+n]
		if sum := binary.LittleEndian.Uint32(file[12+n:]); sum != maskedByBits(data) {
			return events, fmt.Errorf("checksum of the data is %08x", sum)
		}
		file = file[12+n+4:]
		var e scalar
		if err := e.event(data); err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

var errShort = errors.New("the last record is not whole")

// maskedByBits computes the checksum a bit at a time.
func maskedByBits(b []byte) uint32 {
	crc := ^uint32(0)
	for _, x := range b {
		crc ^= uint32(x)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low == 1 {
				crc ^= 0x82f63b78 // the polynomial of Castagnoli, reflected
			}
		}
	}
	crc = ^crc
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// fields calls f for each field of a message, with a number or with bytes.
func fields(b []byte, f func(field uint64, number uint64, text []byte) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return errors.New("a key is malformed")
		}
		b = b[n:]
		var number uint64
		var text []byte
		switch key & 7 {
		case 0, 2:
			if number, n = binary.Uvarint(b); n <= 0 {
				return errors.New("a varint is malformed")
			}
			b = b[n:]
			if key&7 == 2 {
				if number > uint64(len(b)) {
					return errors.New("a field is longer than its message")
				}
				text, b = b[:number], b[number:]
			}
		case 1:
			number, b = binary.LittleEndian.Uint64(b), b[8:]
		case 5:
			number, b = uint64(binary.LittleEndian.Uint32(b)), b[4:]
		default:
			return fmt.Errorf("wire type %d", key&7)
		}
		if err := f(key>>3, number, text); err != nil {
			return err
		}
	}
	return nil
}

func (e *scalar) event(b []byte) error {
	return fields(b, func(field, number uint64, text []byte) error {
		switch field {
		case 1:
			e.time = math.Float64frombits(number)
		case 2:
			e.step = number
		case 3:
			e.version = string(text)
		case 5:
			return fields(text, func(field, _ uint64, value []byte) error {
				if field != 1 {
					return fmt.Errorf("summary field %d", field)
				}
				return fields(value, func(field, number uint64, text []byte) error {
					switch field {
					case 1:
						e.tag = string(text)
					case 2:
						e.value = math.Float32frombits(uint32(number))
					default:
						return fmt.Errorf("value field %d", field)
					}
					return nil
				})
			})
		default:
			return fmt.Errorf("event field %d", field)
		}
		return nil
	})
}

var began = time.Unix(1700000000, 500e6)

func TestScalarsComeBack(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, began)
	long := strings.Repeat("tag/", 100)
	w.Scalar("loss", 0, began, 0.1)
	w.Scalar(long, 1<<40, time.UnixMilli(1), math.Inf(1))
	w.Scalar("", 300, time.Unix(0, 0), -0.5)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := decode(file.Bytes())
	want := []scalar{
		{version: "brain.Event:2", time: 1700000000.5},
		{tag: "loss", time: 1700000000.5, value: 0.1},
		{tag: long, step: 1 << 40, time: 0.001, value: float32(math.Inf(1))},
		{step: 300, value: -0.5},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %+v: want %+v", err, got, want)
	}
}

// The first bytes of a file are those of the files that TensorFlow writes.
func TestFirstRecordIsThatOfTensorFlow(t *testing.T) {
	var file bytes.Buffer
	NewWriter(&file, began)
	const want = "1800000000000000a37f4b22"
	if got := hex.EncodeToString(file.Bytes()[:12]); got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if text := file.Bytes()[12+9:]; !bytes.HasPrefix(text, []byte("\x1a\x0dbrain.Event:2")) {
		t.Errorf("version %q", text)
	}
}

// A program that dies leaves the file as it was after some number of bytes.
func TestEveryPrefixIsReadable(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, began)
	ends := []int{file.Len()}
	for i := range 5 {
		w.Scalar("loss", uint64(i), began, 1)
		ends = append(ends, file.Len())
	}
	for n := range file.Len() + 1 {
		whole, cut := 0, n > 0
		for _, end := range ends {
			if n >= end {
				whole++
			}
			cut = cut && n != end
		}
		got, err := decode(file.Bytes()[:n])
		if len(got) != whole || errors.Is(err, errShort) != cut || err != nil && !cut {
			t.Fatalf("of %d bytes: %d events, %v: want %d", n, len(got), err, whole)
		}
	}
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "gps")
	for range 2 { // the second is another file
		w, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		w.Scalar("loss", 1, began, 2)
		files, _ := filepath.Glob(filepath.Join(dir, "*tfevents*"))
		file, err := os.ReadFile(files[len(files)-1])
		if events, bad := decode(file); err != nil || bad != nil || len(events) != 2 {
			t.Errorf("before Close: %v, %v, %v: want two events", events, err, bad)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if w.Scalar("loss", 2, began, 2); !errors.Is(w.Err(), errClosed) || !errors.Is(w.Close(), errClosed) {
			t.Errorf("after Close: %v", w.Err())
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("%d files, want 2", len(files))
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(file); err == nil {
		t.Error("a file was taken for a folder")
	}
}

type failing struct {
	bytes.Buffer
	writes int
}

var errFull = errors.New("full")

func (f *failing) Write(b []byte) (int, error) {
	if f.writes++; f.writes > 2 {
		return 0, errFull
	}
	return f.Buffer.Write(b)
}

func TestFirstErrorStays(t *testing.T) {
	var file failing
	w := NewWriter(&file, began)
	for range 4 {
		w.Scalar("loss", 1, began, 2)
	}
	if !errors.Is(w.Err(), errFull) || !errors.Is(w.Close(), errFull) || file.writes != 3 {
		t.Errorf("%v after %d writes: want the first error and no write after it", w.Err(), file.writes)
	}
}

func TestGoroutinesShareAWriter(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, began)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				w.Scalar("loss", uint64(i), began, 1)
			}
		})
	}
	wg.Wait()
	if events, err := decode(file.Bytes()); err != nil || len(events) != 401 {
		t.Errorf("%d events, %v: want 401", len(events), err)
	}
}

func TestObserve(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file, began)
	observe := w.Observe(began)
	for i, e := range []halos.Event{
		{Kind: halos.Joined, Peer: "eu"},
		{Kind: halos.Updated, Version: 7, Updates: 32, Staleness: 3, Steps: 64},
		{Kind: halos.Lost, Updates: 5},
		{Kind: halos.Updated, Version: 8, Updates: 30},
		{Kind: halos.Finished, Version: 9, Loss: 0.25},
		{Kind: halos.Finished, Version: 9, Loss: math.NaN()},
	} {
		observe(time.Duration(i)*time.Second, e)
	}
	events, err := decode(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events[1:] {
		got = append(got, fmt.Sprintf("%g %s %d %g", e.time-1700000000.5, e.tag, e.step, e.value))
	}
	want := []string{"1 staleness 7 3", "1 updates 7 32", "1 steps 7 64", "2 lost 7 5", "3 staleness 8 0", "3 updates 8 62", "4 loss 9 0.25"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func FuzzScalar(f *testing.F) {
	f.Add("loss", uint64(12), int64(1700000000), 0.5)
	f.Add(strings.Repeat("x", 130), uint64(math.MaxInt64), int64(-1), math.NaN())
	f.Fuzz(func(t *testing.T, tag string, step uint64, seconds int64, value float64) {
		var file bytes.Buffer
		at := time.Unix(seconds, 0)
		NewWriter(&file, began).Scalar(tag, step, at, value)
		events, err := decode(file.Bytes())
		if err != nil || len(events) != 2 {
			t.Fatalf("%v, %v: want two events", events, err)
		}
		got, v := events[1], float32(value)
		if got.tag != tag || got.step != step || got.time != float64(at.Unix()) || math.Float32bits(got.value) != math.Float32bits(v) {
			t.Errorf("got %+v: want %q, step %d, time %d, value %v", got, tag, step, seconds, v)
		}
	})
}

func BenchmarkScalar(b *testing.B) {
	var file bytes.Buffer
	w := NewWriter(&file, began)
	b.ReportAllocs()
	for b.Loop() {
		file.Reset()
		w.Scalar("staleness/at_lps", 1234, began, 2)
	}
}
