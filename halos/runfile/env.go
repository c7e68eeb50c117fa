package runfile

import (
	"os"
	"path/filepath"
	"strconv"
)

// An envFile is an environment file of the paper's authors.
type envFile struct {
	Regions    int         `yaml:"num_regions"`
	Bandwidths [][]float64 `yaml:"network_bandwidths"`
	Speeds     [][]float64 `yaml:"worker_speeds"`
}

// readEnv replaces t.Env, if there is one, by what is in that file. The keys of
// the file count as keys of topology, so that errors found later have a place.
func (d *decoder) readEnv(t *Topology, dir string) error {
	const path = "topology.env"
	if !d.has(path) {
		return nil
	}
	var v validator
	for _, key := range []string{"topology.network_bandwidths", "topology.worker_speeds"} {
		if d.has(key) {
			v.fail(key, "here", "it in the file of topology.env only")
			return d.locate(v.err)
		}
	}
	name := t.Env
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		v.fail(path, strconv.Quote(t.Env), "a file that can be read ("+err.Error()+")")
		return d.locate(v.err)
	}
	var env envFile
	in := newDecoder(name, nil)
	if err := in.parse(text, &env, ""); err != nil {
		return err
	}
	if err := in.firstMissing(); err != nil {
		return err
	}
	if env.Regions != len(env.Bandwidths) {
		v.fail("num_regions", strconv.Itoa(env.Regions), strconv.Itoa(len(env.Bandwidths))+", the rows of network_bandwidths")
		return in.locate(v.err)
	}
	for key, place := range in.places {
		d.places["topology."+key] = place
	}
	t.Bandwidths, t.Speeds, t.Env = env.Bandwidths, env.Speeds, ""
	return nil
}
