package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

type initCmd struct {
	File path `arg:"" optional:"" default:"run.yaml" name:"file" help:"The file to write, run.yaml if none is named; - is standard output. A file that is there stays."`
}

// firstRunFile is the run file of halos init.
//
//go:embed init.yaml
var firstRunFile []byte

// Run writes it.
func (c initCmd) Run(s streams) error {
	if c.File == "-" {
		_, err := s.out.Write(firstRunFile)
		return err
	}
	file := string(c.File)
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s is there already: want the name of a new file", file)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := s.files.create(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer f.discard()
	_, _ = f.Write(firstRunFile) // commit says if it failed
	if err := f.commit(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	fmt.Fprintf(s.err, "halos: %s is written; try: halos sim %s\n", file, file)
	return nil
}
