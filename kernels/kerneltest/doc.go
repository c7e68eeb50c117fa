// Package kerneltest is the test suite that every [kernels.Backend] must pass:
//
//	func TestLaws(t *testing.T) {
//		kerneltest.Run(t, kerneltest.Exact, func(t testing.TB) kernels.Backend {
//			b, err := mygpu.Open()
//			if err != nil {
//				t.Skip(err)
//			}
//			return b
//		})
//	}
//
// It also has a Backend for the tests of code that uses one, [Untouchable], in whose
// memory nobody can read or write an element.
//
// # The laws
//
// Every operand of a test is there twice: where the Backend under test gets it, and in
// ordinary memory, where [kernels.CPU] does the same. Then the two are compared, those
// that should not have changed too, with some elements before and behind them.
//
// Every Op does what it does on the CPU: on vectors of many lengths, on slices that
// begin at any element, with operands in ordinary memory or packed in any Form, with
// infinities and NaNs, and where results may take the place of an operand. Encode, Dot
// and Finite do too. Ordinary memory is lent: the suite overwrites it when a call has
// returned, and reads results in it at once. Work on a vector is done in the order of
// the calls, however many there are. A Snapshot is what was there before later calls,
// until it is released. Means and norms of large elements do not overflow. Make gives
// zeros, also in memory that was recycled while work on it was queued. Vectors of
// different lengths cause a panic, and nothing has changed then. The functions of package kernels find the Backend by address.
// Goroutines with vectors of their own do not disturb each other: run the suite with
// -race too. Err stays nil, and Close may be called twice.
//
// A Backend must have room for two Snapshots; no goroutine of the suite holds more at a
// time. Vectors take a few megabytes. With -short they are shorter. The suite cannot make
// a device fail: test besides what the Backend does then.
package kerneltest
