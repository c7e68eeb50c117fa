package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/halos-go/sdk/kernels/internal/isa"
)

// A machine is where and of what the measurement was made. What the system does
// not say is empty.
type machine struct {
	Date       string   `json:"date"` // RFC 3339
	Commit     string   `json:"commit,omitempty"`
	Go         string   `json:"go"`
	System     string   `json:"system"`
	CPU        string   `json:"cpu,omitempty"`
	Levels     []string `json:"levels"` // instruction sets with kernels, the best last
	Cores      int      `json:"cores"`
	GOMAXPROCS int      `json:"gomaxprocs"`
	Caches     []string `json:"caches,omitempty"` // of the first core
	Memory     string   `json:"memory,omitempty"`
	HugePages  string   `json:"huge_pages,omitempty"` // transparent ones: always, madvise or never
}

func thisMachine(now time.Time) machine {
	m := machine{
		Date:       now.UTC().Format(time.RFC3339),
		Commit:     commit(),
		Go:         runtime.Version(),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		CPU:        field("/proc/cpuinfo", "model name"),
		Cores:      runtime.NumCPU(),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		Caches:     caches(),
		Memory:     field("/proc/meminfo", "MemTotal"),
		HugePages:  chosen("/sys/kernel/mm/transparent_hugepage/enabled"),
	}
	for _, l := range isa.All() {
		m.Levels = append(m.Levels, l.String())
	}
	return m
}

// field is the value of the first line "key : value" of a file, or empty.
func field(file, key string) string {
	text, _ := os.ReadFile(file) // not there: empty
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// chosen is the word in brackets in a file, or empty.
func chosen(file string) string {
	text, _ := os.ReadFile(file)
	_, rest, _ := strings.Cut(string(text), "[")
	word, _, _ := strings.Cut(rest, "]")
	return word
}

func caches() (all []string) {
	dirs, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*") // none: empty
	for _, dir := range dirs {
		read := func(name string) string {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			return strings.TrimSpace(string(text))
		}
		if read("type") != "Instruction" {
			all = append(all, fmt.Sprintf("L%s %s", read("level"), read("size")))
		}
	}
	return all
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
