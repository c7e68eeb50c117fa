package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// again draws the figures of an earlier compare again and prints its tables: what --from
// asks for. Nothing runs, and neither points.csv nor compare.json changes.
func (c compareCmd) again(s streams) error {
	file := string(c.From)
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "compare.json")
	}
	found, err := readComparison(file)
	if err != nil {
		return usageError{fmt.Errorf("--from: %w", err)}
	}
	out := string(c.Out)
	if out == "" {
		out = filepath.Dir(file)
	}
	undo, err := s.files.prepare(out, comparisonFigures)
	if err != nil {
		return err
	}
	defer undo()
	if err := found.draw(s.files, out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintln(s.err, "halos: figures are in "+out)
	return found.print(s.out)
}

// readComparison reads a compare.json. Its table is made again from its runs.
func readComparison(file string) (comparison, error) {
	var c comparison
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	if len(c.Methods) == 0 || len(c.Runs) == 0 {
		return c, fmt.Errorf("%s: it has no methods or no runs: want what halos compare wrote", file)
	}
	methods := make([]method, len(c.Methods))
	for i, m := range c.Methods {
		methods[i] = method{name: m.Name, reference: m.Reference, file: m.File, cfg: m.Config}
	}
	c.Table = summarize(methods, c.Base, c.Runs)
	return c, nil
}
