package halos

import (
	"iter"
	"time"
)

// reach knows which of the peers on which the Machine counts can be reached, as far as
// messages have shown.
type reach struct {
	patience time.Duration
	every    time.Duration // between two looks
	peers    map[string]*contact
}

// A contact is what is known of the link to a peer.
type contact struct {
	heard   bool          // something has come from it since the last look
	counted bool          // the Machine counts on it, as of the last look
	away    bool          // there was no link
	since   time.Duration // from when on, if away
}

func newReach(patience time.Duration) reach {
	return reach{patience: patience, every: min(max(patience/10, time.Millisecond), time.Minute), peers: make(map[string]*contact)}
}

func (r *reach) ticks() *time.Ticker { return time.NewTicker(r.every) }

func (r *reach) of(peer string) *contact {
	c := r.peers[peer]
	if c == nil {
		c = &contact{heard: true}
		r.peers[peer] = c
	}
	return c
}

// heard notes that something has come from a peer.
func (r *reach) heard(peer string) {
	if c := r.peers[peer]; c != nil {
		c.heard, c.away = true, false
	}
}

// back notes that something has been sent to a peer.
func (r *reach) back(peer string) {
	if c := r.peers[peer]; c != nil {
		c.away = false
	}
}

// lost notes that there was no link to a peer, and reports whether that is news.
func (r *reach) lost(peer string, now time.Duration) bool {
	c := r.of(peer)
	if c.away {
		return false
	}
	c.away, c.since = true, now
	return true
}

// look returns the peers that have been away too long, and calls probe with those that
// have been silent since the last look. It forgets who is not counted on.
func (r *reach) look(now time.Duration, counted iter.Seq[string], probe func(peer string)) (gone []string) {
	for _, c := range r.peers {
		c.counted = false
	}
	for peer := range counted {
		c := r.of(peer)
		c.counted = true
		switch {
		case c.away && r.patience != Forever && now-c.since >= r.patience:
			gone = append(gone, peer)
			c.since = now // of a parent that is gone and counted on all the same
		case !c.heard:
			probe(peer)
		}
		c.heard = false
	}
	for peer, c := range r.peers {
		if !c.counted {
			delete(r.peers, peer)
		}
	}
	return gone
}

// counted reports whether the Machine counts on a peer, as of the last look.
func (r *reach) counted(peer string) bool { return r.peers[peer] != nil }
