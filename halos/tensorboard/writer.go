package tensorboard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Writer writes one event file. After the first error it writes nothing more, and
// [Writer.Err] and [Writer.Close] return that error.
type Writer struct {
	mu     sync.Mutex // guards what follows
	w      io.Writer
	closer io.Closer // of what Create has opened; nil: the file is somebody else's
	record []byte    // the last one, for its memory
	err    error
}

var errClosed = errors.New("tensorboard: the file is closed")

// Create begins a new event file in the folder dir, which it makes if it is not there.
// Each scalar is in the file when Scalar returns. Close the Writer when done.
func Create(dir string) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	now := time.Now()
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	// TensorBoard reads the files of a folder in the order of their names.
	name := fmt.Sprintf("events.out.tfevents.%010d.%s.%d.%d", now.Unix(), host, os.Getpid(), now.Nanosecond())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("tensorboard: %w", err)
	}
	w := NewWriter(f, now)
	w.closer = f
	return w, nil
}

// NewWriter begins an event file on w, which the caller closes. Each record is one Write
// of about 60 bytes, so a [bufio.Writer] pays for tens of thousands of scalars a second.
// began is the time of the first record, which has no scalar; one that is later than
// those of the scalars moves TensorBoard's origin of relative time.
func NewWriter(w io.Writer, began time.Time) *Writer {
	t := &Writer{w: w}
	t.write(appendString(appendTime(begin(nil), began), eventVersion, "brain.Event:2"))
	return t
}

// Scalar adds a point to the curve with that tag. TensorBoard keeps value as a float32.
// at is the time of the point, which may be a simulated one.
func (w *Writer) Scalar(tag string, step uint64, at time.Time, value float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(appendScalar(begin(w.record), tag, step, at, value))
}

// write finishes a record and writes it.
func (w *Writer) write(record []byte) {
	w.record = finish(record)
	if w.err != nil {
		return
	}
	if _, err := w.w.Write(w.record); err != nil {
		w.err = fmt.Errorf("tensorboard: %w", err)
	}
}

// Err returns the first error.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close closes the file, if [Create] made it, and returns the first error. Scalars
// after it are not written.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	if w.closer != nil {
		if e := w.closer.Close(); err == nil && e != nil {
			err = fmt.Errorf("tensorboard: %w", e)
		}
		w.closer = nil
	}
	if w.err == nil {
		w.err = errClosed
	}
	return err
}
