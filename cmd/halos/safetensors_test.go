package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/halos-go/sdk/optim"
)

func TestSafetensorsByteByByte(t *testing.T) {
	layout := optim.Layout{Segments: []optim.Segment{{Name: `a "b"`, Shape: []int{1, 2}}, {Name: "scalar"}}}
	var b bytes.Buffer
	if err := writeSafetensors(&b, layout, []float32{1, -2, float32(math.Inf(1))}, map[string]string{"seed": "3"}); err != nil {
		t.Fatal(err)
	}
	header := `{"__metadata__":{"seed":"3"},"a \"b\"":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},` +
		`"scalar":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	want := string([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}) + header +
		"\x00\x00\x80\x3f" + "\x00\x00\x00\xc0" + "\x00\x00\x80\x7f"
	if got := b.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestSafetensorsErrors(t *testing.T) {
	layout := optim.Layout{Segments: []optim.Segment{{Name: "__metadata__"}}}
	if err := writeSafetensors(new(bytes.Buffer), layout, []float32{1}, nil); err == nil {
		t.Error("a tensor took the name of the metadata")
	}
	layout.Segments[0] = optim.Segment{Name: "x", Shape: []int{100000}}
	for n := range 3 {
		if err := writeSafetensors(&full{after: n}, layout, make([]float32, 100000), nil); !errors.Is(err, errFull) {
			t.Errorf("after %d writes: %v", n, err)
		}
	}
}

var errFull = errors.New("full")

type full struct{ after int }

func (f *full) Write(b []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// The model file has the model of the result, also of a run that diverged.
func TestSimModel(t *testing.T) {
	for name, run := range map[string]string{"budget": runFileWith(t), "diverged": runFileWith(t, "lr: 0.01", "lr: 1e9")} {
		dir := t.TempDir()
		model, file := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "r")
		_, _, _ = command(t, "sim", run, "--model", model, "--result", file)
		res := readResult(t, file)
		text, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		n := binary.LittleEndian.Uint64(text)
		var header struct {
			Metadata map[string]string `json:"__metadata__"`
			Theta    struct {
				Dtype   string
				Shape   []int
				Offsets []int `json:"data_offsets"`
			}
		}
		if err := json.Unmarshal(text[8:8+n], &header); err != nil {
			t.Fatal(err)
		}
		if m := header.Metadata; m["seed"] != "3" || m["steps"] != strconv.FormatUint(res.Steps, 10) || m["end"] != name || m["time_ms"] != exact(res.TimeMS) {
			t.Errorf("metadata %v: want those of %+v", m, res)
		}
		if th := header.Theta; th.Dtype != "F32" || !reflect.DeepEqual(th.Shape, []int{1, 4}) || !reflect.DeepEqual(th.Offsets, []int{0, 16}) || len(text) != int(8+n+16) {
			t.Errorf("theta %+v in %d bytes", th, len(text))
		}
		for i, want := range res.Theta {
			bits := binary.LittleEndian.Uint32(text[8+int(n)+4*i:])
			if got := math.Float32frombits(bits); got != float32(want) {
				t.Errorf("theta[%d] is %v, want %v", i, got, want)
			}
		}
	}
	code, out, _ := command(t, "sim", runFileWith(t), "--model", "-")
	if n := binary.LittleEndian.Uint64([]byte(out)); code != 0 || len(out) != int(8+n+16) {
		t.Errorf("status %d, %d bytes on standard output: want the model alone", code, len(out))
	}
}
