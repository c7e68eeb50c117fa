package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/halos-go/sdk/halos/runfile"
)

// A comparison is everything that compare found: the JSON it writes.
type comparison struct {
	Date   string `json:"date"` // RFC 3339
	Go     string `json:"go"`
	System string `json:"system"`
	Cores  int    `json:"cores"`
	Commit string `json:"commit,omitempty"` // of this program
	Data   string `json:"data,omitempty"`   // -data
	Seeds  int    `json:"seeds"`            // asked for
	Seed   uint64 `json:"seed"`             // the first

	Base   string   `json:"base"`             // the method to which all are compared
	Target *float64 `json:"target,omitempty"` // --target

	Methods []methodRecord `json:"methods"`
	Table   []row          `json:"table"`
	Runs    []record       `json:"runs"`
}

// A methodRecord is a run file as it was used, but for its seed.
type methodRecord struct {
	Name      string         `json:"name"`
	Reference bool           `json:"reference,omitempty"` // made for --references
	File      string         `json:"file"`
	Config    runfile.Config `json:"config"`
}

func newComparison(methods []method, now time.Time) comparison {
	c := comparison{
		Date:   now.UTC().Format(time.RFC3339),
		Go:     runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH,
		Cores:  runtime.NumCPU(),
		Commit: commit(),
	}
	for _, m := range methods {
		c.Methods = append(c.Methods, methodRecord{m.name, m.reference, m.file, m.cfg})
	}
	return c
}

func (c comparison) write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(c)
}

// commit is the version of this program's source: what the build knows, or else
// what git says of the folder it was built from, as with go run.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return ""
	}
	out, err := exec.Command("git", "-C", filepath.Dir(file), "rev-parse", "--verify", "-q", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
