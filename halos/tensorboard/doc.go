// Package tensorboard writes scalars where TensorBoard reads them.
//
// TensorBoard draws curves from event files. The folder that it is given has a folder
// for each run, and in that of a run are files with "tfevents" in their name:
//
//	tensorboard --logdir runs    # runs/gps/events.out.tfevents..., runs/eu/...
//
// [Create] begins such a file and [Writer.Scalar] adds a number with a tag, a step and a
// time. Numbers of one tag are a curve; tags with the same word before a slash are drawn
// in one group. [Writer.Observe] is for a node of a real run: it writes what the node's
// events say.
//
// # The file
//
// A file is a row of TFRecords: the length of the record, its CRC-32C, the record, its
// CRC-32C. A record is a protocol buffer message Event with a time, a step and a tag with
// its value. This package writes the few fields that it needs by hand and has no
// dependency beside the standard library.
//
// # What is guaranteed
//
//   - A record goes out in one Write. A program that dies leaves at most the last record
//     in part, and TensorBoard reads those before it.
//   - The same calls write the same bytes: nothing here reads a clock but [Create], for
//     the name of the file.
//   - A Writer may be used by several goroutines.
package tensorboard
