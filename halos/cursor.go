package halos

// A Cursor hands out the samples of a run, each once. It is not safe for
// concurrent use: servers that share one, as in the published simulator, must
// be driven by one goroutine, as in package sim. Servers that do not share one
// lease ranges from their parent instead.
type Cursor struct{ next uint64 }

// claim returns the first of n samples that are now the caller's.
func (c *Cursor) claim(n uint64) uint64 {
	first := c.next
	c.next += n
	return first
}

// A lease is samples that an LPS may claim from: a range in use and the one
// after it. When both are used up the range in use begins again, because a
// region cut off from the world trains better on samples it has seen than not
// at all.
type lease struct {
	least     uint64 // samples of a range
	cur, next Claim
	used      uint64 // of cur
	spent     uint64 // claimed since the last grant
}

// add takes a range granted by the parent.
func (l *lease) add(c Claim) {
	switch {
	case c.Count == 0:
	case l.cur.Count == 0:
		l.cur = c
	default:
		l.next = c
	}
	l.spent = 0
}

// want returns how many samples to ask for: none while a range is in reserve, else
// what two exchanges like the last one use up.
func (l *lease) want() uint64 {
	if l.next.Count > 0 {
		return 0
	}
	return min(max(l.least, 2*l.spent), maxSamples)
}

// claim returns the first of n consecutive samples, n being at most the size of a
// range, and reports whether they have been claimed before. What is left of a range and
// too short is passed over.
func (l *lease) claim(n uint64) (first uint64, again bool) {
	if l.used+n > l.cur.Count {
		if again = l.next.Count == 0; !again {
			l.cur, l.next = l.next, Claim{}
		}
		l.used = 0
	}
	first = l.cur.First + l.used
	l.used += n
	l.spent = min(l.spent+n, maxSamples)
	return first, again
}
