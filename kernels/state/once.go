package state

import "fmt"

// Once makes a plug ready one time only. A plug that remembers holds one and does in it
// what its Init changes:
//
//	func (x *Plug) Init(b kernels.Backend, n int) error {
//		return x.once.Do("mypackage: Plug", func() error { return state.Make(b, n, &x.v) })
//	}
//
// Two servers that share a plug would mix their states; so the second is told. The zero
// value is ready.
type Once struct{ done bool }

// Do calls init, and returns its error. After a call without error it calls init no more
// and returns an error that begins with plug. After a call with an error the plug may be
// made ready again.
func (o *Once) Do(plug string, init func() error) error {
	if o.done {
		return fmt.Errorf("%s is in use already: want a new one for each server; read its state after the server is made", plug)
	}
	err := init()
	o.done = err == nil
	return err
}
