package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// maxTheta is the most parameters of a model that is written into a result file.
const maxTheta = 4096

// A Result is what is left of a run.
type Result struct {
	TimeMS   float64     // simulated time of the last global update, in milliseconds
	Steps    uint64      // local steps counted
	Loss     float64     // held-out loss of the global model at the end; NaN if the run ended early and it was not evaluated there
	Updates  uint64      // worker updates applied by the servers nearest to the workers
	Reached  uint64      // those of them that are in the global model
	Theta    []float32   // the global model; in JSON only up to 4096 parameters
	LPSTheta [][]float32 // the model of each LPS, by its number in the trace, likewise; nil without LPSs
}

// MarshalJSON encodes r as a result file:
//
//	{"time_ms":..., "steps":..., "loss":..., "updates":..., "reached":..., "theta":[...], "lps_theta":[[...],...]}
//
// A number that is not finite, as in a run that diverged, is null: JSON has no
// word for it. The result file of halos sim has these keys and more.
func (r Result) MarshalJSON() ([]byte, error) {
	b := appendFloat([]byte(`{"time_ms":`), r.TimeMS, 64)
	b = strconv.AppendUint(append(b, `,"steps":`...), r.Steps, 10)
	b = appendFloat(append(b, `,"loss":`...), r.Loss, 64)
	b = strconv.AppendUint(append(b, `,"updates":`...), r.Updates, 10)
	b = strconv.AppendUint(append(b, `,"reached":`...), r.Reached, 10)
	if len(r.Theta) <= maxTheta {
		b = appendVector(append(b, `,"theta":`...), r.Theta)
	}
	if len(r.Theta) <= maxTheta && r.LPSTheta != nil {
		b = append(b, `,"lps_theta":[`...)
		for i, v := range r.LPSTheta {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendVector(b, v)
		}
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

// WriteFile writes r as JSON to the file path, whole or not at all: to a new
// file beside it, which then takes its name. What is at path and is no regular
// file, such as a device or a pipe, is written to instead of being replaced.
func (r Result) WriteFile(path string) error {
	b, _ := r.MarshalJSON()
	if err := writeFile(path, append(b, '\n')); err != nil {
		return fmt.Errorf("sim: result: %w", err)
	}
	return nil
}

func writeFile(path string, b []byte) error {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to // replace what a link points to, not the link
	}
	if s, err := os.Stat(path); err == nil && !s.Mode().IsRegular() {
		return os.WriteFile(path, b, 0o666)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	for _, do := range []func() error{f.Sync, func() error { return f.Chmod(0o644) }, f.Close} {
		if e := do(); err == nil {
			err = e
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func appendVector(b []byte, v []float32) []byte {
	b = append(b, '[')
	for i, x := range v {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat(b, float64(x), 32)
	}
	return append(b, ']')
}
