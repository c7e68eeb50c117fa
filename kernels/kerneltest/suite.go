package kerneltest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/halos-go/sdk/kernels"
)

// Precision is how near the results of a Backend must be to those of [kernels.CPU].
type Precision uint8

const (
	// Exact results have the same bits; a NaN may be any NaN.
	Exact Precision = iota

	// Rounded results may differ from what they are in float64 by 4*2^-24 times the sum
	// of the absolute values of the terms that an element is the sum of. A term that is a
	// result itself, as the momentum is, counts twice, and so does AdamW's quotient. That
	// is for libraries that fuse products with sums, or sum in an order of their own.
	// Operands are finite and not denormal, but those of [kernels.Clip], which must not hide
	// what is not finite. What is only copied, encoded or decoded is
	// exact. Differences are rounded before they are encoded, as by [kernels.EncodeDelta].
	Rounded
)

// Run tests the laws, each as a subtest on a Backend of its own. open makes one; t is
// the subtest, with whose Skip it can say that there is no such device here. Run closes
// the Backend.
func Run(t *testing.T, p Precision, open func(t testing.TB) kernels.Backend) {
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			if l.exact && p != Exact {
				t.Skip("results are rounded")
			}
			if err := l.check(p, open(t), testing.Short()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A law is one test. It returns what is wrong rather than tell a testing.T, so that
// the suite can be tested itself.
type law struct {
	name  string
	test  func(s *stage) error
	exact bool // for Exact only
}

var laws = []law{
	{name: "MakeGivesZeros", test: makeGivesZeros},
	{name: "RecycleWithWork", test: recycleWithWork},
	{name: "VectorsAreFound", test: vectorsAreFound},
	{name: "OpsOnVectors", test: opsOnVectors},
	{name: "OpsOnSlices", test: opsOnSlices},
	{name: "OperandsInMemory", test: operandsInMemory},
	{name: "ResultsInMemory", test: resultsInMemory},
	{name: "ResultsInPlace", test: resultsInPlace},
	{name: "SpecialNumbers", test: specialNumbers, exact: true},
	{name: "PackedOperands", test: packedOperands},
	{name: "Decode", test: decode},
	{name: "Encode", test: encode},
	{name: "EncodeDelta", test: encodeDelta},
	{name: "Range", test: ranges},
	{name: "Dot", test: dot},
	{name: "Finite", test: finite},
	{name: "ClipNotFinite", test: clipNotFinite},
	{name: "Functions", test: functions},
	{name: "NoElements", test: noElements},
	{name: "LengthsThatDiffer", test: lengthsThatDiffer},
	{name: "OrderOfCalls", test: orderOfCalls},
	{name: "Snapshots", test: snapshots},
	{name: "SnapshotsEnd", test: snapshotsEnd},
	{name: "SnapshotsBesideCalls", test: snapshotsBesideCalls},
	{name: "Goroutines", test: goroutines},
	{name: "CloseWithWork", test: closeWithWork},
}

// check tests l on b and closes b.
func (l law) check(p Precision, b kernels.Backend, short bool) error {
	err := l.test(newStage(p, b, short, 1))
	if err == nil && b.Err() != nil {
		err = fmt.Errorf("it has failed: Err returned %w", b.Err())
	}
	for _, which := range []string{"", "second "} {
		if e := b.Close(); e != nil {
			err = errors.Join(err, fmt.Errorf("the %sClose returned %w", which, e))
		}
	}
	return err
}
