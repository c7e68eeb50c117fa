package transporttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/halos-go/sdk/transport"
)

// Patience is how long one law may take before it fails.
const Patience = time.Minute

// A Node is a place in a network: it speaks first to its Parent, which may have
// to listen for it. Parent is the name of an earlier Node, or "".
type Node struct{ Name, Parent string }

// A Network is what the suite needs to know of the network under test.
type Network struct {
	// Join starts the node of that name, one of those given to open, and returns
	// its end. The suite closes it, and may then call Join again: a restart. Not
	// every name joins. Called from one goroutine.
	Join func(name string) (transport.Transport, error)
	// Cut breaks the link between two nodes until Heal. Both nil: the laws that
	// need them are skipped.
	Cut, Heal func(a, b string)
	// Landing is how many bytes a node may have received and not released before
	// its senders are held back; the last frame may exceed it. At least 4 MiB, and
	// best not much more, as the suite fills it. 0: there is no such limit, and
	// the law about it is skipped.
	Landing int64
}

// Run tests the laws, each as a subtest on a network of its own. open makes a
// network for these nodes, none of which has joined; t is the subtest, with whose
// Cleanup the network can be taken down.
func Run(t *testing.T, open func(t testing.TB, nodes []Node) Network) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			err := l.check(t, open)
			if skip, ok := errors.AsType[skipped](err); ok {
				t.Skip(skip)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A law is one test. It returns what is wrong rather than tell a testing.T, so
// that the suite can be tested itself.
type law struct {
	name  string
	nodes []Node
	test  func(ctx context.Context, s *stage) error
}

// star returns a hub with leaves.
func star(leaves ...string) []Node {
	nodes := []Node{{Name: "hub"}}
	for _, leaf := range leaves {
		nodes = append(nodes, Node{leaf, "hub"})
	}
	return nodes
}

// chain is the smallest hierarchy: mid both has a parent and is one.
var chain = []Node{{Name: "top"}, {"mid", "top"}, {"low", "mid"}}

var laws = []law{
	{"LinkedComesFirst", star("a", "b"), linkedComesFirst},
	{"WholeOnceInOrder", star("a"), wholeOnceInOrder},
	{"PartsAreOneFrame", star("a"), partsAreOneFrame},
	{"SenderKeepsItsParts", star("a"), senderKeepsItsParts},
	{"ReceiverOwnsItsFrame", star("a", "b"), receiverOwnsItsFrame},
	{"IntactUntilRelease", star("a"), intactUntilRelease},
	{"ReleaseLate", star("a", "b"), releaseLate},
	{"UnreleasedHoldsBack", star("a"), unreleasedHoldsBack},
	{"LostFramesMakeRoom", star("a"), lostFramesMakeRoom},
	{"EmptyAndLargeFrames", star("a"), emptyAndLargeFrames},
	{"UnknownPeer", star("a"), unknownPeer},
	{"AbsentPeer", star("a"), absentPeer},
	{"ConcurrentSenders", star("a", "b"), concurrentSenders},
	{"ConcurrentReceivers", star("a"), concurrentReceivers},
	{"SendDoesNotWaitForRecv", star("a"), sendDoesNotWaitForRecv},
	{"FloodBothWays", star("a"), floodBothWays},
	{"BusyPeerSilencesNobody", star("a", "b"), busyPeerSilencesNobody},
	{"FullLinkHoldsUpNobody", star("a", "b"), fullLinkHoldsUpNobody},
	{"ContextEndsRecv", star("a"), contextEndsRecv},
	{"ContextEndsSend", star("a"), contextEndsSend},
	{"CloseEndsRecv", star("a"), closeEndsRecv},
	{"CloseEndsSend", star("a", "b"), closeEndsSend},
	{"LeafRestarts", star("a", "b"), leafRestarts},
	{"HubRestarts", star("a", "b"), hubRestarts},
	{"CutAndHeal", star("a", "b"), cutAndHeal},
	{"CutsUnderTraffic", star("a"), cutsUnderTraffic},
	{"Chain", chain, chainWorks},
	{"ChainMiddleRestarts", chain, chainMiddleRestarts},
	{"ChainCut", chain, chainCut},
}

// skipped is why a law does not apply to a network.
type skipped string

func (s skipped) Error() string { return string(s) }

const (
	noCut     = skipped("the network cannot be cut")
	noRelease = skipped("the frames of this network have no Release")
	noLanding = skipped("Network.Landing is 0")
)

// check tests l on a network of its own. All ends are closed when it returns;
// if the law holds, it also wants no goroutine of theirs left.
func (l law) check(t testing.TB, open func(t testing.TB, nodes []Node) Network) error {
	net := open(t, l.nodes)
	return leavesNothing(func() (err error) {
		s := newStage(net)
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		timer := time.AfterFunc(Patience, func() {
			cancel(fmt.Errorf("gave up after %v: %s", Patience, s.pending()))
		})
		defer timer.Stop()
		defer func() {
			err = errors.Join(err, calm(ctx, func(context.Context) error { return s.close() }))
		}()
		return together(ctx, func(ctx context.Context) error { return l.test(ctx, s) })
	})
}
