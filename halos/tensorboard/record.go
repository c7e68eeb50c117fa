package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// header is the bytes of a TFRecord before its data: the length and its checksum.
const header = 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// begin returns the memory of an earlier record with room for a header.
func begin(earlier []byte) []byte {
	return append(earlier[:0], make([]byte, header)...)
}

// finish makes a TFRecord of data behind room for the header.
func finish(record []byte) []byte {
	data := record[header:]
	binary.LittleEndian.PutUint64(record, uint64(len(data)))
	binary.LittleEndian.PutUint32(record[8:], masked(record[:8]))
	return binary.LittleEndian.AppendUint32(record, masked(data))
}

// masked is the CRC-32C of b, changed so that a checksum over bytes which contain
// checksums is still good (tensorflow/core/lib/hash/crc32c.h).
func masked(b []byte) uint32 {
	crc := crc32.Checksum(b, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// The fields of the messages in tensorflow/core/util/event.proto and
// tensorflow/core/framework/summary.proto that this package writes.
const (
	eventTime    = 1 // double wall_time, in seconds since 1970
	eventStep    = 2 // int64
	eventVersion = 3 // string file_version
	eventSummary = 5 // Summary

	summaryValue = 1 // repeated Summary.Value

	valueTag    = 1 // string
	valueSimple = 2 // float simple_value
)

// The wire types of protocol buffers.
const (
	varint  = 0
	fixed64 = 1
	length  = 2
	fixed32 = 5
)

// appendScalar appends an Event with one scalar.
func appendScalar(b []byte, tag string, step uint64, at time.Time, value float64) []byte {
	b = appendTime(b, at)
	b = binary.AppendUvarint(append(b, eventStep<<3|varint), step)
	inner := 1 + uvarintLen(len(tag)) + len(tag) + 1 + 4
	b = binary.AppendUvarint(append(b, eventSummary<<3|length), uint64(1+uvarintLen(inner)+inner))
	b = binary.AppendUvarint(append(b, summaryValue<<3|length), uint64(inner))
	b = appendString(b, valueTag, tag)
	return binary.LittleEndian.AppendUint32(append(b, valueSimple<<3|fixed32), math.Float32bits(float32(value)))
}

func appendTime(b []byte, at time.Time) []byte {
	seconds := float64(at.Unix()) + float64(at.Nanosecond())/1e9
	return binary.LittleEndian.AppendUint64(append(b, eventTime<<3|fixed64), math.Float64bits(seconds))
}

func appendString(b []byte, field byte, s string) []byte {
	return append(binary.AppendUvarint(append(b, field<<3|length), uint64(len(s))), s...)
}

// uvarintLen is the bytes of n as a varint.
func uvarintLen(n int) int {
	return len(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64), uint64(n)))
}
