package halos

import (
	"errors"
	"testing"
)

// TestDescends: a child takes what descends from what it has seen, and ends at anything
// else.
func TestDescends(t *testing.T) {
	seen := Point{Lineage: 5, Life: 3, Version: 70}
	for _, c := range []struct {
		what string
		seen Point
		at   Point
		ok   bool
	}{
		{"the first", Point{}, Point{9, 9, 9}, true},
		{"the same", seen, seen, true},
		{"a newer version", seen, Point{5, 3, 71}, true},
		{"an older version of this life", seen, Point{5, 3, 69}, false},
		{"an older version of a later life", seen, Point{5, 4, 12}, true},
		{"a newer version of an earlier life", seen, Point{5, 2, 99}, false},
		{"another lineage", seen, Point{6, 3, 70}, false},
		{"another lineage of a later life", seen, Point{6, 4, 71}, false},
	} {
		u := uplink{id: "w", parent: "gps", seen: c.seen}
		var out Output
		if u.descends(c.at, &out) != c.ok || out.Done == c.ok || !c.ok && !errors.Is(out.Err, ErrLineage) {
			t.Errorf("%s: done %t, %v", c.what, out.Done, out.Err)
		}
	}
}

// TestForeign: so does a parent, with children that have seen something else.
func TestForeign(t *testing.T) {
	for _, c := range []struct {
		what  string
		fresh bool
		seen  Point
		code  Code // 0: served
		err   error
	}{
		{"nothing", true, Point{}, 0, nil},
		{"its own", true, Point{5, 3, 70}, 0, nil},
		{"older", true, Point{5, 3, 2}, 0, nil},
		{"newer, of this life", true, Point{5, 3, 71}, WrongLineage, nil},
		{"another lineage", true, Point{6, 3, 70}, WrongLineage, nil},
		{"an earlier life, though it has begun afresh", true, Point{5, 2, 1}, WrongLineage, nil},
		{"an earlier life, from which it was resumed", false, Point{5, 2, 90}, 0, nil},
		{"its successor", false, Point{5, 4, 1}, 0, ErrSuperseded},
	} {
		s := server{cfg: ServerConfig{ID: "gps"}, point: Point{5, 3, 70}, fresh: c.fresh}
		var out Output
		foreign := s.foreign("w", Receipt{}, c.seen, &out)
		var code Code
		for _, e := range out.Send {
			code = e.Msg.(*Refuse).Code
		}
		if foreign != (c.code != 0 || c.err != nil) || code != c.code || !errors.Is(out.Err, c.err) {
			t.Errorf("%s: foreign %t, code %v, error %v", c.what, foreign, code, out.Err)
		}
	}
}
