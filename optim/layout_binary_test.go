package optim_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/halos-go/sdk/optim"
)

func TestDiff(t *testing.T) {
	seg := func(name string, shape ...int) optim.Segment { return optim.Segment{Name: name, Shape: shape} }
	of := func(s ...optim.Segment) optim.Layout { return optim.Layout{Segments: s} }
	for _, c := range []struct {
		l, want optim.Layout
		says    string
	}{
		{mlp, mlp, ""},
		{optim.Layout{}, of(), ""},
		{of(seg("a")), of(optim.Segment{Name: "a", Shape: []int{}}), ""},
		{of(seg("a", 2), seg("h.0.w", 768, 2304)), of(seg("a", 2), seg("h.0.w", 768, 768)), `tensor 1 is "h.0.w" [768 2304]: want "h.0.w" [768 768]`},
		{of(seg("a", 2)), of(seg("b", 2), seg("c")), `tensor 0 is "a" [2]: want "b" [2]`},
		{of(seg("a", 6)), of(seg("a", 2, 3)), `tensor 0 is "a" [6]: want "a" [2 3]`},
		{of(seg("a")), of(seg("a"), seg("b")), "it has 1 tensors: want 2"},
		{of(seg("a"), seg("b")), of(seg("a")), "it has 2 tensors: want 1"},
		{of(), mlp, "it has 0 tensors: want 5"},
	} {
		if got := c.l.Diff(c.want); got != c.says {
			t.Errorf("difference is %q: want %q", got, c.says)
		}
	}
}

// The bytes of one layout pin the format.
func TestLayoutBytes(t *testing.T) {
	two := optim.Layout{Segments: []optim.Segment{{Name: "ab", Shape: []int{2, 0x0103}}, {Name: "c"}}}
	for want, l := range map[string]optim.Layout{
		"00000000": {},
		"02000000" + "02000000" + "6162" + "02000000" + "0200000000000000" + "0301000000000000" +
			"01000000" + "63" + "00000000": two,
	} {
		b, err := l.MarshalBinary()
		if got := hex.EncodeToString(b); err != nil || got != want {
			t.Errorf("%v is\n%s, %v: want\n%s", l, got, err, want)
		}
		back := optim.Layout{Segments: []optim.Segment{{Name: "old"}}}
		if err := back.UnmarshalBinary(b); err != nil || back.Diff(l) != "" {
			t.Errorf("read back it is %v, %v: want %v", back, err, l)
		}
	}
}

func TestLayoutBytesRefused(t *testing.T) {
	good, err := mlp.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		l := mlp
		if err := l.UnmarshalBinary(good[:i]); err == nil || !strings.HasPrefix(err.Error(), "optim: layout ends in its ") || l.Diff(mlp) != "" {
			t.Errorf("cut off at %d: error %v, layout %v", i, err, l)
		}
	}
	const one, a, scalar = "\x01\x00\x00\x00", "\x01\x00\x00\x00a", "\x00\x00\x00\x00"
	for _, c := range []struct{ bytes, want string }{
		{"", "optim: layout ends in its number of segments: 0 bytes are left: want 4"},
		{string(good) + "x", "optim: layout has 1 bytes behind its last segment: want none"},
		{"\x01\x00\x10\x00", "optim: layout has 1048577 segments: want at most 1048576"},
		{"\x00\x00\x10\x00", "optim: layout ends in its names: 0 bytes are left: want 4"},
		{one + "\x01\x00\x01\x00", "optim: name of segment 0 has 65537 bytes: want at most 65536"},
		{one + "\x00\x00\x01\x00a", "optim: layout ends in its names: 1 bytes are left: want 65536"},
		{one + a + "\xff\xff\xff\x7f", "optim: rank of segment 0 is 2147483647: want at most 16"},
		{one + a + one + "\x00\x00\x00\x00\x00\x00\x00\x80", fmt.Sprintf("optim: extent 0 of segment 0 is 9223372036854775808: want at most %d", math.MaxInt)},
		{one + a + one + "\x00\x00\x00\x00\x00\x00\x00\x00", `optim: Layout.Segments[0].Shape[0] of "a" is 0: want at least 1`},
		{one + scalar + scalar, "optim: Layout.Segments[0].Name is empty: want a name"},
		{"\x02\x00\x00\x00" + a + scalar + a + scalar, `optim: Layout.Segments[1].Name is "a", like that of Segments[0]: want another`},
	} {
		l := mlp
		if err := l.UnmarshalBinary([]byte(c.bytes)); err == nil || err.Error() != c.want || l.Diff(mlp) != "" {
			t.Errorf("%q: error %v: want %s, and the layout as before", c.bytes, err, c.want)
		}
	}
	for _, c := range []struct {
		s    optim.Segment
		want string
	}{
		{optim.Segment{}, "optim: Layout.Segments[0].Name is empty: want a name"},
		{optim.Segment{Name: strings.Repeat("n", 1<<16+1)}, "optim: name of segment 0 has 65537 bytes: want at most 65536"},
		{optim.Segment{Name: "a", Shape: slices.Repeat([]int{1}, 17)}, "optim: rank of segment 0 is 17: want at most 16"},
	} {
		if _, err := (optim.Layout{Segments: []optim.Segment{c.s}}).MarshalBinary(); err == nil || err.Error() != c.want {
			t.Errorf("error %v: want %s", err, c.want)
		}
	}
}

// Whatever is read is written the same, and is a layout to be relied on.
func FuzzLayout(f *testing.F) {
	for _, l := range []optim.Layout{mlp, {}} {
		b, err := l.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("\xff\xff\x0f\x00\xff\xff\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var l optim.Layout
		if l.UnmarshalBinary(b) != nil {
			if l.Segments != nil {
				t.Errorf("refused, but it is %v", l)
			}
			return
		}
		if err := l.Validate(); err != nil {
			t.Error(err)
		}
		if again, err := l.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is written %x, %v", b, again, err)
		}
	})
}
