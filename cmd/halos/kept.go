package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// readKept reads the rows of the CSV at path that an earlier run has left in --out; none
// if it is not there. Its header must be columns, which are those of what the error names.
func readKept(path string, columns []string, of string) ([][]string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	rows, err := csv.NewReader(f).ReadAll()
	if err == nil && (len(rows) == 0 || !slices.Equal(rows[0], columns)) {
		err = errors.New("its columns are not those of " + of)
	}
	if err != nil {
		return nil, unfitTable(path, err)
	}
	return rows[1:], nil
}

// unfitTable is the error of a table that cannot be gone on from.
func unfitTable(path string, err error) error {
	return fmt.Errorf("--out: %s: %w; choose another folder for --out", path, err)
}
