// Package transporttest is the test suite that every [transport.Transport] must
// pass, in memory or over sockets:
//
//	func TestLaws(t *testing.T) {
//		transporttest.Run(t, func(t testing.TB, nodes []transporttest.Node) transporttest.Network {
//			return transporttest.Network{Join: ...}
//		})
//	}
//
// The networks of the suite are trees: each [Node] talks to its parent, to which
// it speaks first, and to its children, as the nodes of a run do. So a transport
// in which only the child can dial passes. Most networks are stars: "hub" with one
// leaf or two. One is a chain: "top", "mid" and "low"; mid both dials and listens.
//
// # The laws
//
// While a link is up, frames arrive whole, once and in order, of any size from
// none to 64 MiB (8 MiB with -short), sent in one part, in thousands or in none;
// Linked comes first at both ends. The sender may overwrite the parts when Send
// has returned, the receiver all of the Frame's capacity. A frame is intact until
// its Release, which may come late: from another goroutine, when the link has
// ended, after Close. Send does not wait for the peer's Recv: both ends may send
// some frames, of up to 1 MiB, before either receives. Frames that are not released
// hold the sender back at Network.Landing bytes, and their Release lets it go on;
// frames that are lost with their link do not count.
// Send to a node that does not exist, or is not there, returns
// ErrUnreachable, and when it is there Linked comes without another Send, also
// after it has gone away and joined again. A full link holds up no other link,
// and a busy peer silences no other peer. An ended context ends a waiting Send
// or Recv with its cause, and is noticed by those that begin after it; if a Send
// given up breaks the link, Linked follows. Close ends them with ErrClosed, may
// be called again, and leaves no goroutine behind.
//
// After each break, frames may be missing only if Linked came before the next.
// The two links of the node in the middle of a chain know nothing of each other.
//
// # Time
//
// The suite waits for events, never for time to pass, and gives up when one law
// has taken [Patience]; the failure says who was waiting for what. A transport
// that panics in a call fails the law. The one exception: a link counts as full when Send has
// not returned for a tenth of a second; if that was too short the law is tested
// less sharply, and nothing fails. So is it found out that no more frames come. A network that redials should do so within
// milliseconds, or the suite takes long.
package transporttest
