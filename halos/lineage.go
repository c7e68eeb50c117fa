package halos

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc64"

	"github.com/halos-go/sdk/kernels"
)

// A Point names a state of a server's model, so that its children can tell what it
// descends from.
//
// Lineage names the run. A GPS or a Sync draws it at its birth, or is given one; an LPS
// has that of its parent. Life is the life of the server's state: it grows when that is
// restored from something older, or begun again. Version counts the updates in the
// model.
//
// A child takes a model of the same lineage whose (Life, Version) is not older than
// what it has seen. A later Life may go back in Version: the server has been restored.
// Anything else is refused with [ErrLineage], which ends the node that finds out: a
// server that has begun afresh never becomes the truth for those who have seen more.
// Somebody must choose then: start the server again with a [Resume], or start its
// children again so that they begin with the new model.
type Point struct{ Lineage, Life, Version uint64 }

// before reports whether p is older than o, of the same lineage.
func (p Point) before(o Point) bool {
	return cmp.Or(cmp.Compare(p.Life, o.Life), cmp.Compare(p.Version, o.Version)) < 0
}

// String returns lineage/life/version, the first two in hexadecimal.
func (p Point) String() string { return fmt.Sprintf("%x/%x/%d", p.Lineage, p.Life, p.Version) }

// A Resume says what a GPS or a Sync goes on from: an embedder's own checkpoint, or the
// newest model that a region has. The parameters are those of ServerConfig.Params. The
// state of plugs is read by their ReadFrom after the constructor.
//
// The server begins a later life, so its children may go back to an older version with
// it. Updates that they have on the way are lost, and counted as such.
type Resume struct {
	Point  Point  // of the model: [GPS.Point] when it was saved, or [LPS.Seen]
	Work   Work   // in the model: [GPS.Work] when it was saved
	Sample uint64 // the first sample that nobody has been given: [GPS.NextSample] when it was saved
}

var (
	// ErrDiverged is why a node ends whose model, or every update, is not finite.
	ErrDiverged = errors.New("halos: diverged: not finite")
	// ErrLineage is why a node ends that meets a model which does not descend from what
	// it has seen: see [Point].
	ErrLineage = errors.New("halos: wrong lineage")
	// ErrUnreachable is why a node ends that cannot go on without its parent.
	ErrUnreachable = errors.New("halos: parent out of reach")
	// ErrSuperseded is why a node ends that has a later life somewhere else.
	ErrSuperseded = errors.New("halos: superseded by a later life")
)

// fingerprint identifies a model: two nodes that start from the same need not
// send it to each other. It is the CRC-64 (ECMA) of the little-endian bytes, or
// 1 where that is 0.
func fingerprint(params []float32) uint64 {
	return max(1, crc64.Checksum(kernels.Bytes(params), crcTable))
}

var crcTable = crc64.MakeTable(crc64.ECMA)

// A verdict is what is known of a vector: whether all of it is finite. A driver that
// reads every byte of a frame anyway says so in the message, and spares the Machine a
// pass.
type verdict uint8

const (
	unchecked verdict = iota
	finite
	infinite
)

func verdictOf(ok bool) verdict {
	if ok {
		return finite
	}
	return infinite
}

// of reports whether v, of which k is known, is finite.
func (k verdict) of(v []float32) bool {
	if k == unchecked {
		return kernels.Finite(v)
	}
	return k == finite
}
