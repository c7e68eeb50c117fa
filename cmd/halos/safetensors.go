package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/halos-go/sdk/optim"
)

// writeSafetensors writes a model in the format safetensors
// (https://github.com/huggingface/safetensors): 8 bytes with the length of the header,
// the header, which is JSON with the type, shape and place of each tensor, and the
// tensors. All numbers are little-endian. metadata is words for whoever reads it.
func writeSafetensors(w io.Writer, layout optim.Layout, params []float32, metadata map[string]string) error {
	head, err := safetensorsHeader(layout, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	piece := make([]byte, 0, 1<<16)
	for len(params) > 0 {
		n := min(len(params), cap(piece)/4)
		piece = piece[:0]
		for _, x := range params[:n] {
			piece = binary.LittleEndian.AppendUint32(piece, math.Float32bits(x))
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		params = params[n:]
	}
	return nil
}

// safetensorsHeader returns the length and the header, with the tensors in their order.
// Spaces behind it let the tensors begin at a multiple of 8.
func safetensorsHeader(layout optim.Layout, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	words, err := json.Marshal(metadata)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, `{"__metadata__":%s`, words)
	for at, s := range layout.All() {
		if s.Name == "__metadata__" {
			return nil, fmt.Errorf("a tensor is called %s: want another name in this format", s.Name)
		}
		name, err := json.Marshal(s.Name)
		if err != nil {
			return nil, err
		}
		shape, err := json.Marshal(append([]int{}, s.Shape...)) // [] and not null for a scalar
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `,%s:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, name, shape, 4*at, 4*(at+s.Len()))
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}
