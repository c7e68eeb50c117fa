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
// ordinary memory, where [kernels.CPU] does the same. Then all of it is compared, what
// should not have changed too, and some elements before and behind it.
//
// Every Op does what it does on the CPU: on vectors of many lengths, on slices that
// begin at any element, with operands in ordinary memory or packed in any Form, with
// infinities and NaNs, and where results may take the place of an operand. Encode, Dot
// and Finite do too. Ordinary memory is lent: the suite overwrites it when a call has
// returned, and reads results in it at once. Work on a vector is done in the order of
// the calls, however many there are. A Snapshot is what was there before later calls,
// until it is released. Means and norms of large elements do not overflow.
// Make gives zeros, and what is recycled is done with. Lengths that differ panic, and
// nothing has changed. The functions of package kernels find the Backend by address.
// Goroutines with vectors of their own do not disturb each other: run the suite with
// -race too. Err stays nil, and Close may be called twice.
//
// A Backend must have room for two Snapshots: more than that no goroutine of the suite
// holds at a time. Vectors take a few megabytes. With -short they are shorter. That a
// device is lost the suite cannot cause: test beside it how the Backend fails then.
package kerneltest
