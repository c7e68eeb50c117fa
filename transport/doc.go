// Package transport moves opaque frames between named nodes. It knows nothing
// of models, updates or HALoS: whoever has a network of his own implements
// [Transport], three methods, and proves it with package transporttest.
//
// # The contract
//
// A link between two nodes is up or down. While it is up, the frames sent on it
// arrive whole, once and in order. When it breaks, frames on the way may be
// lost, and nobody says which. When it is up, for the first time or again, both
// ends receive an [Event] with Linked set before any later frame.
//
// The sender of a frame passes its parts, as a header of its own before a vector
// that several peers get; they may change when Send has returned. The receiver
// has the frame on loan: it calls [Event].Release when nobody reads the frame any
// more, and the transport lands another one there. Landing in new memory costs
// several times the copy, so a transport reuses what it can. What is not released
// counts against the landing memory of its node, which is bounded: a node that is
// slow holds its senders back.
//
// Linked replaces timers. A node that waits for an answer repeats its
// request when it hears Linked, and never otherwise: [ErrUnreachable] is no
// reason to try again, because Linked follows when there is one.
//
// # A network in one process
//
// [Mem] is such a network inside one process, for tests, simulations and single
// machines. It can be cut and healed, and it is no kinder than a wire: memory is
// never shared between sender and receiver, and queues and landing memory are
// bounded.
//
// # Decorators
//
// Each wraps a Transport and is one itself, so they stack:
//
//	Shape      latency and bandwidth per peer      keeps the contract
//	Lossy      loses frames, each with its link    keeps the contract
//	Meter      counts frames and bytes per peer    keeps the contract
//	Ordered    fails when the contract is broken   keeps the contract
//	Duplicate  delivers frames twice               breaks it, on purpose
//
// They pass parts and Release through and copy no frame. A decorator that lacks
// what it needs, as its Transport, says so in an error of each call. None of them
// starts a goroutine. All work under the fake clock of
// testing/synctest.
package transport
